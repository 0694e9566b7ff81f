import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openCanaries } from '../../../../src/providers/local/sandbox/canaries.ts';
import { proveNoTcpListener } from '../../../../src/providers/local/sandbox/closed-to-others.ts';
import { type Inside, proveIsolation } from '../../../../src/providers/local/sandbox/isolation.ts';
import { judgeEscape } from '../../../../src/providers/local/sandbox/judge-isolation.ts';
import { launchInSandbox, sandboxCommand } from '../../../../src/providers/local/sandbox/launch.ts';
import { findProcesses } from '../../../../src/providers/local/sandbox/processes.ts';
import type { IsolationEvidence } from '../../../../src/providers/resource.ts';
import { cannot, eventually } from './sandboxed.ts';

const NETWORK = 'no network of the host can be reached';
const INTERFACES = 'there is no network interface but its own loopback, and no way out';
const SOCKETS = 'no unix socket of the host can be reached';
const FILES = 'no file of the host can be seen but what was given';
const WRITES = 'what is read-only cannot be written';
const FOLDER = "nobody else can enter the sandbox's folder";
const LISTENS = 'the restored server listens on no TCP port';
const USER = "its user namespace is not the host's";
const NET = "its net namespace is not the host's";
const PID = "its pid namespace is not the host's";
const MNT = "its mnt namespace is not the host's";

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'drillbook-isolation-'))));
afterEach(async () => rm(folder, { recursive: true, force: true }));

function trialAt(level: 'L0' | 'L1' | 'L2') {
  return { level, folder, path: process.env['PATH'] };
}

function broken({ proofs }: IsolationEvidence): readonly string[] {
  return proofs.filter(({ holds }) => !holds).map(({ claim }) => claim);
}

function claims({ proofs }: IsolationEvidence): readonly string[] {
  return proofs.map(({ claim }) => claim);
}

/** The usual arguments at a level, with something changed on purpose. */
function insideWith(
  level: 'L1' | 'L2',
  change: (args: readonly string[]) => readonly string[],
  readOnly: string[] = [],
): Inside {
  return (command, shape) =>
    change(
      sandboxCommand({
        level,
        command,
        readOnly: [shape.readOnly, ...readOnly],
        writable: [shape.writable],
        scratch: shape.scratch,
      }),
    );
}

function without(option: string): (args: readonly string[]) => readonly string[] {
  return (args) => args.filter((arg) => arg !== option);
}

test('at L0 only what L0 claims is proven', async () => {
  const evidence = await proveIsolation(trialAt('L0'));
  expect([claims(evidence), broken(evidence)]).toEqual([[FOLDER], []]);
});

test('a folder that others can enter is seen', async () => {
  await chmod(folder, 0o755);
  expect(broken(await proveIsolation(trialAt('L0')))).toEqual([FOLDER]);
});

test.skipIf(cannot.L1)('at L1 all that L1 claims is proven, and nothing that only L2 claims is listed', async () => {
  const evidence = await proveIsolation(trialAt('L1'));
  expect([claims(evidence), broken(evidence)]).toEqual([[FOLDER, NETWORK, INTERFACES, USER, NET, PID], []]);
});

