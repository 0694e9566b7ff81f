import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { type Server, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandCheck } from '../../src/checks/command.ts';
import { localProbe } from '../../src/probe/local/local-probe.ts';
import type { Observation, ProgramRequest } from '../../src/probe/observation.ts';
import { runProgram } from '../../src/providers/local/sandbox/run-program.ts';
import { availableLevel } from '../../src/providers/local/sandbox/levels.ts';
import { loopbackProblem } from '../../src/providers/local/sandbox/loopback.ts';
import type { LocalEndpoint } from '../../src/providers/resource.ts';
import type { SandboxedProgram } from '../../src/runbook/check-spec.ts';
import type { LocalLevel } from '../../src/runbook/runbook.ts';
import { aContext, common } from '../support/check-builder.ts';
import { type TestServer, startTestServer } from '../support/postgres-server.ts';

const CANARY = 'canary-of-the-environment';
const { level: best } = await availableLevel({ path: process.env['PATH'] });
const LEVELS = (['L0', 'L1', 'L2'] as const).filter((level) => level <= best);
const cannotListen = (await loopbackProblem({ level: best }, { path: process.env['PATH'] })) !== undefined;
if (cannotListen) process.stderr.write('SKIPPED: tests of programs that listen need L1 and ip (Debian: iproute2)\n');
/** As root at L0 another user runs what is launched, who may not enter our folders. */
const asRootAtL0 = (level: LocalLevel): boolean => level === 'L0' && process.getuid?.() === 0;

let home: string;
let canary: { port: number; hits: number; server: Server };

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
  const server = createServer((socket) => {
    canary.hits += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  canary = { port: (server.address() as { port: number }).port, hits: 0, server };
});

afterAll(async () => {
  canary.server.close();
  await rm(home, { recursive: true, force: true });
});

/** The folder of a restored set of files, as a worker leaves it. */
async function restoredFiles(level: LocalLevel): Promise<Extract<LocalEndpoint, { kind: 'files' }>> {
  const resource = await mkdtemp(join(home, `${level}-`));
  for (const name of ['request.json', 'worker.json']) await writeFile(join(resource, name), JSON.stringify({ level }));
  const folder = join(resource, 'data');
  await mkdir(folder);
  // What was restored must not be able to choose the level.
  for (const name of ['request.json', 'worker.json'])
    await writeFile(join(folder, name), JSON.stringify({ level: 'L0' }));
  await writeFile(join(folder, 'report.txt'), 'restored\n');
  return { kind: 'files', folder };
}

const probe = localProbe({ readSecret: () => Promise.resolve(''), runInSandbox: runProgram });

async function observe(
  endpoint: LocalEndpoint,
  request: ProgramRequest,
  signal = AbortSignal.timeout(30_000),
): Promise<Observation> {
  return probe.observe(endpoint, request, signal);
}

function program(argv: readonly string[], change: Partial<SandboxedProgram> = {}): SandboxedProgram {
  return { argv, reads: [], env: {}, ...change };
}

function command(argv: readonly string[], change: Partial<SandboxedProgram> = {}): ProgramRequest {
  return { kind: 'command', run: program(argv, change) };
}

/** A program of JavaScript, for what a shell cannot say. */
function script(text: string, ...args: readonly string[]): readonly string[] {
  return [process.execPath, '-e', text, ...args];
}

/** Processes on this machine whose arguments hold a text; our own aside. */
async function processesWith(text: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line.includes(text));
}

