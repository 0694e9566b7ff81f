import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localProbe } from '../../../src/probe/local/local-probe.ts';
import type { Observation } from '../../../src/probe/observation.ts';
import type { LocalEndpoint, SqliteEndpoint } from '../../../src/providers/resource.ts';
import { findMariaDb, startMariaDb } from '../../support/mariadb-server.ts';
import { type TestServer, startTestServer } from '../../support/postgres-server.ts';
import { execute } from '../sqlite/databases.ts';

let server: TestServer;
let folder = '';
const mariaDb = await findMariaDb();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drillbook-references-'));
  await mkdir(join(folder, 'data/a'), { recursive: true });
  for (const name of ['data/a/one', 'data/a/two', 'outside']) await writeFile(join(folder, name), 'x');
  await symlink('a/one', join(folder, 'data/link'));
  await symlink('../outside', join(folder, 'data/leak'));
  server = await startTestServer();
  await server.sql(`
    create table attachments (id serial primary key, path text);
    insert into attachments (path) select 'canary-missing-' || g from generate_series(1, 1200) as g;
    ${ODD}`);
});

afterAll(async () => {
  await server?.dispose();
  await rm(folder, { recursive: true, force: true });
});

async function referencesOf(
  endpoint: LocalEndpoint,
  {
    query,
    database = 'postgres',
    within = join(folder, 'data'),
  }: { query: string; database?: string; within?: string },
  signal = AbortSignal.timeout(60_000),
): Promise<Observation> {
  const probe = localProbe({ readSecret: async () => Promise.reject(new Error('no secret is needed')) });
  const request = { kind: 'references', database, query, within: { kind: 'files', folder: within } } as const;
  return probe.observe(endpoint, request, signal);
}

async function references(query: string, within?: string, signal?: AbortSignal): Promise<Observation> {
  return referencesOf(server.endpoint, { query, ...(within !== undefined && { within }) }, signal);
}

/** As `odd` of PostgreSQL: eight paths, six of them of no file. */
const ODD = `create table odd (path text);
  insert into odd values ('a/one'), ('./a//one'), ('a/../a/one'), ('link'), (null),
    ('a'), ('../data/a/two'), ('/etc/hostname'), ('leak'), (''), ('a/one/')`;

describe('what a database names', () => {
  it('is looked up among the files, each path once however it is spelled, and only below their folder', async () => {
    expect(await references('select path from odd where path is not null')).toEqual({
      kind: 'references',
      named: 8,
      missing: 6,
    });
    expect(await references("select 'a/two', id from attachments")).toMatchObject({ named: 1, missing: 0 });
  });

  it('is read to its end, whatever number of rows it has, and never shown', async () => {
    const seen = await references('select path from attachments union all select path from attachments');
    expect(seen).toEqual({ kind: 'references', named: 1200, missing: 1200 });
    const none = await references('select path from odd where path is null');
    expect(none).toEqual({ kind: 'references', named: 0, missing: 0 });
  });

  it.each([
    ['a query that is none', 'delete from odd', undefined],
    ['two statements', 'select path from odd; drop table odd', undefined],
    ['a query that fails on a row', "select (path::int)::text from odd where path <> ''", undefined],
    ['files that are gone', 'select path from odd', '/nowhere'],
  ])('is unobservable for %s, without a value', async (_what, query, within) => {
    const seen = await references(query, within);
    expect(seen).toMatchObject({ kind: 'unobservable', problem: { blames: 'environment' } });
    expect(JSON.stringify(seen)).not.toMatch(/canary|a\/one/);
    expect(await server.sql('select count(*)::int as rows from odd')).toEqual([{ rows: 11 }]);
  });

  it('is not looked up any longer once the time is over', async () => {
    const seen = await references('select path, pg_sleep(60) from odd', undefined, AbortSignal.timeout(300));
    expect(seen).toMatchObject({ kind: 'unobservable', problem: { blames: 'environment' } });
  });
});

