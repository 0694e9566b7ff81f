import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CheckContext } from '../../../../src/checks/check.ts';
import { judgeCheck, prepareCheck } from '../../../../src/checks/check-kinds.ts';
import { type Damage, damageInWords } from '../../../../src/checks/damage.ts';
import { postgresProbe } from '../../../../src/probe/postgres/postgres-probe.ts';
import { damagePostgres, discardPostgresCopy } from '../../../../src/providers/local/damage/damage-postgres.ts';
import type { CheckSpec } from '../../../../src/runbook/check-spec.ts';
import { type TestServer, startTestServer } from '../../../support/postgres-server.ts';

let server: TestServer;
const probe = postgresProbe({ readSecret: () => Promise.resolve('') });
const signal = new AbortController().signal;

beforeAll(async () => {
  server = await startTestServer();
  await server.sql('create database shop');
  await server.sql(
    `create table customer (id int primary key, name text not null);
     create table "Order" (id int primary key, customer int not null references customer, placed timestamptz not null, note text);
     create table node (id int primary key, parent int references node);
     insert into customer select n, 'c' || n from generate_series(1, 500) n;
     insert into "Order" select n, n % 500 + 1, '2026-01-01'::timestamptz + n * interval '1 s', repeat('x', 200) from generate_series(1, 3000) n;
     insert into node values (1, null), (2, 1);
     create materialized view recent as select * from "Order" where id > 2900`,
    'shop',
  );
});
afterAll(async () => {
  await server.dispose();
});

const common = { id: 'c', name: 'c', purpose: 'integrity', severity: 'fail', of: 'orders' } as const;
const counts = (atLeast: number, atMost?: number): CheckSpec => ({
  ...common,
  database: 'shop',
  kind: 'row-counts',
  tables: [{ table: 'public."Order"', atLeast, ...(atMost !== undefined && { atMost }) }],
});
const structure: CheckSpec = { ...common, database: 'shop', kind: 'structure', heapAllIndexed: false };
const orphans: CheckSpec = {
  ...common,
  database: 'shop',
  kind: 'sql',
  query: 'select count(*) from "Order" o where not exists (select from customer c where c.id = o.customer)',
  over: '"Order"',
  expect: { kind: 'equals', value: 0 },
  reveal: false,
};

async function judged(check: CheckSpec, database: string) {
  const context: CheckContext = {
    restored: { recoveryPointId: 'a', target: { kind: 'backup-end' } },
    capturedAt: '2026-11-20T03:00:00.000Z',
  };
  const request = prepareCheck({ ...check, database }, context);
  if ('outcome' in request) return request;
  return judgeCheck(check, await probe.observe(server.endpoint, request, signal), context);
}

const cluster = () => ({ name: 'orders', data: server.dataFolder, endpoint: server.endpoint });

test.each<[Damage, CheckSpec]>([
  [{ kind: 'drop-table', table: 'public."Order"' }, counts(1)],
  [{ kind: 'delete-rows', table: 'public."Order"' }, counts(3000, 3000)],
  [{ kind: 'delete-rows', table: 'public."Order"', where: 'id > 10' }, counts(3000, 3000)],
  [{ kind: 'delete-rows', table: 'public."Order"', leave: 99 }, counts(100)],
  [{ kind: 'empty' }, orphans],
  [{ kind: 'orphan' }, orphans],
  [{ kind: 'zero-page' }, counts(3000, 3000)],
  [{ kind: 'flip-byte', of: 'table' }, structure],
  [{ kind: 'flip-byte', of: 'index' }, structure],
])('of a copy in which %j was done, its check turns red, and of the original it stays green', async (damage, check) => {
  const copy = await damagePostgres(cluster(), { database: 'shop', damage });
  expect(copy).not.toBe('shop');
  expect(await judged(check, copy), damageInWords(damage)).toMatchObject({ outcome: 'failed' });
  expect(await judged(check, 'shop')).toMatchObject({ outcome: 'passed' });
});

test('of a copy that was not damaged, every check stays green, and a manifest knows no difference', async () => {
  const copy = await damagePostgres(cluster(), { database: 'shop', damage: 'none' });
  for (const check of [counts(3000, 3000), structure, orphans]) {
    expect(await judged(check, copy), check.kind).toMatchObject({ outcome: 'passed' });
  }
  const contents = async (database: string) =>
    probe.observe(server.endpoint, { kind: 'contents', database, bounded: [] }, signal);
  expect(await contents(copy)).toEqual(await contents('shop'));
});

test('1 % of the rows is 1 % of the rows, of the largest table where none is named', async () => {
  const copy = await damagePostgres(cluster(), { database: 'shop', damage: { kind: 'delete-rows' } });
  expect(await server.sql('select count(*)::int as rows from "Order"', copy)).toEqual([{ rows: 2970 }]);
});

test.each<[Damage, string]>([
  [{ kind: 'drop-table', table: 'missing' }, 'there is no such table'],
  [{ kind: 'delete-rows', table: 'customer', leave: 500 }, 'it holds too few rows'],
  [{ kind: 'missing-file' }, 'a database has no files'],
])('what %j cannot be done to is said, and damages nothing', async (damage, why) => {
  await expect(damagePostgres(cluster(), { database: 'shop', damage })).rejects.toMatchObject({
    problem: { code: 'prove/nothing-to-damage', message: expect.stringContaining(why) as string },
  });
});

test('a copy is made anew whatever an earlier call left, and none is left when it was discarded', async () => {
  await damagePostgres(cluster(), { database: 'shop', damage: { kind: 'empty' } });
  const copy = await damagePostgres(cluster(), { database: 'shop', damage: { kind: 'orphan' } });
  expect(await server.sql('select count(*)::int as rows from "Order"', copy)).toEqual([{ rows: 3000 }]);
  await discardPostgresCopy(server.endpoint);
  await discardPostgresCopy(server.endpoint);
  expect(await server.sql('select datname from pg_database where datname = $$drillbook_proof$$')).toEqual([]);
});
