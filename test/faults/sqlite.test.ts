import { copyFile, mkdir, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/checks/manifest-format.ts';
import type { SqliteRestore } from '../../src/runbook/restore-spec.ts';
import { copyWithHotJournal, copyWithHotWal, damagePage, execute, pagesOf } from '../probe/sqlite/databases.ts';
import { endAllWorkers } from '../providers/local/postgres/worker.ts';
import { look, observed, openLab, tryOut } from './bench.ts';
import { COLUMNS, ORDERS, databaseChecks } from './database-checks.ts';
import { faultTable } from './fault-table.ts';

const table = faultTable('SQLite', COLUMNS);
const SHOP = `
  create table customers (id integer primary key, name text not null);
  create table orders (id integer primary key, customer integer not null references customers (id), note text, at text);
  create index orders_by_customer on orders (customer);
  with recursive n (i) as (select 1 union all select i + 1 from n where i < 100)
    insert into customers select i, 'customer ' || i from n;
  with recursive n (i) as (select 1 union all select i + 1 from n where i < ${ORDERS})
    insert into orders select i, 1 + i % 100, 'a fairly long note number ' || i,
      strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-' || (${ORDERS} - i) || ' minutes') from n`;
const IN_WAL = `create table late (id integer primary key); insert into late values (1)`;
const FORMS = ['one file', 'with a hot `-wal`', 'with a hot `-journal`'] as const;
type Form = (typeof FORMS)[number];

const faults: readonly [fault: string, form: Form, damage: (file: string) => Promise<unknown> | void][] = [
  ['one byte of a text', 'one file', (file) => damagePage(file, pagesOf(file, 'orders')[3] ?? 0, { flip: 4_080 })],
  [
    'one byte of an index',
    'one file',
    (file) => damagePage(file, pagesOf(file, 'orders_by_customer')[0] ?? 0, { flip: 4_090 }),
  ],
  ['a page of rows zeroed', 'one file', (file) => damagePage(file, pagesOf(file, 'orders')[3] ?? 0, 'zero')],
  ['cut off', 'one file', (file) => truncate(file, 4 * 4_096)],
  ['the `-wal` lost', 'with a hot `-wal`', (file) => rm(`${file}-wal`)],
  ['the `-journal` lost', 'with a hot `-journal`', (file) => rm(`${file}-journal`)],
  ['a table dropped', 'one file', (file) => execute(file, 'drop table orders')],
  ['1 % of the rows deleted', 'one file', (file) => execute(file, 'delete from orders where id % 100 = 7')],
  [
    'the rows of the last day missing',
    'one file',
    (file) => execute(file, "delete from orders where at > strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 day')"),
  ],
  [
    'rows whose parent is gone',
    'one file',
    (file) => execute(file, 'pragma foreign_keys = off; delete from customers where id = 7'),
  ],
];

let lab: string;
let living: string;
const manifests = new Map<Form, Manifest>();
let estates = 0;

beforeAll(async () => {
  lab = await openLab();
  living = join(lab, 'living.db');
  execute(living, SHOP);
  for (const form of FORMS) manifests.set(form, await record(form));
});

afterAll(async () => {
  await endAllWorkers();
  await rm(lab, { recursive: true, force: true });
});

describe('a SQLite database', () => {
  it.each(FORMS)('that is sound passes: %s', async (form) => {
    const found = await tryOut(lab, await damaged(form), inspection(form));
    table.add('nothing', form, found);
    expect(found.verdict, JSON.stringify(found)).toBe('passed');
  });

  it.each(faults)('fails a drill: %s (%s)', async (fault, form, damage) => {
    const found = await tryOut(lab, await damaged(form, damage), inspection(form));
    table.add(fault, form, found);
    expect(found.verdict, JSON.stringify(found)).toBe('failed');
  });

  it('has the page for people say what was found', () => table.compareWithPage());
});

function inspection(form: Form) {
  const manifest = manifests.get(form);
  return { checks: databaseChecks('main'), ...(manifest && { manifest }) };
}

/** A source with one database of this form, damaged. */
async function damaged(form: Form, damage: (file: string) => Promise<unknown> | void = () => {}) {
  const source = join(lab, 'estates', String((estates += 1)));
  await mkdir(source, { recursive: true });
  const file = join(source, 'shop.db');
  if (form === 'one file') await copyFile(living, file);
  else if (form === 'with a hot `-journal`') await copyWithHotJournal(living, file);
  else {
    await copyFile(living, join(lab, 'writing.db'));
    await copyWithHotWal(join(lab, 'writing.db'), file, IN_WAL);
    await rm(join(lab, 'writing.db'));
  }
  await damage(file);
  return specOf(source);
}

function specOf(source: string): SqliteRestore {
  const recoveryPoint = { pick: { kind: 'id', id: 'shop.db' }, to: { kind: 'backup-end' } } as const;
  return { name: 'shop', kind: 'sqlite', source, needs: [], recoveryPoint, database: 'main' };
}

async function record(form: Form): Promise<Manifest> {
  return observed(lab, await damaged(form), async ({ endpoint, point }) => {
    const seen = await look(endpoint, { kind: 'contents', database: 'main', bounded: [] });
    if (seen.kind !== 'contents') throw new Error(JSON.stringify(seen));
    const moment = { at: point.capturedAt, lsn: '', recoveryPointId: point.id };
    return { manifest: 1, database: 'main', moment, contents: seen.contents };
  });
}