describe('what a SQLite database names', () => {
  let endpoint: SqliteEndpoint;

  beforeAll(() => {
    endpoint = { kind: 'sqlite', file: join(folder, 'names.db') };
    execute(
      endpoint.file,
      `${ODD}; create table kept (path, other text);
       insert into kept values (cast('a/two' as blob), 'x'), ('a/two', 'y'), (12, 'z');
       create table attachments (path text);
       with recursive n (i) as (select 1 union all select i + 1 from n where i < 1200)
         insert into attachments select 'canary-missing-' || i from n`,
    );
  });

  it('is looked up to its last row, each path once, in the first column whatever the others are called', async () => {
    expect(await referencesOf(endpoint, { query: 'select path from odd;' })).toEqual({
      kind: 'references',
      named: 8,
      missing: 6,
    });
    expect(await referencesOf(endpoint, { query: 'select path, other, other as path from kept' })).toMatchObject({
      named: 2,
      missing: 1,
    });
    const twice = 'select path from attachments union all select path from attachments';
    expect(await referencesOf(endpoint, { query: twice })).toMatchObject({ named: 1200, missing: 1200 });
  });

  it.each([
    ['a query that is none', { query: 'delete from odd' }],
    ['two statements', { query: 'select path from odd; drop table odd' }],
    ['a query that fails on a row', { query: "select json_extract('{}', path) from attachments" }],
    ['files that are gone', { query: 'select path from odd', within: '/nowhere' }],
  ])('is unobservable for %s, without a value', async (_what, asked) => {
    const seen = await referencesOf(endpoint, asked);
    expect(seen).toMatchObject({ kind: 'unobservable', problem: { blames: 'environment' } });
    expect(JSON.stringify(seen)).not.toMatch(/canary|a\/one/);
  });
});

describe.skipIf(mariaDb === undefined)('what MySQL or MariaDB names', () => {
  let started: Awaited<ReturnType<typeof startMariaDb>>;
  let endpoint: LocalEndpoint;

  beforeAll(async () => {
    started = await startMariaDb(mariaDb ?? '');
    const credentialsFile = join(folder, 'credentials.json');
    await writeFile(credentialsFile, JSON.stringify({ user: 'root', password: '' }), { mode: 0o600 });
    endpoint = { kind: 'mysql', socket: join(dirname(started.dataFolder), 'socket'), credentialsFile };
    await mkdir(join(folder, 'data/größe'));
    await writeFile(join(folder, 'data/größe/naïve'), 'x');
    await started.sql(
      'create database shop character set utf8mb4',
      'use shop',
      ...ODD.split(';'),
      'create table attachments (path varchar(1000), of_bytes varbinary(1000))',
      "insert into attachments select concat('canary-missing-', repeat('x', 900), seq), 'größe/naïve' from seq_1_to_20000",
    );
  });

  afterAll(() => started?.dispose());

  const of = async (query: string, within?: string, signal?: AbortSignal) =>
    referencesOf(endpoint, { query, database: 'shop', ...(within !== undefined && { within }) }, signal);

  it('is looked up to its last row, each path once, also where columns of bytes hold it', async () => {
    expect(await of('select path from odd')).toEqual({ kind: 'references', named: 8, missing: 6 });
    expect(await of('select path, of_bytes from attachments')).toMatchObject({ named: 20_000, missing: 20_000 });
    expect(await of('select of_bytes, path from attachments')).toMatchObject({ named: 1, missing: 0 });
  });

  it.each([
    ['a query that is none', 'delete from odd', undefined],
    ['a statement that gives no rows', 'select path into @path from odd limit 1', undefined],
    ['two statements', 'select path from odd; drop table odd', undefined],
    [
      'a query that fails on a row',
      "select extractvalue(1, concat(0x7e, path)) from attachments where path > ''",
      undefined,
    ],
    ['files that are gone', 'select path from odd', '/nowhere'],
  ])('is unobservable for %s, without a value', async (_what, query, within) => {
    const seen = await of(query, within);
    expect(seen).toMatchObject({ kind: 'unobservable', problem: { blames: 'environment' } });
    expect(JSON.stringify(seen)).not.toMatch(/canary|a\/one/);
    expect(await started.rows('select count(*) as n from shop.odd')).toEqual([{ n: 11 }]);
  });

  it('is not looked up any longer once the time is over', async () => {
    const seen = await of('select path, sleep(60) from odd', undefined, AbortSignal.timeout(300));
    expect(seen).toMatchObject({ kind: 'unobservable', problem: { code: 'check/gave-up', blames: 'environment' } });
  });
});