describe.each(LEVELS.filter((level) => !asRootAtL0(level)))('a program at %s', (level) => {
  it('ends with its code, its output and its complaint, and leaves nothing in the folder', async () => {
    const endpoint = await restoredFiles(level);
    const seen = await observe(
      endpoint,
      command(['sh', '-c', 'cat "$DRILLBOOK_FOLDER/report.txt"; echo why >&2; exit 3']),
    );
    expect(seen).toEqual({
      kind: 'command',
      end: { kind: 'exited', code: 3 },
      stdout: 'restored\n',
      complaint: 'why\n',
    });
    expect((await readdir(join(endpoint.folder, '..'))).sort()).toEqual(['data', 'request.json', 'worker.json']);
  });

  it('begins in the restored folder, and may write to another', async () => {
    const seen = await observe(await restoredFiles(level), command(['sh', '-c', 'cat report.txt; touch "$HOME/a"']));
    expect(seen).toMatchObject({ end: { kind: 'exited', code: 0 }, stdout: 'restored\n' });
  });

  it('is told to have been ended by a signal', async () => {
    const seen = await observe(await restoredFiles(level), command(['sh', '-c', 'kill -SEGV $$']));
    expect(seen).toMatchObject({ end: { kind: 'killed', signal: 'SIGSEGV' } });
  });

  it('is run without a shell', async () => {
    const seen = await observe(await restoredFiles(level), command(['echo', '$HOME', '`id`', '$(id)', '; id', '*']));
    expect(seen).toMatchObject({ stdout: '$HOME `id` $(id) ; id *\n' });
  });

  it('has an environment of ours and of the check, and nothing of this process', async () => {
    process.env['CANARY_OF_THE_RUNNER'] = CANARY;
    const env = { GREETING: 'hello', DRILLBOOK_FOLDER: '/elsewhere', NODE_OPTIONS: '--require /nowhere' };
    const endpoint = await restoredFiles(level);
    const seen = await observe(endpoint, command(['env'], { env }));
    delete process.env['CANARY_OF_THE_RUNNER'];
    if (seen.kind !== 'command') throw new Error(JSON.stringify(seen));
    const names = seen.stdout
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0] ?? '');
    const ours = ['DRILLBOOK_FOLDER', 'GREETING', 'HOME', 'LC_ALL', 'NODE_OPTIONS', 'PATH', 'TMPDIR', 'TZ'];
    expect(names.filter((name) => !['PWD', 'OLDPWD', '_', 'SHLVL'].includes(name)).sort()).toEqual(ours);
    expect(seen.stdout).toContain(`DRILLBOOK_FOLDER=${endpoint.folder}\n`);
  });

  it('is heard for 1 MiB, and its complaint to its last 2 kB without a value that it was given', async () => {
    const text = `process.stdout.write('x'.repeat(3 * 1024 * 1024));
      process.stderr.write('y'.repeat(100_000) + process.env.SECRET + process.env.LONGER)`;
    const env = { SECRET: CANARY, LONGER: `${CANARY}-and-more` };
    const seen = await observe(await restoredFiles(level), command(script(text), { env }));
    if (seen.kind !== 'command') throw new Error(JSON.stringify(seen));
    expect([seen.end, seen.stdout.length]).toEqual([{ kind: 'exited', code: 0 }, 1_048_576]);
    expect(seen.discarded).toBe(2 * 1_048_576);
    expect(seen.complaint).toHaveLength(2_048);
    expect(seen.complaint).toMatch(/^y+\*{6}$/);
    expect(JSON.stringify(seen)).not.toContain(CANARY);
  });

  it('that is not there was not run', async () => {
    const seen = await observe(await restoredFiles(level), command(['no-such-program']));
    expect(seen).toMatchObject({ kind: 'unobservable', problem: { code: 'check/program-not-run' } });
    const closed = await observe(await restoredFiles(level), command(['true'], { reads: ['/nowhere/at/all'] }));
    expect(closed).toMatchObject({ kind: 'unobservable', problem: { code: 'check/path-missing' } });
  });

  it('that takes too long is ended with all that it began', async () => {
    const mark = `canary-${process.pid}-${level}`;
    const text = `require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', process.argv[1]]);
      setInterval(() => {}, 1000)`;
    const stop = new AbortController();
    const endpoint = await restoredFiles(level);
    const seen = observe(endpoint, command(script(text, mark)), stop.signal);
    await expect.poll(async () => (await processesWith(mark)).length, { timeout: 10_000 }).toBeGreaterThan(1);
    stop.abort();
    expect(await seen).toMatchObject({ kind: 'unobservable', problem: { code: 'check/gave-up' } });
    await expect.poll(() => processesWith(mark), { timeout: 5_000 }).toEqual([]);
    expect(await readdir(join(endpoint.folder, '..'))).not.toContainEqual(expect.stringMatching(/^program-/));
  });
});

describe.each(LEVELS.filter((level) => level !== 'L0'))('the sandbox of a program at %s', (level) => {
  const CONNECT = `const socket = require('node:net').connect(JSON.parse(process.argv[1]));
    socket.on('connect', () => { console.log('connected'); socket.destroy(); });
    socket.on('error', (error) => console.log(error.code))`;

  it('has no way to a port of this machine', async () => {
    const to = JSON.stringify({ host: '127.0.0.1', port: canary.port });
    const seen = await observe(await restoredFiles(level), command(script(CONNECT, to)));
    expect(seen).toMatchObject({
      stdout: expect.stringMatching(/^(ENETUNREACH|EADDRNOTAVAIL|ECONNREFUSED)\n$/) as string,
    });
    expect(canary.hits).toBe(0);
  });

  it.skipIf(cannotListen)(
    'lets a program answer on a loopback of its own, whatever listens on that port of this machine',
    async () => {
      const text = `const http = require('node:http'); setTimeout(() => http.createServer((request, answer) => {
      answer.statusCode = 203; answer.end(request.url + ' ' + process.env.DRILLBOOK_FOLDER); }).listen(${canary.port}, '127.0.0.1'), 200)`;
      const endpoint = await restoredFiles(level);
      const request: ProgramRequest = {
        kind: 'http',
        start: program(script(text)),
        port: canary.port,
        path: '/health?of=shop',
      };
      expect(await observe(endpoint, request)).toEqual({
        kind: 'http',
        answer: { kind: 'answered', status: 203, body: `/health?of=shop ${endpoint.folder}` },
      });
      expect(canary.hits).toBe(0);
    },
  );

  it.skipIf(cannotListen)('waits for an answer no longer than it is told', async () => {
    const start = program(['sleep', '60']);
    const request: ProgramRequest = { kind: 'http', start, port: 80, path: '/', patience: 1_000 };
    expect(await observe(await restoredFiles(level), request)).toEqual({
      kind: 'http',
      answer: { kind: 'silent', because: 'the program did not answer within 1 s' },
    });
  });

  it.skipIf(cannotListen)('tells of a program that ends before it answers', async () => {
    const request: ProgramRequest = { kind: 'http', start: program(['sh', '-c', 'exit 7']), port: 80, path: '/' };
    expect(await observe(await restoredFiles(level), request)).toEqual({
      kind: 'http',
      answer: { kind: 'silent', because: 'the program ended before it answered: exit code 7' },
    });
  });

  it.skipIf(cannotListen)('reads at most 1 MiB of an answer', async () => {
    const text = `require('node:http').createServer((request, answer) => { answer.write('z'.repeat(2_000_000)); }).listen(8080, '127.0.0.1')`;
    const request: ProgramRequest = { kind: 'http', start: program(script(text)), port: 8080, path: '/' };
    const seen = await observe(await restoredFiles(level), request);
    expect(seen.kind === 'http' && seen.answer.kind === 'answered' && seen.answer.body.length).toBe(1_048_576);
  });
});

