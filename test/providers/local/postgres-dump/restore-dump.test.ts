import { execFile as execFileOf } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type TestServer, startTestServer } from '../../../support/postgres-server.ts';
import { ask, endAllWorkers } from '../postgres/worker.ts';
import { SYSTEM_BIN, dumpSpec, restoreDumpInto, runTool } from './dump-worker.ts';
import { CONTENT, TORTURE } from './torture.ts';

const execFile = promisify(execFileOf);

let lab: string;
let source: string;
let server: TestServer;
let content: Record<string, unknown>[];
let folders = 0;

const freshFolder = (): string => join(lab, 'drills', String((folders += 1)));

beforeAll(async () => {
  lab = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
  await chmod(lab, 0o755);
  for (const name of ['drills', 'source']) await mkdir(join(lab, name), { mode: 0o755 });
  source = join(lab, 'source');
  server = await startTestServer(SYSTEM_BIN);
  await server.sql("create database torture template template0 locale 'C.UTF-8'");
  await server.sql(TORTURE, 'torture');
  content = await server.sql(CONTENT, 'torture');
  await runTool(server, 'pg_dump', ['--verbose', '-f', join(source, 'plain.sql'), 'torture']);
  await runTool(server, 'pg_dump', ['--create', '-f', join(source, 'created.sql'), 'torture']);
  await runTool(server, 'pg_dump', [
    '--inserts',
    '--rows-per-insert=7',
    '-Z',
    '6',
    '-f',
    join(source, 'inserts.sql.gz'),
    'torture',
  ]);
  await runTool(server, 'pg_dumpall', ['-f', join(source, 'cluster.sql')]);
  for (const [option, name] of [
    ['-Fc', 'custom'],
    ['-Ft', 'tar'],
    ['-Fd', 'directory'],
  ] as const)
    await runTool(server, 'pg_dump', [option, '-f', join(source, name), 'torture']);
  await execFile('chmod', ['-R', 'a+rX', source]);
});

afterEach(endAllWorkers);

afterAll(async () => {
  await server.dispose();
  await rm(lab, { recursive: true, force: true });
});

describe('what a restore of a dump holds', () => {
  it.each(['plain.sql', 'created.sql', 'inserts.sql.gz', 'cluster.sql', 'custom', 'tar', 'directory'])(
    'is what the source held, out of %s',
    async (id) => {
      const folder = freshFolder();
      const { state } = await restoreDumpInto(folder, dumpSpec(source), id);
      expect(state.kind === 'failed' ? state.problem : state.kind).toBe('ready');
      expect(await ask(folder, CONTENT, 'torture')).toEqual(content);
    },
  );
});
