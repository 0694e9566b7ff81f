import { copyFile, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Observation, ObservationRequest } from '../../../src/probe/observation.ts';
import { sqliteProbe } from '../../../src/probe/sqlite/sqlite-probe.ts';
import { treeHash } from '../../support/tree-hash.ts';
import { SHOP, execute } from './databases.ts';

let lab: string;
let shop: string;

beforeAll(async () => {
  lab = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
  shop = join(lab, 'shop.db');
  execute(shop, SHOP);
});

afterAll(async () => {
  await rm(lab, { recursive: true, force: true });
});

async function look(request: ObservationRequest, file = shop, signal = new AbortController().signal) {
  return sqliteProbe.observe({ kind: 'sqlite', file }, request, signal);
}

const sql = async (query: string, over?: string): Promise<Observation> =>
  look({ kind: 'sql', database: '', query, ...(over !== undefined && { over }) });

const refused = (text: string) => ({
  kind: 'unobservable',
  problem: { blames: 'environment', message: expect.stringContaining(text) as string },
});

describe('a query', () => {
  it('gives its first value, its rows up to a bound, and its population', async () => {
    expect(await sql('select count(*) from orders;', 'orders')).toEqual({
      kind: 'sql',
      rows: 1,
      value: 1000,
      population: 1000,
    });
    expect(await sql('select note as b, id as a from orders order by id desc -- newest')).toMatchObject({
      rows: 1000,
      value: 'a fairly long note number 1000',
    });
    expect(await sql('with n as (values (1.5)) select * from n')).toMatchObject({ rows: 1, value: 1.5 });
    expect(await sql('select 9007199254740993')).toMatchObject({ value: '9007199254740993' });
    expect(await sql('select a.id, b.id from orders a, orders b')).toMatchObject({ rows: 1001 });
    expect(await sql('select id from orders where false')).toEqual({ kind: 'sql', rows: 0, value: null });
  });

  it('is refused when it is anything but one query, and changes nothing', async () => {
    const before = await treeHash(lab);
    for (const statement of [
      'select 1; delete from orders',
      'delete from orders',
      `attach '${join(lab, 'new.db')}' as other`,
      'pragma writable_schema = on',
      '',
      'select 1) as x; drop table orders; --',
    ]) {
      expect(await sql(statement)).not.toMatchObject({ kind: 'unobservable', problem: { blames: 'backup' } });
    }
    expect(await sql('select 1; delete from orders')).toMatchObject(refused('SQLite refused a statement'));
    expect(await sql(`attach '${join(lab, 'new.db')}' as other`)).toMatchObject(refused('syntax error'));
    expect(await sql('select missing from orders')).toMatchObject(refused('no such column: missing'));
    expect(await treeHash(lab)).toBe(before);
  });

  it('never shows what SQLite says of a row', async () => {
    expect(await sql("select json_extract(note, '$.a') from orders")).toMatchObject(refused('is not shown'));
    const seen = await sql("select json_extract('{}', note) from orders");
    expect(seen.kind).toBe('unobservable');
    expect(JSON.stringify(seen)).not.toContain('fairly');
  });

  it('whose first column cannot be told is refused', async () => {
    expect(await sql('select id, 1 from orders')).toMatchObject(refused('which column of the query comes first'));
  });

  it('takes no more memory than it may, and says so', async () => {
    const seen = await sql('select length(hex(zeroblob(400000000)))');
    expect(seen).toMatchObject({ kind: 'unobservable', problem: { code: 'check/out-of-memory' } });
  });

  it('that takes too long ends at once when it is aborted, while the runner goes on', async () => {
    const endless = 'with recursive n (i) as (select 1 union all select i + 1 from n) select count(*) from n';
    const signal = AbortSignal.timeout(1_500);
    const began = Date.now();
    const [seen, other] = await Promise.all([
      look({ kind: 'sql', database: '', query: endless }, shop, signal),
      sql('select count(*) from orders'),
    ]);
    expect(other).toMatchObject({ value: 1000 });
    expect(seen).toMatchObject({ kind: 'unobservable', problem: { code: 'check/gave-up' } });
    expect(Date.now() - began).toBeLessThan(10_000);
  });
});

