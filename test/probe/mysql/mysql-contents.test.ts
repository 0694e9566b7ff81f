import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatabaseRequest } from '../../../src/probe/observation.ts';
import { type SeededServer, CONTENTS, ROW, STRUCTURE, program, startSeededServer } from './seeded-server.ts';

let seeded: SeededServer;

beforeAll(async () => {
  if (program !== undefined) seeded = await startSeededServer();
});

afterAll(() => seeded?.server.dispose());

async function contents(request: DatabaseRequest = CONTENTS) {
  const observation = await seeded.observe(request);
  if (observation.kind !== 'contents') throw new Error(JSON.stringify(observation));
  return observation.contents;
}

describe.skipIf(program === undefined)('contents of MySQL or MariaDB', () => {
  it('hold every table that a backup can hold, and entries that no longer change', async () => {
    const bounded = [
      { table: 'orders', where: 'id <= 10 -- ten' },
      { table: 'nothing', where: 'true' },
    ];
    const { tables, ...rest } = await contents({ kind: 'contents', database: 'shop', bounded });
    expect(tables.map(({ table, rows }) => [table, rows])).toEqual([
      ['odd `name', 2],
      ['orders', 2_000],
    ]);
    expect(rest).toMatchObject({ engineMajor: expect.stringMatching(/^mariadb \d+\.\d+$/) as string });
    expect(rest.bounded).toMatchObject([{ table: 'orders', rows: 10 }, { table: 'nothing' }]);
    expect(rest.bounded[1]?.rows).toBeUndefined();
  });

  it.each([
    ['a value', "update orders set note = 'other' where id = 7"],
    ['a null for an empty text', "update orders set payload = '' where id = 7"],
    [
      'two values changing places',
      "update orders set note = if(id = 1, 'a', 'b') where id <= 2",
      "update orders set note = if(id = 1, 'b', 'a') where id <= 2",
    ],
    ['a moment', "update orders set at = '2026-11-20 03:00:00.6' where id = 7"],
    ['cents', 'update orders set amount = amount + 0.01 where id = 7'],
  ])('have another hash after %s', async (_what, ...changes) => {
    const hashes: (string | undefined)[] = [];
    await seeded.server.sql('use shop', 'create or replace table kept as select * from orders');
    try {
      const last = changes.at(-1) ?? '';
      for (const change of changes.slice(0, -1)) await seeded.server.sql('use shop', change);
      hashes[0] = hashOf(await contents(), 'orders');
      await seeded.server.sql('use shop', last);
      hashes[1] = hashOf(await contents(), 'orders');
    } finally {
      await seeded.server.sql(
        'use shop',
        'delete from orders',
        'insert into orders select * from kept',
        'drop table kept',
      );
    }
    expect(hashes[0]).toMatch(/^\d+$/);
    expect(hashes[1]).not.toBe(hashes[0]);
  });

  it('have the same hash in another order of rows', async () => {
    const before = hashOf(await contents(), 'orders');
    await seeded.server.sql(
      'use shop',
      'create table kept as select * from orders',
      'delete from orders',
      'insert into orders select * from kept order by id desc',
      'drop table kept',
    );
    expect(hashOf(await contents(), 'orders')).toBe(before);
  });

  it.each([
    ['columns', 'alter table orders add more int', 'alter table orders drop more'],
    ['indexes', 'create index more on orders (at)', 'drop index more on orders'],
    ['checks', 'alter table orders add constraint more check (id > 0)', 'alter table orders drop constraint more'],
    [
      'views',
      'create or replace view large as select id from orders',
      'create or replace view large as select * from orders where id > 1000',
    ],
    ['triggers', 'create trigger more before insert on orders for each row set new.note = 1', 'drop trigger more'],
    ['routines', 'create function more() returns int deterministic return 1', 'drop function more'],
  ])('have another fingerprint of their %s after %s', async (part, change, back) => {
    const before = await contents();
    await seeded.server.sql('use shop', change);
    const changed = await contents();
    await seeded.server.sql('use shop', back);
    expect(changed.schemaFingerprint).not.toBe(before.schemaFingerprint);
    expect(changed.schemaParts?.[part]).not.toBe(before.schemaParts?.[part]);
    expect((await contents()).schemaFingerprint).toBe(before.schemaFingerprint);
  });
});