describe.skipIf(cannot.L2)('at L2', () => {
  test('all that L2 claims is proven, and nothing is left of the attempt', async () => {
    const evidence = await proveIsolation(trialAt('L2'));
    const all = [FOLDER, NETWORK, INTERFACES, USER, NET, PID, SOCKETS, FILES, WRITES, MNT];
    expect([claims(evidence), broken(evidence)]).toEqual([all, []]);
    expect(evidence.proofs.find(({ claim }) => claim === NETWORK)?.observed).toBe('ENETUNREACH; 1 hit');
    expect(evidence.proofs.find(({ claim }) => claim === SOCKETS)?.observed).toBe('ENOENT; 1 hit');
    expect([await readdir(folder), await findProcesses(folder)]).toEqual([[], []]);
  });

  test('all of it is proven, and a leak is seen, in a folder whose path is longer than an address of a socket', async () => {
    const long = join(folder, 'x'.repeat(120));
    await mkdir(long, { mode: 0o700 });
    expect(broken(await proveIsolation({ ...trialAt('L2'), folder: long }))).toEqual([]);
    const leaking = insideWith('L2', (args) => args, [tmpdir()]);
    const evidence = await proveIsolation({ ...trialAt('L2'), folder: long }, leaking);
    expect(evidence.proofs.find(({ claim }) => claim === SOCKETS)?.observed).toBe('connected; 2 hits');
  });

  test("the host's network is seen", async () => {
    const evidence = await proveIsolation(trialAt('L2'), insideWith('L2', without('--net')));
    expect(broken(evidence)).toEqual(expect.arrayContaining([NETWORK, NET]));
    expect(evidence.proofs.find(({ claim }) => claim === NETWORK)?.observed).toBe('connected; 2 hits');
  });

  test("the host's other processes are seen", async () => {
    const evidence = await proveIsolation(
      trialAt('L2'),
      insideWith('L2', (args) =>
        without('--pid')(args).map((arg) =>
          arg.replace('mount -t proc -o nosuid,nodev,noexec drillbook proc', 'mount --rbind /proc proc'),
        ),
      ),
    );
    expect(broken(evidence)).toContain(PID);
  });

  test('a folder with a socket of the host is seen', async () => {
    const evidence = await proveIsolation(
      trialAt('L2'),
      insideWith('L2', (args) => args, [tmpdir()]),
    );
    expect(broken(evidence)).toEqual([SOCKETS, FILES]);
    expect(evidence.proofs.find(({ claim }) => claim === SOCKETS)?.observed).toBe('connected; 2 hits');
  });

  test('a folder of the host as a whole is seen', async () => {
    const evidence = await proveIsolation(
      trialAt('L2'),
      insideWith('L2', (args) => args, ['/var']),
    );
    expect(broken(evidence)).toEqual([FILES]);
  });

  test('a system that can be written is seen', async () => {
    const evidence = await proveIsolation(
      trialAt('L2'),
      insideWith('L2', (args) => args.map((arg) => arg.replace('mount -o remount,bind,ro /\n', 'true\n'))),
    );
    expect(broken(evidence)).toEqual([WRITES]);
  });

  test('a sandbox of L1 does not prove what L2 claims', async () => {
    const evidence = await proveIsolation(
      trialAt('L2'),
      insideWith('L1', (args) => args),
    );
    expect(broken(evidence)).toEqual(expect.arrayContaining([SOCKETS, FILES, MNT]));
    expect(broken(evidence)).not.toContain(NETWORK);
  });

  test('an attempt that cannot be made proves nothing', async () => {
    const evidence = await proveIsolation(trialAt('L2'), () => ['sh', '-c', 'echo no such thing >&2; exit 1']);
    expect(broken(evidence)).toEqual(claims(evidence).filter((claim) => claim !== FOLDER));
    expect(evidence.proofs.at(-1)?.observed).toBe('the attempt could not be made: no such thing');
  });
});

describe('a canary', () => {
  const attempt = {
    tcp: 'ENETUNREACH',
    unix: 'ENOENT',
    file: 'ENOENT',
    writes: {},
    namespaces: {},
    interfaces: [],
    routes: [],
    root: [],
    mounts: [],
  };

  test('that is not reached by its own control proves nothing', async () => {
    await writeFile(join(folder, 'canary.sock'), 'something else lies here');
    const canaries = await openCanaries(folder);
    const proofs = judgeEscape({ level: 'L2', attempt, canaries, from: 'here', runner: {} });
    await canaries.close();
    expect(canaries.tcp.control).toBe('reached');
    expect(canaries.unix.control).toMatch(/^it could not listen/);
    expect(proofs.find(({ claim }) => claim === NETWORK)?.holds).toBe(true);
    expect(proofs.find(({ claim }) => claim === SOCKETS)).toMatchObject({
      holds: false,
      observed: expect.stringContaining('of no use') as string,
    });
  });

  test('that somebody reached is a leak, whatever the attempt says', async () => {
    const canaries = await openCanaries(folder);
    const reached = { ...canaries, tcp: { ...canaries.tcp, hits: () => 2 } };
    const proofs = judgeEscape({ level: 'L1', attempt, canaries: reached, from: 'here', runner: {} });
    await canaries.close();
    expect(proofs.find(({ claim }) => claim === NETWORK)).toMatchObject({
      holds: false,
      observed: 'ENETUNREACH; 2 hits',
    });
  });
});

