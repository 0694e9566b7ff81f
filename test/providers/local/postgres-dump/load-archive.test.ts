import { execFile as execFileOf } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProblemError } from '../../../../src/diagnostics/problem-error.ts';
import { recogniseDumpFile } from '../../../../src/providers/local/postgres-dump/dump-form.ts';
import { loadArchive } from '../../../../src/providers/local/postgres-dump/load-archive.ts';
import { SUPERUSER, makeLoader } from '../../../../src/providers/local/postgres-dump/load-sessions.ts';
import { layoutOf } from '../../../../src/providers/local/worker/folder-layout.ts';
import { type TestServer, startTestServer } from '../../../support/postgres-server.ts';
import { SYSTEM_BIN, dumpPoint, dumpSpec, runTool } from './dump-worker.ts';
import { loadInto } from './load-into.ts';

const execFile = promisify(execFileOf);

/** In the source it is true at once; in the dump it waits until its counterpart is under way in another session. */
const MEETS = (body: string): string => `create or replace function public.meets(own int, other int) returns boolean
  language plpgsql immutable as $$ ${body} $$`;
const AT_ONCE = MEETS('begin return true; end');
/** A lock of the session stays when its statement ends; the wait at the end lets the counterpart see it for certain. */
const WAITING = MEETS(`begin
  perform pg_catalog.pg_advisory_lock_shared(7, own);
  for i in 1..1500 loop
    if exists (select from pg_catalog.pg_locks as l join pg_catalog.pg_database as d on d.oid = l.database
      where d.datname = pg_catalog.current_database() and l.locktype = 'advisory' and l.objid = other::oid) then
      perform pg_catalog.pg_sleep(0.5);
      return true;
    end if;
    perform pg_catalog.pg_sleep(0.02);
  end loop;
  raise 'its counterpart is not under way';
end`);

let source: string;
let server: TestServer;
let loads = 0;
let database: string;

beforeAll(async () => {
  source = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
  await chmod(source, 0o755);
  server = await startTestServer(SYSTEM_BIN, SUPERUSER);
  await server.sql('create role app');
  for (const name of ['rows', 'keys']) {
    await server.sql(`create database ${name}`);
    await server.sql(AT_ONCE, name);
  }
  for (const [table, own, other] of [
    ['a', 1, 2],
    ['b', 2, 1],
  ] as const) {
    await server.sql(`create table ${table} (x int check (x <> 1 or meets(${own}, ${other})))`, 'rows');
    await server.sql(`insert into ${table} select generate_series(1, 10)`, 'rows');
  }
  await server.sql('create table mine (x int); insert into mine values (1); create table empty (x int)', 'rows');
  for (const table of ['a', 'b', 'mine', 'empty']) await server.sql(`alter table ${table} owner to app`, 'rows');
  // What not even its owner may do is said in a dump's last statements.
  await server.sql('revoke all on mine from app', 'rows');
  await server.sql('create table t (x int); insert into t values (1); alter table t owner to app', 'keys');
  for (const [name, own, other] of [
    ['first', 1, 2],
    ['second', 2, 1],
  ] as const)
    await server.sql(`create index ${name} on t (x) where meets(x * ${own}, ${other})`, 'keys');
  for (const name of ['rows', 'keys']) await server.sql(WAITING, name);
  await server.sql('create database refused');
  await server.sql(AT_ONCE, 'refused');
  await server.sql('create table good (x int); create table bad (x int check (meets(0, 0)))', 'refused');
  await server.sql('insert into bad values (1); insert into good select generate_series(1, 1000)', 'refused');
  for (const table of ['good', 'bad']) await server.sql(`alter table ${table} owner to app`, 'refused');
  await server.sql(MEETS("begin raise 'not in this life'; end"), 'refused');
  for (const [name, ...options] of [
    ['custom', '-Fc', 'rows'],
    ['directory', '-Fd', 'rows'],
    ['keys.sql', '-Fp', 'keys'],
    ['keys', '-Fc', 'keys'],
    ['refused', '-Fd', 'refused'],
  ] as const)
    await runTool(server, 'pg_dump', ['-f', join(source, name), ...options]);
  await execFile('chmod', ['-R', 'a+rX', source]);
  await writeFile(join(server.dataFolder, 'pg_hba.conf'), 'local all all trust\n');
  await server.sql('select pg_reload_conf()');
});

