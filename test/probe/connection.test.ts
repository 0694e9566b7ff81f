import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { type Server, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tcpCheck } from '../../src/checks/tcp.ts';
import { localProbe } from '../../src/probe/local/local-probe.ts';
import type { Observation } from '../../src/probe/observation.ts';
import type { LocalEndpoint } from '../../src/providers/resource.ts';
import { aContext, common } from '../support/check-builder.ts';

let folder: string;
let server: Server;
let connections = 0;

beforeAll(async () => {
  // Deep enough that the socket's path does not fit into an address.
  folder = join(await mkdtemp(join(tmpdir(), 'drillbook-test-')), 'd'.repeat(120));
  await mkdir(folder);
  server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => {});
    socket.on('data', () => expect.unreachable('the probe sent something'));
  });
  const cwd = process.cwd();
  process.chdir(folder);
  await new Promise<void>((resolve) => server.listen('.s.PGSQL.5432', resolve));
  process.chdir(cwd);
});

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(join(folder, '..'), { recursive: true, force: true });
});

function observe(change: { port?: number; host?: string } = {}, signal = AbortSignal.timeout(20_000)) {
  const probe = localProbe({ readSecret: () => Promise.resolve('') });
  const endpoint = { kind: 'postgres', host: folder, port: 5432, superuser: 'postgres', credentialsFile: '' } as const;
  return probe.observe({ ...endpoint, ...change }, { kind: 'tcp' }, signal);
}

function judge(seen: Observation) {
  return tcpCheck.judge({ ...common, kind: 'tcp' }, seen, aContext());
}

it('a server that accepts a connection passes, however long the path of its socket is', async () => {
  const seen = await observe();
  expect(seen).toEqual({ kind: 'tcp', accepted: true });
  expect(judge(seen).outcome).toBe('passed');
  expect(connections).toBe(1);
});

it.each([
  ['whose socket is not there', { port: 5433 }],
  ['whose folder is not there', { host: '/nowhere/at/all' }],
])('a server %s has failed', async (_title, change) => {
  const seen = await observe(change);
  expect(seen).toEqual({ kind: 'tcp', accepted: false, refusal: 'ENOENT' });
  expect(judge(seen)).toMatchObject({ outcome: 'failed', because: 'the server accepted no connection: ENOENT' });
});

it('a socket that nobody listens on any more is a refusal', async () => {
  const left = join(tmpdir(), `drillbook-test-${process.pid}`);
  await mkdir(left);
  const script =
    "require('node:net').createServer().listen('.s.PGSQL.5432', () => process.kill(process.pid, 'SIGKILL'))";
  spawnSync(process.execPath, ['-e', script], { cwd: left });
  expect(await observe({ host: left })).toEqual({ kind: 'tcp', accepted: false, refusal: 'ECONNREFUSED' });
  await rm(left, { recursive: true });
});

it.skipIf(process.getuid?.() === 0)('a socket that is closed to us was not tried', async () => {
  await chmod(folder, 0);
  expect(await observe()).toMatchObject({ kind: 'unobservable', problem: { code: 'check/connection-not-tried' } });
  await chmod(folder, 0o700);
});

it('is given up when its time is over', async () => {
  const seen = await observe({}, AbortSignal.abort());
  expect(seen).toMatchObject({ kind: 'unobservable', problem: { code: 'check/gave-up' } });
  expect(judge(seen).outcome).toBe('errored');
});

it.each<LocalEndpoint>([
  { kind: 'files', folder: '/nowhere' },
  { kind: 'sqlite', file: '/nowhere' },
])('what no server serves has none to connect to: $kind', async (endpoint) => {
  const probe = localProbe({ readSecret: () => Promise.resolve('') });
  expect(await probe.observe(endpoint, { kind: 'tcp' }, AbortSignal.timeout(5_000))).toMatchObject({
    kind: 'unobservable',
    problem: { code: 'probe/not-offered' },
  });
});
