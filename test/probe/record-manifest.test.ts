import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/checks/manifest-format.ts';
import type { Problem } from '../../src/diagnostics/problem.ts';
import type { BoundedEntry, Contents } from '../../src/probe/observation.ts';
import { recordManifest } from '../../src/probe/postgres/record-manifest.ts';
import { type TestServer, startTestServer } from '../support/postgres-server.ts';

const CANARY_SECRET = 'canary-reader-password';
const CANARY_VALUE = 'canary-row-value';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await server.sql('create database shop');
  await server.sql(
    `create role reader login password '${CANARY_SECRET}' in role pg_read_all_data;
     create role stranger login password '${CANARY_SECRET}';
     create type mood as enum ('glad', 'sad');
     create table customers (id int primary key, name text not null default '${CANARY_VALUE}', mood mood default 'glad');
     insert into customers (id) select generate_series(1, 300);
     create table orders (id int, year int, drillbook_row text, primary key (year, id)) partition by list (year);
     create table orders_2025 partition of orders for values in (2025);
     create table orders_2026 partition of orders for values in (2026);
     insert into orders select g, 2025 + g % 2, 'x' from generate_series(1, 100) as g;
     create table parent (id int); create table child () inherits (parent);
     insert into parent values (1); insert into child values (2), (3);
     create unlogged table scratch (id int); insert into scratch values (1);
     create materialized view totals as select year, count(*) from orders group by year;
     create materialized view unread as select 1 with no data;
     create view v as select id from customers;
     create function f() returns int language sql as 'select 1';
     create schema "Odd"; create table "Odd"."T" (t text); insert into "Odd"."T" values ('a'), ('a'), (null)`,
    'shop',
  );
});

afterAll(async () => {
  await server?.dispose();
});

async function record(
  change: { user?: string; database?: string; bounded?: readonly BoundedEntry[] } = {},
): Promise<Manifest | Problem> {
  const { host, port } = server.endpoint;
  const { user = 'reader', database = 'shop', bounded = [] } = change;
  const login = { host, port, user, database, password: CANARY_SECRET, statementTimeout: 60_000 };
  return recordManifest({ login, bounded, recoveryPointId: 'monday' }, AbortSignal.timeout(60_000));
}

async function contents(): Promise<Contents> {
  const recorded = await record();
  if ('code' in recorded) throw new Error(recorded.message);
  return recorded.contents;
}