afterAll(async () => {
  await server.dispose();
  await rm(source, { recursive: true, force: true });
});

async function load(id: string, jobs: number): Promise<void> {
  database = `load_${(loads += 1)}`;
  await loadInto(server, dumpSpec(source, { database, jobs }), id);
}

describe('more than one job', () => {
  it.each(['custom', 'directory'])('loads the rows of tables at once, out of %s', async (id) => {
    await load(id, 2);
    const counts = 'select (select count(*) from a)::int as a, (select count(*) from mine)::int as mine';
    expect(await server.sql(counts, database)).toEqual([{ a: 10, mine: 1 }]);
  });

  it.each(['keys.sql', 'keys'])('makes indexes at once, out of %s', async (id) => {
    await load(id, 2);
    const indexes = 'select count(*)::int as n from pg_index where indisvalid and indrelid = $$t$$::regclass';
    expect(await server.sql(indexes, database)).toEqual([{ n: 2 }]);
  });

  it('ends as one does when rows beside the script are refused, and nothing goes on', async () => {
    const refused = load('refused', 2);
    await expect(refused).rejects.toThrow(ProblemError);
    await expect(refused).rejects.toMatchObject({ problem: { code: 'restore/statement-refused' } });
    const busy = `select count(*)::int as n from pg_stat_activity where datname = '${database}'`;
    expect(await server.sql(busy)).toEqual([{ n: 0 }]);
  });
});

describe('a pg_restore that writes less than it lists', () => {
  /** What a stand-in for pg_restore adds to what it is asked for, where that is no list. */
  async function standIn(option: string): Promise<string> {
    const folder = join(source, `stand-in${option}`, 'bin');
    await mkdir(folder, { recursive: true, mode: 0o755 });
    const program = join(folder, 'pg_restore');
    const real = join(SYSTEM_BIN, 'pg_restore');
    const isAsked = 'case "$*" in *--version* | *--list*) ;;';
    await writeFile(program, `#!/bin/sh\n${isAsked} *) set -- ${option} "$@" ;; esac\nexec ${real} "$@"\n`);
    await chmod(program, 0o755);
    return folder;
  }

  async function loadBy(binDir: string): Promise<void> {
    database = `load_${(loads += 1)}`;
    const spec = dumpSpec(source, { database, jobs: 2 });
    const point = await dumpPoint(spec, 'custom');
    const recognised = await recogniseDumpFile(point.location);
    if (recognised.kind !== 'dump' || recognised.form.kind === 'plain') throw new Error('it is no archive');
    const socketFolder = server.endpoint.host;
    await makeLoader(socketFolder);
    const signal = new AbortController().signal;
    const sandbox = { provider: 'local', expiresAt: point.capturedAt, minimumIsolation: 'L0', folder: source } as const;
    const drill = { drillId: 'd-1', startedAt: point.capturedAt, sandbox, sources: [] };
    const context = {
      request: { kind: 'restore' as const, token: 'token-1', spec, point, drill },
      level: 'L0' as const,
      layout: { ...layoutOf(source), socket: socketFolder },
      path: '',
      env: {},
      signal,
      progress: () => {},
      form: recognised.form,
      server: { kind: 'found' as const, binDir, version: '15', origin: 'system' as const, readOnlyPaths: [] },
    };
    await loadArchive(context, recognised.form, { socketFolder, database, jobs: 2, isSameMajor: true, signal });
  }

  it('is believed when it writes all of it', async () => {
    await loadBy(await standIn('--verbose'));
    expect(await server.sql('select count(*)::int as n from a', database)).toEqual([{ n: 10 }]);
  });

  it('and no rows at all is not believed that there are none', async () => {
    await expect(loadBy(await standIn('--schema-only'))).rejects.toMatchObject({
      problem: {
        code: 'restore/archive-unreadable',
        message: expect.stringContaining('rows of a table that its own list names') as string,
        blames: 'environment',
      },
    });
  });
});
