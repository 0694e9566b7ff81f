import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sqlite from 'node-sqlite3-wasm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CheckContext } from '../../../../src/checks/check.ts';
import { judgeCheck, prepareCheck } from '../../../../src/checks/check-kinds.ts';
import type { Damage } from '../../../../src/checks/damage.ts';
import { sqliteProbe } from '../../../../src/probe/sqlite/sqlite-probe.ts';
import { damageSqlite } from '../../../../src/providers/local/damage/damage-sqlite.ts';
import type { CheckSpec } from '../../../../src/runbook/check-spec.ts';

let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drillbook-damage-'));
  file = join(folder, 'shop.db');
  const database = new sqlite.Database(file);
  database.exec(`
    pragma foreign_keys = off;
    create table customer (id integer primary key, name text not null);
    create table "Order" (id text primary key, customer int references customer, note text) without rowid;
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)
      insert into "Order" select 'o' || i, i % 500 + 1, 'some words to fill a page with' from n;
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 500)
      insert into customer select i, 'c' || i from n`);
  database.close();
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const common = { id: 'c', name: 'c', purpose: 'integrity', severity: 'fail', of: 'shop', database: 'main' } as const;
const counts = (atLeast: number, atMost?: number): CheckSpec => ({
  ...common,
  kind: 'row-counts',
  tables: [{ table: 'Order', atLeast, ...(atMost !== undefined && { atMost }) }],
});
const keys: CheckSpec = { ...common, kind: 'foreign-keys' };
const structure: CheckSpec = { ...common, kind: 'structure', heapAllIndexed: false };

async function judged(check: CheckSpec, at: string) {
  const context: CheckContext = {
    restored: { recoveryPointId: 'a', target: { kind: 'backup-end' } },
    capturedAt: '2026-11-20T03:00:00.000Z',
  };
  const request = prepareCheck(check, context);
  if ('outcome' in request) return request;
  const observation = await sqliteProbe.observe({ kind: 'sqlite', file: at }, request, new AbortController().signal);
  return judgeCheck(check, observation, context);
}

const damaged = async (damage: Damage | 'none') =>
  damageSqlite({ name: 'shop', file, folder: join(folder, 'damaged') }, damage);

test.each<[Damage, CheckSpec]>([
  [{ kind: 'drop-table', table: 'Order' }, counts(1)],
  [{ kind: 'delete-rows', table: 'Order' }, counts(3000, 3000)],
  [{ kind: 'delete-rows', table: 'Order', leave: 99 }, counts(100)],
  [{ kind: 'empty' }, counts(1)],
  [{ kind: 'orphan' }, keys],
  [{ kind: 'flip-byte', of: 'table' }, structure],
])('of a copy in which %j was done, its check turns red, and of the original it stays green', async (damage, check) => {
  const before = await readFile(file);
  expect(await judged(check, await damaged(damage))).toMatchObject({ outcome: 'failed' });
  expect(await judged(check, file)).toMatchObject({ outcome: 'passed' });
  expect(before.equals(await readFile(file))).toBe(true);
});

test('a copy that was not damaged is what the original is', async () => {
  expect((await readFile(await damaged('none'))).equals(await readFile(file))).toBe(true);
});

test('1 % of the rows of the largest table are deleted where none is named', async () => {
  const copy = new sqlite.Database(await damaged({ kind: 'delete-rows' }), { readOnly: true });
  expect(copy.get('select count(*) as rows from "Order"')).toEqual({ rows: 2970 });
  copy.close();
});

test.each<[Damage, string]>([
  [{ kind: 'drop-table', table: 'missing' }, 'there is no such table'],
  [{ kind: 'delete-rows', table: 'customer', leave: 500 }, 'it holds too few rows'],
  [{ kind: 'zero-page' }, 'has nothing like it'],
])('what %j cannot be done to is said', async (damage, why) => {
  await expect(damaged(damage)).rejects.toMatchObject({
    problem: { code: 'prove/nothing-to-damage', message: expect.stringContaining(why) as string },
  });
});
