import { execFileSync, spawn } from 'node:child_process';
import { chmod, mkdir, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { launchInSandbox, launchProblem, sandboxCommand } from '../../../../src/providers/local/sandbox/launch.ts';
import { findProcesses } from '../../../../src/providers/local/sandbox/processes.ts';
import { findServer } from '../../../../src/providers/local/postgres/server-binaries.ts';
import { type Place, cannot, eventually, newPlace, outcomeOf } from './sandboxed.ts';

const LAUNCH = fileURLToPath(new URL('../../../../dist/providers/local/sandbox/launch.js', import.meta.url));

let place: Place;
beforeEach(async () => (place = await newPlace()));
afterEach(async () => place.remove());

function inL2(command: readonly string[], given: { readOnly?: string[]; writable?: string[] } = {}) {
  const { readOnly, writable, scratch } = place;
  return outcomeOf({ level: 'L2', readOnly: [readOnly], writable: [writable], scratch, command, ...given });
}

function sh(script: string): readonly string[] {
  return ['sh', '-c', script];
}

describe.skipIf(cannot.L2)('at L2', () => {
  test('what was given lies at its own path, and writable is writable, on the host too', async () => {
    await writeFile(join(place.readOnly, 'file'), 'given');
    const { stdout, code } = await inL2(
      sh(`cat '${quoted(join(place.readOnly, 'file'))}'; echo made >'${quoted(place.writable)}/new'`),
    );
    expect([code, stdout]).toEqual([0, 'given']);
    expect(await readFile(join(place.writable, 'new'), 'utf8')).toBe('made\n');
  });

  test('nothing that was given to read can be written, nor the system, nor the root', async () => {
    const folders = [place.readOnly, '/usr', '/', '/etc', '/proc/sys/kernel'];
    const { stdout } = await inL2(
      sh(folders.map((one) => `touch '${quoted(one)}/x' 2>/dev/null && echo '${quoted(one)}';`).join('') + 'true'),
    );
    expect(stdout).toBe('');
    const { code } = await inL2(sh(': >>/proc/sys/kernel/core_pattern'));
    expect(code).not.toBe(0);
  });

  test('no other folder of the host is in sight, nor any other process', async () => {
    const { stdout } = await inL2(sh('ls /; echo -; ls /proc | grep "^[0-9]"'));
    const [root = '', processes = ''] = stdout.split('-\n');
    const allowed = ['bin', 'dev', 'etc', 'lib', 'lib32', 'lib64', 'libx32', 'proc', 'sbin', 'tmp', 'usr'];
    expect(
      root
        .trim()
        .split('\n')
        .filter((name) => !allowed.includes(name)),
    ).toEqual([place.folder.split('/')[1]].filter((name) => !allowed.includes(name ?? '')));
    expect(
      processes
        .trim()
        .split('\n')
        .map(Number)
        .every((pid) => pid < 100),
    ).toBe(true);
  });

  test('it runs as an ordinary user of its own without any capability', async () => {
    const { stdout } = await inL2(sh('id -u; id -un; grep CapEff /proc/self/status'));
    expect(stdout.trim().split(/\s+/)).toEqual(['65534', 'drillbook', 'CapEff:', '0000000000000000']);
  });

  test('a folder in a read-only one can be writable, and the folder it is built in may lie in one that was given', async () => {
    const inner = join(place.readOnly, 'inner');
    await mkdir(inner);
    const { code, stdout } = await inL2(sh(`touch '${quoted(inner)}/x' && ls '${quoted(place.folder)}'`), {
      readOnly: [place.folder],
      writable: [inner],
    });
    expect([code, stdout.trim().split('\n').sort()]).toEqual([0, ['read only', 'scratch', 'writable']]);
  });

  test('a path that leads over a symbolic link, and a single file, can be given', async () => {
    await writeFile(join(place.readOnly, 'file'), 'given');
    await symlink(place.readOnly, join(place.folder, 'link'));
    const file = join(place.folder, 'link', 'file');
    const { stdout } = await inL2(['cat', file], { readOnly: [file] });
    expect(stdout).toBe('given');
  });

  test('no mount is left on the host', async () => {
    await inL2(['true']);
    expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain('scratch');
  });

  test('a real PostgreSQL is initialised and answers on the socket that the host reaches', async () => {
    const server = await findServer({ major: 18 });
    if (server.kind === 'missing') throw new Error(server.problem.message);
    const data = join(place.writable, 'data');
    const { scratch } = place;
    const common = { level: 'L2', readOnly: server.readOnlyPaths, writable: [place.writable], scratch } as const;
    const made = await outcomeOf({
      ...common,
      command: [join(server.binDir, 'initdb'), '-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '--locale=C'],
    });
    expect(made).toMatchObject({ code: 0 });
    expect((await stat(data)).uid).toBe(process.getuid?.());
    const settings = ['listen_addresses=', `unix_socket_directories="${place.writable}"`];
    const child = launchInSandbox({
      ...common,
      command: [join(server.binDir, 'postgres'), '-D', data, ...settings.flatMap((one) => ['-c', one])],
      env: {},
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    try {
      const client = await eventually('the server', async () => connected(place.writable));
      const { rows } = await client.query<{ n: number }>(
        'select count(*)::int as n from pg_class, generate_series(1, 3)',
      );
      expect(rows[0]?.n).toBeGreaterThan(1_000);
      await client.end();
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
    await eventually('its end', async () => ((await findProcesses(data)).length === 0 ? true : undefined));
  });
});

describe.each(['L1', 'L2'] as const)('at %s', (level) => {
  test.skipIf(cannot[level])(
    'only a loopback is there, and nothing of it is left when its launcher is killed',
    async () => {
      const marker = join(place.writable, 'marker');
      const command = ['node', '-e', 'setInterval(() => {}, 1000)', marker];
      const launch = {
        level,
        readOnly: [],
        writable: [place.writable],
        scratch: place.scratch,
        command,
        env: {},
        stdio: 'ignore',
      };
      const code = `import(${JSON.stringify(LAUNCH)}).then((it) => it.launchInSandbox(${JSON.stringify(launch)}))`;
      const launcher = spawn(process.execPath, ['-e', `${code}; setInterval(() => {}, 1000)`], { stdio: 'ignore' });
      await eventually('the sandbox', async () =>
        (await findProcesses(marker)).some((one) => one.command.startsWith('node -e')) ? true : undefined,
      );
      launcher.kill('SIGKILL');
      await eventually('its end', async () => ((await findProcesses(marker)).length === 0 ? true : undefined));
      const { stdout } = await outcomeOf({
        ...place,
        readOnly: [],
        writable: [],
        level,
        command: sh('tail -n +3 /proc/net/dev'),
      });
      expect(stdout.trim()).toMatch(/^lo:.*$/);
    },
  );
});

test.skipIf(process.platform !== 'linux').each(['L0', 'L1', 'L2'] as const)(
  'at %s a command whose launcher is gone before it could set the signal that ends it with its launcher does not run',
  async (level) => {
    const { readOnly, writable, scratch } = place;
    const command = ['touch', join(writable, 'ran')];
    const launched = sandboxCommand({ level, readOnly: [readOnly], writable: [writable], scratch, command });
    // Another parent than the launcher, as an orphan has.
    const code = execFileSync('sh', ['-c', '"$@"; echo "$?"', 'sh', ...launched], { cwd: '/', encoding: 'utf8' });
    expect([code, await readdir(writable)]).toEqual(['1\n', []]);
  },
);

test('at L0 the command runs as an ordinary user', async () => {
  await chmod(place.folder, 0o711);
  await writeFile(join(place.writable, 'file'), '');
  const { readOnly, writable, scratch } = place;
  const { stdout } = await outcomeOf({
    level: 'L0',
    readOnly: [readOnly],
    writable: [writable],
    scratch,
    command: sh(`id -u; touch '${quoted(writable)}/x' '${quoted(writable)}/file' && echo ok`),
  });
  expect(stdout).toBe(`${process.getuid?.() === 0 ? 65534 : process.getuid?.()}\nok\n`);
});

test.skipIf(process.getuid?.() !== 0)('root at L0 is told which folder its other user cannot enter', () => {
  const { readOnly, writable, scratch } = place;
  const launch = { level: 'L0', readOnly: [readOnly], writable: [writable], scratch, command: ['true'] } as const;
  expect(launchProblem(launch)).toMatchObject({
    code: 'sandbox/root-cannot-drop',
    message: expect.stringContaining(`may not enter '${place.folder}'`) as string,
  });
  expect(() => launchInSandbox({ ...launch, env: {}, stdio: 'ignore' })).toThrow('may not enter');
});

test('the arguments name every given path, so that its processes can be found by it', () => {
  const { readOnly, writable, scratch } = place;
  const args = sandboxCommand({
    level: 'L2',
    readOnly: [readOnly, '/usr/share'],
    writable: [writable],
    scratch,
    command: ['true'],
  });
  expect(args).toContain(writable);
  expect(args).toContain(readOnly);
  expect(args).not.toContain('/usr/share');
});

function quoted(path: string): string {
  return path.replaceAll("'", `'\\''`);
}

async function connected(host: string): Promise<Client | undefined> {
  const client = new Client({ host, user: 'postgres', database: 'postgres' });
  client.on('error', () => {});
  return client.connect().then(
    () => client,
    () => undefined,
  );
}