describe('a manifest', () => {
  it('lists every table that a backup holds, partitions by leaf, with rows and hash', async () => {
    const recorded = (await record()) as Manifest;
    expect(recorded.contents.tables.map(({ table, rows }) => [table, rows])).toEqual([
      ['"Odd"."T"', 3],
      ['public.child', 2],
      ['public.customers', 300],
      ['public.orders_2025', 50],
      ['public.orders_2026', 50],
      ['public.parent', 1],
      ['public.totals', 2],
    ]);
    expect(recorded.contents.tables.every(({ contentHash }) => /^-?\d+$/.test(contentHash ?? ''))).toBe(true);
    expect(recorded).toMatchObject({ manifest: 1, database: 'shop', contents: { engineMajor: '18' } });
    expect(recorded.moment).toEqual({
      at: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      lsn: expect.stringMatching(/^[0-9A-F]+\/[0-9A-F]+$/) as string,
      recoveryPointId: 'monday',
    });
  });

  it('is the same again, whatever the order of rows and the settings of the user', async () => {
    const before = await contents();
    await server.sql(`alter role reader set timezone = 'Asia/Tokyo'; alter role reader set search_path = 'nowhere'`);
    await server.sql(
      'create index by_name on customers (name, id desc); cluster customers using by_name; drop index by_name',
      'shop',
    );
    expect(await contents()).toEqual(before);
  });

  it.each([
    ['public.customers', 'update customers set name = name || 1 where id = 7'],
    // Its column is called as we call the row.
    ['public.orders_2026', 'update orders set id = 1007 where id = 7'],
    ['"Odd"."T"', `update "Odd"."T" set t = '' where t is null`],
    ['public.parent', 'update only parent set id = 4'],
  ])('differs in %s alone when one value of it changed', async (changedTable, statement) => {
    const before = await contents();
    await server.sql(statement, 'shop');
    const after = await contents();
    const changed = after.tables.filter((table, index) => table.contentHash !== before.tables[index]?.contentHash);
    expect(changed.map(({ table }) => table)).toEqual([changedTable]);
    expect(after.tables.map(({ rows }) => rows)).toEqual(before.tables.map(({ rows }) => rows));
    expect(after.schemaFingerprint).toBe(before.schemaFingerprint);
  });

  it.each([
    ['columns', 'alter table customers alter column name drop default'],
    ['columns', 'alter table customers alter column name drop not null', 'constraints'],
    ['constraints', 'alter table customers add check (id > 0)'],
    ['indexes', 'create index on customers (name)'],
    ['views', 'create or replace view v as select id + 0 as id from customers'],
    ['sequences', 'create sequence numbers', 'relations'],
    ['functions', "create or replace function f() returns int language sql as 'select 2'"],
    [
      'triggers',
      'create trigger same before update on customers for each row execute function suppress_redundant_updates_trigger()',
    ],
    ['enums', "alter type mood add value 'calm'"],
    ['domains', 'create domain positive as int check (value > 0)', 'constraints'],
    ['policies', 'create policy mine on customers using (true)'],
    ['rules', 'create rule nothing as on delete to child do instead nothing'],
    ['schemas', 'create schema more'],
    ['extensions', 'create extension pg_trgm schema "Odd"', 'functions'],
    ['relations', 'alter table child set unlogged'],
  ])('has another fingerprint in its %s after %s', async (part, statement, alsoChanged = part) => {
    const before = (await contents()).schemaParts;
    await server.sql(statement, 'shop');
    const after = (await contents()).schemaParts;
    const changed = Object.keys(after ?? {}).filter((name) => after?.[name] !== before?.[name]);
    expect(changed).toEqual(expect.arrayContaining([part, alsoChanged]));
    if (alsoChanged === part) expect(changed).toEqual([part]);
  });

  it('records bounded entries of their own', async () => {
    const bounded = [{ table: 'orders', where: 'year < 2026 -- closed' }];
    const recorded = (await record({ bounded })) as Manifest;
    expect(recorded.contents.bounded).toEqual([
      {
        table: 'orders',
        where: 'year < 2026 -- closed',
        rows: 50,
        contentHash: expect.stringMatching(/^-?\d+$/) as string,
      },
    ]);
  });

  it('says that its position is approximate while the source is written to', async () => {
    const abort = new AbortController();
    const writing = (async () => {
      while (!abort.signal.aborted)
        await server.sql(
          "select pg_logical_emit_message(false, 'x', repeat('x', 1000)) from generate_series(1, 20000)",
        );
    })();
    try {
      const seen: (true | undefined)[] = [];
      while (!seen.includes(true)) {
        const recorded = (await record()) as Manifest;
        seen.push(recorded.moment.approximate);
      }
      expect(seen).toContain(true);
    } finally {
      abort.abort();
      await writing;
    }
  });

  it.each([
    ['a user who may not read everything', { user: 'stranger' }, 'manifest/unreadable-table'],
    [
      'a bounded entry of a table that is not there',
      { bounded: [{ table: 'gone', where: 'true' }] },
      'manifest/unreadable-table',
    ],
    [
      'a bounded entry that is no condition',
      { bounded: [{ table: 'orders', where: 'true); select (1' }] },
      'manifest/unreadable-table',
    ],
    ['a database that is not there', { database: 'nowhere' }, 'check/login-refused'],
  ])('is not recorded with %s', async (_title, change, code) => {
    const problem = await record(change);
    expect(problem).toMatchObject({ code });
    expect(JSON.stringify(problem)).not.toMatch(/canary/);
  });
});