describe('a look', () => {
  it('leaves the file and its folder as they are, also when several look at once', async () => {
    const before = await treeHash(lab);
    const seen = await Promise.all(
      [1, 2, 3].map(() => look({ kind: 'structure', database: '', heapAllIndexed: false })),
    );
    for (const one of seen) expect(one).toMatchObject({ kind: 'structure', faults: [] });
    expect(await treeHash(lab)).toBe(before);
    expect(await readdir(lab)).toEqual(['shop.db']);
  });

  it('counts trees, keys and rows', async () => {
    expect(await look({ kind: 'structure', database: '', heapAllIndexed: false })).toEqual({
      kind: 'structure',
      indexesChecked: 3,
      heapsChecked: 2,
      faults: [],
    });
    expect(await look({ kind: 'foreign-keys', database: '' })).toMatchObject({
      keysChecked: 1,
      rows: 1000,
      orphans: [],
    });
    const tables = ['orders', 'main."Customers"', 'other.orders', 'missing'];
    expect(await look({ kind: 'row-counts', database: '', tables })).toEqual({
      kind: 'row-counts',
      counts: [
        { table: 'orders', rows: 1000 },
        { table: 'main."Customers"', rows: 100 },
        { table: 'other.orders' },
        { table: 'missing' },
      ],
    });
  });

  it.each([
    ['select max(at) from orders', '2026-11-20T00:16:40.000Z'],
    ["select '2026-11-20'", '2026-11-20T00:00:00.000Z'],
    ["select '2026-11-20T03:00:00.123456+02:00'", '2026-11-20T01:00:00.123Z'],
  ])('reads the time that %s gives', async (query, newestAt) => {
    expect(await look({ kind: 'freshness', database: '', query })).toMatchObject({ kind: 'freshness', newestAt });
  });

  it('takes no number for a time, since it says no unit, and no row for none', async () => {
    expect(await look({ kind: 'freshness', database: '', query: 'select 1763600000' })).toMatchObject(
      refused('no text that SQLite reads as a time'),
    );
    const nothing = await look({ kind: 'freshness', database: '', query: 'select null' });
    expect(nothing).not.toHaveProperty('newestAt');
    expect(nothing.kind).toBe('freshness');
  });

  it('is not offered for a login, and not possible without a file', async () => {
    expect(await look({ kind: 'login', database: '' })).toMatchObject({ problem: { code: 'probe/not-offered' } });
    expect(await look({ kind: 'foreign-keys', database: '' }, join(lab, 'gone.db'))).toMatchObject({
      problem: { code: 'check/database-missing', blames: 'environment' },
    });
  });
});

describe('the contents of a database', () => {
  const contentsOf = async (file: string, where = 'true') => {
    const bounded = [{ table: 'orders', where }];
    const seen = await look({ kind: 'contents', database: '', bounded }, file);
    if (seen.kind !== 'contents') throw new Error(JSON.stringify(seen));
    return seen.contents;
  };

  it('are the same whatever the order of rows and the layout of pages', async () => {
    const other = join(lab, 'reordered.db');
    await copyFile(shop, other);
    execute(other, 'create table t as select * from orders; delete from orders');
    execute(other, 'insert into orders select * from t order by id desc; drop table t; vacuum');
    expect(await readFile(other)).not.toEqual(await readFile(shop));
    expect(await contentsOf(other)).toEqual(await contentsOf(shop));
    await rm(other);
  });

  it.each([
    ['a changed text', "update orders set note = note || '.' where id = 7"],
    ['a text that became a blob', 'update orders set note = cast(note as blob) where id = 7'],
    ['a text that became null', 'update orders set note = null where id = 7'],
    ['values that changed places', 'update orders set note = at, at = note where id = 7'],
    ['what lies behind a zero byte', "update orders set note = 'a' || char(0) || id"],
  ])('differ by %s', async (_, change) => {
    const [before, after] = [join(lab, 'before.db'), join(lab, 'after.db')];
    await copyFile(shop, before);
    execute(before, "update orders set note = 'a' || char(0) || 'b' where id = 1");
    await copyFile(before, after);
    execute(after, change);
    const [expected, actual] = [await contentsOf(before), await contentsOf(after)];
    expect(actual.tables.map(({ rows }) => rows)).toEqual(expected.tables.map(({ rows }) => rows));
    expect(actual.tables.find(({ table }) => table === 'orders')?.contentHash).not.toBe(
      expected.tables.find(({ table }) => table === 'orders')?.contentHash,
    );
    expect(actual.schemaFingerprint).toBe(expected.schemaFingerprint);
    await Promise.all([rm(before), rm(after)]);
  });

  it('tell which part of the schema differs, and count what a bounded entry holds', async () => {
    const other = join(lab, 'other.db');
    await copyFile(shop, other);
    execute(other, 'drop index orders_by_customer');
    const [expected, actual] = [await contentsOf(shop, "at < '2026-11-20 00:01' -- old"), await contentsOf(other)];
    expect(actual.schemaParts?.['indexes']).not.toBe(expected.schemaParts?.['indexes']);
    expect(actual.schemaParts?.['tables']).toBe(expected.schemaParts?.['tables']);
    expect(expected.bounded).toMatchObject([{ table: 'orders', rows: 59 }]);
    await rm(other);
  });
});