function hashOf({ tables }: Awaited<ReturnType<typeof contents>>, table: string): string | undefined {
  return tables.find((one) => one.table === table)?.contentHash;
}

describe.skipIf(program === undefined)('the structure of MySQL or MariaDB', () => {
  it('is that of every table that a backup can hold', async () => {
    expect(await seeded.observe(STRUCTURE)).toEqual({
      kind: 'structure',
      indexesChecked: 2,
      heapsChecked: 2,
      faults: [],
      unreadable: [],
    });
  });

  it('is nothing where there is no table', async () => {
    expect(await seeded.observe({ ...STRUCTURE, database: 'empty' })).toMatchObject({
      heapsChecked: 0,
      indexesChecked: 0,
    });
  });

  it('shows damaged pages and missing files, and no count or hash of such a table', async () => {
    await seeded.server.sql('create database torn', 'use torn');
    for (const [table, engine] of [
      ['pages', 'innodb'],
      ['space', 'innodb'],
      ['rows_file', 'myisam'],
      ['index_file', 'aria'],
      ['whole', 'innodb'],
    ])
      await seeded.server.sql(
        `create table torn.${table} (id int primary key, note text) engine = ${engine} select id, note from shop.orders`,
      );
    await seeded.server.stop();
    await damagePages(join(seeded.server.dataFolder, 'torn', 'pages.ibd'));
    for (const file of ['space.ibd', 'rows_file.MYD', 'index_file.MAI'])
      await rm(join(seeded.server.dataFolder, 'torn', file));
    await seeded.server.start();
    const tables = ['pages', 'space', 'rows_file', 'index_file'];
    const counts = await seeded.observe({ kind: 'row-counts', database: 'torn', tables });
    const fault = expect.stringMatching(/\((29|1017|1030|1034|1877|1932)\)$/) as string;
    expect(counts).toEqual({ kind: 'row-counts', counts: tables.map((table) => ({ table, fault })) });
    const contents = await seeded.observe({ ...CONTENTS, database: 'torn' });
    const hashed =
      contents.kind === 'contents' ? contents.contents.tables.filter(({ contentHash }) => contentHash) : [];
    expect(hashed.map(({ table }) => table)).toEqual(['whole']);
    const structure = await seeded.observe({ ...STRUCTURE, database: 'torn' });
    const faulty = structure.kind === 'structure' ? structure.faults.map(({ relation }) => relation) : [];
    expect(faulty.toSorted()).toEqual(tables.toSorted());
    await seeded.server.sql('drop database torn');
  });
});

/** Garbles the middle of every page that holds rows, of which the checksum then says so. */
async function damagePages(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    const page = Math.floor((await stat(file)).size / 16_384) - 2;
    for (let at = 4; at <= page; at += 1) await handle.write(Buffer.alloc(512, 0xa5), 0, 512, at * 16_384 + 4_096);
  } finally {
    await handle.close();
  }
}

describe.skipIf(program === undefined)('a server in forced recovery', () => {
  it('is not looked at, for it reads over damage', async () => {
    await seeded.server.stop();
    await seeded.server.start(['--innodb-force-recovery=1']);
    expect(await seeded.observe({ kind: 'sql', database: 'shop', query: 'select 1' })).toMatchObject({
      problem: { code: 'check/damage-hidden', message: expect.stringContaining('innodb_force_recovery') as string },
    });
    await seeded.server.stop();
    await seeded.server.start();
  });
});

it.skipIf(program === undefined)('no observation of contents or structure ever held a row', () => {
  expect(seeded.seen.length).toBeGreaterThan(20);
  expect(JSON.stringify(seeded.seen)).not.toContain(ROW);
});