describe.skipIf(best !== 'L2')('the sandbox of a program at L2', () => {
  it('shows the system and what the check names, nothing else, and lets nothing of it be written', async () => {
    const endpoint = await restoredFiles('L2');
    const own = join(home, 'own');
    await writeFile(own, 'named');
    const lines = [
      `cat ${own}`,
      `ls ${home} | tr '\\n' ' '`,
      'cat /etc/shadow || echo closed',
      'wc -l </etc/passwd',
      `touch ${endpoint.folder}/new || echo kept`,
      'touch "$TMPDIR/new" && echo own',
    ];
    const seen = await observe(endpoint, command(['sh', '-c', lines.join('; ')], { reads: [own] }));
    const resource = endpoint.folder.split('/').at(-2);
    expect(seen).toMatchObject({ stdout: `named${resource} own closed\n1\nkept\nown\n` });
    expect(await readdir(endpoint.folder)).not.toContain('new');
  });
});

it('a program that listens is not started where it would listen on this machine', async () => {
  const request: ProgramRequest = { kind: 'http', start: program(['true']), port: 80, path: '/' };
  const seen = await observe(await restoredFiles('L0'), request);
  expect(seen).toMatchObject({ kind: 'unobservable', problem: { code: 'check/needs-isolation' } });
});

it.skipIf(cannotListen)('what was restored does not choose the isolation of a program beside it', async () => {
  const { folder } = await restoredFiles(best);
  const request: ProgramRequest = { kind: 'http', start: program(['sh', '-c', 'exit 7']), port: 80, path: '/' };
  const seen = await observe({ kind: 'sqlite', file: join(folder, 'report.txt') }, request);
  expect(seen).toMatchObject({ kind: 'http', answer: { kind: 'silent' } });
});

it('a program is not run beside what no worker restored', async () => {
  const seen = await observe({ kind: 'files', folder: home }, command(['true']));
  expect(seen).toMatchObject({ kind: 'unobservable', problem: { code: 'check/no-sandbox' } });
});

describe.skipIf(best !== 'L2' || !existsSync('/usr/bin/psql'))('a program beside a restored PostgreSQL', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer();
    // As root the test's server is another user's, whose folders the sandbox of a drill never has to enter.
    await chmod(server.folder, 0o755);
    await server.sql('create table orders (id int); insert into orders select generate_series(1, 7)');
    for (const name of ['request.json', 'worker.json']) await writeFile(join(server.folder, name), '{"level":"L2"}');
  });

  afterAll(() => server?.dispose());

  it('reaches it as a login of the drill, by its socket alone, and shows no password', async () => {
    const run = program([
      'sh',
      '-c',
      'psql -XAtc "select count(*) from orders"; echo "$PGPASSWORD"; echo "$PGPASSWORD" >&2',
    ]);
    const seen = await observe(server.endpoint, { kind: 'command', run, database: 'postgres' });
    expect(seen).toEqual({ kind: 'command', end: { kind: 'exited', code: 0 }, stdout: '7\n***\n', complaint: '***\n' });
    const spec = { ...common, kind: 'command' as const, run, exitCode: 0, matches: '^7$', reveal: true };
    expect(commandCheck.judge(spec, { ...seen, stdout: '7' } as Observation, aContext()).outcome).toBe('passed');
  });

  it('reaches it also where the path of the socket is too long for an address', async () => {
    const deep = join(server.folder, 'd'.repeat(120));
    await mkdir(deep);
    await symlink(server.endpoint.host, join(deep, 'socket'));
    const run = program(['psql', '-XAtc', 'select 1']);
    const endpoint = { ...server.endpoint, host: join(deep, 'socket') };
    const seen = await observe(endpoint, { kind: 'command', run, database: 'postgres' });
    expect(seen).toMatchObject({ end: { kind: 'exited', code: 0 }, stdout: '1\n', complaint: '' });
  });
});
