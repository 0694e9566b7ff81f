import { copyFile, mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckContext } from '../../../src/checks/check.ts';
import { foreignKeysCheck } from '../../../src/checks/foreign-keys.ts';
import { manifestCheck } from '../../../src/checks/manifest.ts';
import { rowCountsCheck } from '../../../src/checks/row-counts.ts';
import { structureCheck } from '../../../src/checks/structure.ts';
import type { Observation, ObservationRequest } from '../../../src/probe/observation.ts';
import { sqliteProbe } from '../../../src/probe/sqlite/sqlite-probe.ts';
import { SHOP, ask, damagePage, execute, pagesOf } from './databases.ts';

const AT = '2026-11-20T03:00:00.000Z';
const COMMON = { id: 'x', name: 'x', purpose: 'integrity', severity: 'fail', of: 'shop', database: '' } as const;
const SPECS = {
  structure: { ...COMMON, kind: 'structure', heapAllIndexed: false },
  foreignKeys: { ...COMMON, kind: 'foreign-keys' },
  rowCounts: { ...COMMON, kind: 'row-counts', tables: [{ table: 'orders', atLeast: 995 }] },
  manifest: { ...COMMON, kind: 'manifest', file: '/manifest.json' },
} as const;
type Name = keyof typeof SPECS;

let lab: string;
let context: CheckContext;
let files = 0;

beforeAll(async () => {
  lab = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
  execute(join(lab, 'shop.db'), SHOP);
  const seen = await look(join(lab, 'shop.db'), { kind: 'contents', database: '', bounded: [] });
  if (seen.kind !== 'contents') throw new Error(JSON.stringify(seen));
  const moment = { at: AT, lsn: '', recoveryPointId: 'p' };
  context = {
    restored: { recoveryPointId: 'p', target: { kind: 'backup-end' } },
    capturedAt: AT,
    manifest: { manifest: 1, database: '', moment, contents: seen.contents },
  };
});

afterAll(async () => {
  await rm(lab, { recursive: true, force: true });
});

async function look(file: string, request: ObservationRequest): Promise<Observation> {
  return sqliteProbe.observe({ kind: 'sqlite', file }, request, new AbortController().signal);
}

async function freshShop(): Promise<string> {
  const file = join(lab, `shop-${(files += 1)}.db`);
  await copyFile(join(lab, 'shop.db'), file);
  return file;
}

/** The outcome of every check. */
async function outcomesOf(file: string): Promise<Record<Name, string>> {
  const contents = { kind: 'contents', database: '', bounded: [], scope: 'all' } as const;
  const [structure, foreignKeys, rowCounts, manifest] = await Promise.all([
    look(file, { kind: 'structure', database: '', heapAllIndexed: false }),
    look(file, { kind: 'foreign-keys', database: '' }),
    look(file, { kind: 'row-counts', database: '', tables: ['orders'] }),
    look(file, contents),
  ]);
  return {
    structure: structureCheck.judge(SPECS.structure, structure, context).outcome,
    foreignKeys: foreignKeysCheck.judge(SPECS.foreignKeys, foreignKeys, context).outcome,
    rowCounts: rowCountsCheck.judge(SPECS.rowCounts, rowCounts, context).outcome,
    manifest: manifestCheck.judge(SPECS.manifest, manifest, context).outcome,
  };
}

const GREEN = { structure: 'passed', foreignKeys: 'passed', rowCounts: 'passed', manifest: 'passed' };

describe('a fault', () => {
  const faults: [string, (file: string) => Promise<void> | void, Name[]][] = [
    ['nothing', () => {}, []],
    [
      'a byte flipped in a page of an index',
      async (file) => damagePage(file, pagesOf(file, 'orders_by_customer')[0] ?? 0, { flip: 4_090 }),
      ['structure'],
    ],
    [
      'a page of rows zeroed',
      async (file) => damagePage(file, pagesOf(file, 'orders')[3] ?? 0, 'zero'),
      ['structure', 'foreignKeys', 'rowCounts', 'manifest'],
    ],
    [
      'a byte flipped in a text, which SQLite has no checksum to notice by',
      async (file) => damagePage(file, pagesOf(file, 'orders')[3] ?? 0, { flip: 4_080 }),
      ['manifest'],
    ],
    ['pages cut off', async (file) => truncate(file, 4 * 4_096), ['structure', 'foreignKeys', 'rowCounts', 'manifest']],
    ['a dropped table', (file) => execute(file, 'drop table orders'), ['foreignKeys', 'rowCounts', 'manifest']],
    [
      '1 % of the rows deleted',
      (file) => execute(file, 'delete from orders where id % 100 = 7'),
      ['rowCounts', 'manifest'],
    ],
    [
      'an orphan',
      (file) => execute(file, 'pragma foreign_keys = off; delete from customers where id = 7'),
      ['foreignKeys', 'manifest'],
    ],
  ];

  it.each(faults)('of the kind of %s is caught by the checks that can see it alone', async (_, damage, red) => {
    const file = await freshShop();
    await damage(file);
    const failed = Object.fromEntries(red.map((name) => [name, 'failed']));
    expect(await outcomesOf(file)).toEqual({ ...GREEN, ...failed });
  });

  it('is named by what it is in, and never by the key of a row', async () => {
    const file = await freshShop();
    await damagePage(file, pagesOf(file, 'orders_by_customer')[0] ?? 0, { flip: 4_090 });
    const seen = await look(file, { kind: 'structure', database: '', heapAllIndexed: false });
    if (seen.kind !== 'structure') throw new Error(JSON.stringify(seen));
    expect(seen.faults.length).toBeGreaterThan(0);
    for (const { relation, fault } of seen.faults) {
      expect(relation).toBe('orders_by_customer');
      expect(fault).not.toMatch(/\brow \d/i);
    }
  });

  it('of one row in a key says of whom to whom it is, and of how many', async () => {
    const file = await freshShop();
    execute(file, 'pragma foreign_keys = off; delete from customers where id in (7, 8)');
    expect(await look(file, { kind: 'foreign-keys', database: '' })).toMatchObject({
      orphans: [{ table: 'orders', key: 'customer → customers', rows: 20 }],
    });
  });

  it('of the header leaves nothing to look at, and blames the backup', async () => {
    const file = await freshShop();
    await damagePage(file, 1, { flip: 3 });
    expect(await look(file, { kind: 'sql', database: '', query: 'select 1 from orders' })).toMatchObject({
      kind: 'unobservable',
      problem: { code: 'check/data-corrupted', blames: 'backup' },
    });
    expect(() => ask(file, 'select 1 from orders')).toThrow();
  });

  it('of one table hides no other', async () => {
    const file = await freshShop();
    await damagePage(file, pagesOf(file, 'orders')[3] ?? 0, 'zero');
    const seen = await look(file, { kind: 'row-counts', database: '', tables: ['orders', 'customers'] });
    expect(seen).toMatchObject({
      counts: [
        { table: 'orders', fault: 'damaged pages (SQLITE_CORRUPT)' },
        { table: 'customers', rows: 100 },
      ],
    });
  });
});
