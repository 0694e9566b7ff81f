import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { foreignKeysCheck } from '../../src/checks/foreign-keys.ts';
import type { Observation } from '../../src/probe/observation.ts';
import { observePostgres } from '../../src/probe/postgres/observe.ts';
import { postgresProbe } from '../../src/probe/postgres/postgres-probe.ts';
import { aContext, common } from '../support/check-builder.ts';
import { type TestServer, overwrite, startTestServer } from '../support/postgres-server.ts';

const CANARY_ID = '987654';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await server.sql(`
    create schema "Odd";
    create collation loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    create table customers (id bigint primary key, code varchar(10) collate "POSIX" unique, name text collate loose unique);
    insert into customers select g, 'c' || g, 'Name ' || g from generate_series(1, 50) as g;
    create table heirs () inherits (customers);
    create table "Odd"."An Order" (id int primary key, "the customer" int references customers, code text collate "C" references customers (code),
      name text collate loose references customers (name));
    insert into "Odd"."An Order" select g, g % 50 + 1, 'c1', 'NAME ' || g % 50 + 1 from generate_series(1, 200) as g;
    create table pairs (a int, b int, primary key (a, b));
    insert into pairs values (1, 1), (2, 2);
    create table loosely (a int, b int, foreign key (a, b) references pairs);
    insert into loosely values (1, 1), (9, null), (null, null);
    create table fully (a int, b int, foreign key (a, b) references pairs match full);
    insert into fully values (2, 2), (null, null);
    create table events (id int, at date, customer bigint references customers, primary key (id, at)) partition by range (at);
    create table events_old partition of events for values from ('2025-01-01') to ('2026-01-01');
    create table events_new partition of events for values from ('2026-01-01') to ('2027-01-01');
    insert into events select g, date '2025-12-01' + g, g from generate_series(1, 40) as g;
    create table notes (event int, at date, foreign key (event, at) references events);
    insert into notes select id, at from events;
    create table stays (room int4range, during daterange, primary key (room, during without overlaps));
    insert into stays values ('[1,2)', '[2026-01-01,2026-02-01)'), ('[1,2)', '[2026-02-01,2026-03-01)');
    create table bills (room int4range, during daterange, foreign key (room, period during) references stays (room, period during));
    insert into bills values ('[1,2)', '[2026-01-15,2026-02-15)')`);
});

afterAll(() => server?.dispose());

async function changed(database: string, sql: string): Promise<string> {
  await server.sql(`create database ${database} template postgres`, 'template1');
  // Rows that no server would let in, as a copy has them that lost what they refer to.
  await server.sql(`set session_replication_role = replica; ${sql}`, database);
  return database;
}

async function observe(database: string): Promise<Observation> {
  const probe = postgresProbe({ readSecret: () => Promise.resolve('') });
  return probe.observe(server.endpoint, { kind: 'foreign-keys', database }, AbortSignal.timeout(60_000));
}

function judge(seen: Observation) {
  return foreignKeysCheck.judge({ ...common, kind: 'foreign-keys' }, seen, aContext());
}