/** Stands for a restored server: it runs in a sandbox until the test has done with it. */
async function withServer<T>(level: 'L0' | 'L1' | 'L2', script: string, use: (pid: number) => Promise<T>): Promise<T> {
  const scratch = await mkdtemp(join(folder, 'scratch-'));
  const marker = join(folder, 'server');
  const command = ['node', '-e', `${script}; setInterval(() => {}, 1000)`, marker];
  const launch = { level, readOnly: [], writable: [], command, scratch, env: {}, stdio: 'ignore' } as const;
  const child = launchInSandbox(launch);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    const { pid } = await eventually('the server', async () =>
      (await findProcesses(marker)).find((one) => one.command.startsWith('node -e')),
    );
    return await use(pid);
  } finally {
    child.kill('SIGKILL');
    await ended;
    await eventually('its end', async () => ((await findProcesses(marker)).length === 0 ? true : undefined));
  }
}

describe("from a restored server's own side", () => {
  test.each(['L1', 'L2'] as const)('at %s all claims are proven in its own namespaces', async (level) => {
    if (cannot[level]) return;
    const evidence = await withServer(level, '', async (pid) =>
      proveIsolation({ ...trialAt(level), restored: { pid, folder, socketFolder: folder } }),
    );
    expect(broken(evidence)).toEqual([]);
    expect(claims(evidence)).toEqual(
      expect.arrayContaining([LISTENS, NETWORK, NET, ...(level === 'L2' ? [SOCKETS, FILES, WRITES, MNT] : [])]),
    );
    expect(evidence.proofs.find(({ claim }) => claim === NETWORK)?.method).toContain(
      "the restored server's own namespaces",
    );
  });

  test.skipIf(cannot.L2)('a server outside of any sandbox is found out', async () => {
    const evidence = await withServer('L0', '', async (pid) =>
      proveIsolation({ ...trialAt('L2'), restored: { pid, folder, socketFolder: folder } }),
    );
    expect(broken(evidence)).toEqual(expect.arrayContaining([NETWORK, SOCKETS, FILES, NET, MNT]));
  });

  test.skipIf(cannot.L2)('a server that has gone proves nothing', async () => {
    const pid = await withServer('L2', '', async (pid) => Promise.resolve(pid));
    const evidence = await proveIsolation({ ...trialAt('L2'), restored: { pid, folder, socketFolder: folder } });
    expect(broken(evidence)).toEqual(claims(evidence).filter((claim) => !claim.startsWith('nobody else')));
  });
});

describe('a TCP port', () => {
  const listen = "require('node:net').createServer().listen(0, '127.0.0.1')";

  test('that the server opens is seen, at L0 too', async () => {
    const child = spawn(process.execPath, ['-e', `${listen}.on('listening', () => console.log('up'))`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const proof = await proveNoTcpListener(child.pid ?? 0, false);
    child.kill('SIGKILL');
    expect(proof).toMatchObject({ holds: false, observed: '1 listening' });
  });

  test('of somebody else is not held against the server', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const child = spawn(process.execPath, ['-e', "console.log('up'); setInterval(() => {}, 1000)"], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const proof = await proveNoTcpListener(child.pid ?? 0, false);
    child.kill('SIGKILL');
    other.close();
    expect(proof).toMatchObject({ holds: true, observed: '0 listening' });
  });

  test('cannot be looked for without a server, which proves nothing', async () => {
    expect(await proveNoTcpListener(2 ** 22 + 1, false)).toMatchObject({ holds: false });
  });
});
