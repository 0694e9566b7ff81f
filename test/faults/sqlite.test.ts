import { copyFile, mkdir, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/checks/manifest-format.ts';
import type { SqliteRestore } from '../../src/runbook/restore-spec.ts';
import { copyWithHotJournal, copyWithHotWal, damagePage, execute, pagesOf } from '../probe/sqlite/databases.ts';
import { endAllWorkers } from '../providers/local/postgres/worker.ts';
import { overwrite } from '../support/postgres-server.ts';
import { casesFor, isWhole } from '../support/whole.ts';
import { look, observed, openLab, tryOut } from './bench.ts';
import { cutMiddle, empty, flip } from './damage.ts';
import { COLUMNS, SQLITE_SHOP, databaseChecks } from './database-checks.ts';
import { faultTable } from './fault-table.ts';

const table = faultTable('SQLite', COLUMNS);
const IN_WAL = `create table late (id integer primary key); insert into late values (1)`;
const FORMS = ['one file', 'with a hot `-wal`', 'with a hot `-journal`'] as const;
type Form = (typeof FORMS)[number];

type Fault = readonly [fault: string, form: Form, damage: (file: string) => Promise<unknown> | void];

const faults: readonly Fault[] = [
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

/** An encrypted database begins like this one too, so that the backup is not proven bad. */
const UNKNOWN = 'one byte of the header';

/** A frame of a WAL lies behind 32 bytes, and begins with 24 of its own (sqlite.org/fileformat2.html#walformat). */
const others: readonly Fault[] = [
  ['an empty file', 'one file', empty],
  [UNKNOWN, 'one file', (file) => overwrite(file, 3, flip, 1)],
  ['one byte of the `-wal`', 'with a hot `-wal`', (file) => overwrite(`${file}-wal`, 32 + 24 + 4_000, flip, 1)],
  ['the `-wal` cut off', 'with a hot `-wal`', (file) => truncate(`${file}-wal`, 32 + 24 + 1_000)],
  ['the `-wal` empty', 'with a hot `-wal`', (file) => empty(`${file}-wal`)],
  ['the database cut off', 'with a hot `-wal`', cutMiddle],
  [
    'one byte of the `-journal`',
    'with a hot `-journal`',
    (file) => overwrite(`${file}-journal`, 512 + 4 + 4_000, flip, 1),
  ],
  ['the `-journal` cut off', 'with a hot `-journal`', (file) => cutMiddle(`${file}-journal`)],
  ['the `-journal` empty', 'with a hot `-journal`', (file) => empty(`${file}-journal`)],
];

let lab: string;
let living: string;
const manifests = new Map<Form, Manifest>();
let estates = 0;

beforeAll(async () => {
  lab = await openLab();
  living = join(lab, 'living.db');
  execute(living, SQLITE_SHOP);
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

  it.each([...casesFor(faults, 4), ...(isWhole ? others : [])])(
    'fails a drill: %s (%s)',
    async (fault, form, damage) => {
      const found = await tryOut(lab, await damaged(form, damage), inspection(form));
      table.add(fault, form, found);
      expect(found.verdict, JSON.stringify(found)).toBe(fault === UNKNOWN ? 'inconclusive' : 'failed');
    },
  );

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