describe('foreign keys of PostgreSQL', () => {
  it('all lead to a row where nothing was lost, whatever their columns, partitions and collations', async () => {
    const seen = await observe('postgres');
    expect(seen).toEqual({
      kind: 'foreign-keys',
      keysChecked: 8,
      rows: 200 + 3 + 2 + 40 + 40 + 1,
      orphans: [],
      unreadable: [],
    });
    expect(judge(seen)).toMatchObject({ outcome: 'passed', observed: '8 foreign keys over 286 rows, 0 orphans' });
  });

  it.each([
    [
      'a row is lost that others refer to',
      'delete from customers where id = 7',
      [
        { table: '"Odd"."An Order"', key: 'An Order_name_fkey', rows: 4 },
        { table: '"Odd"."An Order"', key: 'An Order_the customer_fkey', rows: 4 },
        { table: 'public.events', key: 'events_customer_fkey', rows: 1 },
      ],
    ],
    [
      'the row is there, but in a table that inherits',
      'with gone as (delete from customers where id = 41 returning *) insert into heirs select * from gone',
      [
        { table: '"Odd"."An Order"', key: 'An Order_name_fkey', rows: 4 },
        { table: '"Odd"."An Order"', key: 'An Order_the customer_fkey', rows: 4 },
      ],
    ],
    [
      'one column of two leads elsewhere',
      `insert into loosely values (1, 2), (${CANARY_ID}, null); insert into fully values (1, 2)`,
      [
        { table: 'public.fully', key: 'fully_a_b_fkey', rows: 1 },
        { table: 'public.loosely', key: 'loosely_a_b_fkey', rows: 1 },
      ],
    ],
    [
      'a key that must match as a whole has one column alone',
      'insert into fully values (1, null), (null, 1)',
      [{ table: 'public.fully', key: 'fully_a_b_fkey', rows: 2 }],
    ],
    [
      'a partition that others refer to lost its rows',
      'delete from events_new where id <= 40',
      [{ table: 'public.notes', key: 'notes_event_at_fkey', rows: 10 }],
    ],
    [
      'a period is no longer covered',
      "delete from stays where during @> '2026-02-10'::date",
      [{ table: 'public.bills', key: 'bills_room_during_fkey', rows: 1 }],
    ],
  ])('show orphans where %s', async (title, sql, orphans) => {
    const seen = await observe(await changed(`copy_${title.replaceAll(/\W/g, '').slice(0, 40)}`, sql));
    expect(seen).toMatchObject({ orphans, unreadable: [] });
    expect(judge(seen).outcome).toBe('failed');
    expect(JSON.stringify(seen)).not.toContain(CANARY_ID);
  });

  it('that were never validated, or are not enforced, promise nothing', async () => {
    const sql = `insert into loosely values (5, 5); alter table loosely drop constraint loosely_a_b_fkey;
      alter table loosely add constraint late foreign key (a, b) references pairs not valid;
      alter table loosely add constraint never foreign key (a, b) references pairs not enforced`;
    expect(await observe(await changed('unpromised', sql))).toMatchObject({ keysChecked: 7, orphans: [] });
  });

  it('prove nothing where there is none, or none has a row', async () => {
    await server.sql('create database nothing template template0', 'template1');
    expect(judge(await observe('nothing'))).toMatchObject({
      outcome: 'failed',
      because: 'the database has no foreign key',
    });
    await server.sql('create table a (id int primary key, a int references a)', 'nothing');
    expect(judge(await observe('nothing'))).toMatchObject({
      outcome: 'failed',
      because: 'no table with a foreign key holds a row',
    });
  });

  it('are followed in the tables themselves: an index still knows rows that are gone', async () => {
    const database = await changed('zeroed', 'alter database zeroed set enable_seqscan = off');
    await server.sql('vacuum (freeze) customers', database);
    const file = await server.fileOf('customers', database);
    await server.stop();
    await overwrite(file, 0, (bytes) => bytes.fill(0), 8_192);
    await server.start();
    expect(await observe(database)).toMatchObject({
      orphans: [
        { key: 'An Order_code_fkey', rows: 200 },
        { key: 'An Order_name_fkey', rows: 200 },
        { key: 'An Order_the customer_fkey', rows: 200 },
        { key: 'events_customer_fkey', rows: 40 },
      ],
    });
  });

  it('that a login may not follow give no pass, and hide no orphan', async () => {
    await changed('closed', 'delete from customers where id = 7');
    await server.sql(
      `create role reader login password 'canary-reader'; grant select on events, customers to reader;
       grant usage on schema "Odd" to reader`,
      'closed',
    );
    const { host, port } = server.endpoint;
    const login = { host, port, user: 'reader', password: 'canary-reader', superuser: false, statementTimeout: 60_000 };
    const request = { kind: 'foreign-keys' as const, database: 'closed' };
    const seen = await observePostgres({ ...login, database: 'closed' }, request, AbortSignal.timeout(60_000));
    expect(seen).toMatchObject({ keysChecked: 1, rows: 40, orphans: [{ table: 'public.events', rows: 1 }] });
    expect(seen.kind === 'foreign-keys' && seen.unreadable).toHaveLength(7);
    await server.sql('insert into customers (id) values (7)', 'closed');
    const closed = await observePostgres({ ...login, database: 'closed' }, request, AbortSignal.timeout(60_000));
    expect(judge(closed)).toMatchObject({ outcome: 'errored', problem: { blames: 'environment' } });
  });

  it('whose table is damaged fail', async () => {
    const database = await changed('damaged', 'checkpoint');
    const file = await server.fileOf('pairs', database);
    await server.stop();
    await overwrite(file, 8_000, (bytes) => Buffer.from(bytes.map((byte) => byte ^ 1)), 1);
    await server.start();
    expect(judge(await observe(database))).toMatchObject({
      outcome: 'failed',
      problem: { code: 'check/data-corrupted', blames: 'backup' },
    });
  });

  it('are followed no longer than the deadline', async () => {
    const sql = `insert into customers select g from generate_series(100, 60000) as g;
      insert into "Odd"."An Order" select g from generate_series(1000, 60000) as g`;
    const database = await changed('large', sql);
    const probe = postgresProbe({ readSecret: () => Promise.resolve(''), statementTimeout: 20 });
    const seen = await probe.observe(server.endpoint, { kind: 'foreign-keys', database }, AbortSignal.timeout(60_000));
    expect(judge(seen)).toMatchObject({ outcome: 'errored', problem: { code: 'check/timed-out' } });
  });
});
