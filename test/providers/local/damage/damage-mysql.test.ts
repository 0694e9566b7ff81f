import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CheckContext } from '../../../../src/checks/check.ts';
import { judgeCheck, prepareCheck } from '../../../../src/checks/check-kinds.ts';
import { type Damage, damageInWords } from '../../../../src/checks/damage.ts';
import { mysqlProbe } from '../../../../src/probe/mysql/mysql-probe.ts';
import { damageMysql, discardMysqlCopy } from '../../../../src/providers/local/damage/damage-mysql.ts';
import { localDamager } from '../../../../src/providers/local/damage/local-damager.ts';
import type { LocalMysqlEndpoint } from '../../../../src/providers/resource.ts';
import type { CheckSpec } from '../../../../src/runbook/check-spec.ts';
import { builtFile } from '../../../../src/support/built-file.ts';
import { type MariaDb, findMariaDb, startMariaDb } from '../../../support/mariadb-server.ts';
import { startEstate } from '../mysql/estate.ts';
import { endAllWorkers, observe, pointOf, restoreInto } from '../mysql/worker.ts';

const program = await findMariaDb();
const probe = mysqlProbe({ readSecret: () => Promise.resolve('') });
const { signal } = new AbortController();

let server: MariaDb;
let lab: string;
let endpoint: LocalMysqlEndpoint;

/** Tables that are easily copied wrongly, beside the two that are damaged. */
const SHOP: readonly string[] = [
  'create database shop character set latin2',
  'use shop',
  'create table customer (id int primary key, name text not null)',
  `create table \`Order\` (id int primary key auto_increment, customer int not null, placed datetime not null, note text,
     constraint of_customer foreign key (customer) references customer (id) on delete cascade)`,
  'create table node (id int primary key, parent int references node (id))',
  "insert into customer select seq, concat('c', seq) from seq_1_to_500",
  "insert into `Order` select seq, seq % 500 + 1, '2026-01-01' + interval seq second, repeat('x', 200) from seq_1_to_3000",
  'insert into node values (1, null), (2, 1)',
  "set sql_mode = ''",
  `create table \`odd \`\`name?\` (\`a b\` date, hidden int invisible default 7, twice int as (hidden * 2) stored,
     late int as (hidden + 1) virtual, at timestamp null on update current_timestamp, bits bit(9), raw blob)`,
  "insert into `odd ``name?` (`a b`, hidden, bits, raw) values ('0000-00-00', 1, 300, x'00ff80'), (null, 2, null, '')",
  'create table zero (id int primary key auto_increment, positive int check (positive > 0))',
  "set sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
  'set check_constraint_checks = 0',
  'insert into zero values (0, 1), (5, -1)',
  'create table parts (id int primary key, b int) partition by range (id) (partition a values less than (10), partition z values less than maxvalue)',
  'insert into parts select seq, seq from seq_1_to_20',
  'create table old (id int primary key, said text) engine = myisam',
  "insert into old values (1, 'x')",
  'create table versioned (id int) with system versioning',
  'insert into versioned values (1), (2)',
  'create table pool (id int) engine = memory',
  'create sequence numbers start with 7',
  'create trigger shop.gone after delete on shop.customer for each row delete from old',
  'create trigger first_of_all after delete on customer for each row precedes gone set @gone = old.id',
  'create event tidy on schedule every 1 day starts timestamp(current_date) do delete from old',
  "create user ghost@'%' account lock",
  "grant select, execute on shop.* to ghost@'%'",
  // The second needs the first, and sorts before it.
  "create definer = ghost@'%' sql security definer view b_recent as select * from `Order` where id > 2900",
  "create definer = ghost@'%' view a_recent as select * from b_recent where id > 2950",
  'set foreign_key_checks = 0',
  'create database other',
  'create table other.place (id int primary key)',
  'create function other.twice(x int) returns int deterministic return x * 2',
  'use other',
  'create view doubled as select twice(id) as id from place',
  'create view doubled_by_other as select other.twice(id) as id from place',
  'use shop',
  'create view abroad as select count(*) as n from other.place',
  "set sql_mode = 'ANSI_QUOTES'",
  `create definer = ghost@'%' function "how many?"(least int) returns int reads sql data
     return (select count(*) from "Order" where id >= least)`,
  "set sql_mode = ''",
  'create procedure tidy_up(out left_over int) sql security invoker begin delete from old; set left_over = 0; end',
  'create view counted as select `how many?`(1) as n from customer',
  'insert into other.place values (1)',
  'create table delivery (id int primary key, place int, foreign key (place) references other.place (id))',
  'insert into delivery values (1, 77)',
];

beforeAll(async () => {
  if (program === undefined) return;
  server = await startMariaDb(program);
  lab = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
  await chmod(lab, 0o755);
  const credentialsFile = join(lab, 'credentials.json');
  await writeFile(credentialsFile, JSON.stringify({ user: 'root', password: '' }), { mode: 0o600 });
  endpoint = { kind: 'mysql', socket: join(dirname(server.dataFolder), 'socket'), credentialsFile };
  await server.sql(...SHOP);
});
afterAll(async () => {
  await endAllWorkers();
  await server?.dispose();
  if (lab) await rm(lab, { recursive: true, force: true });
});

const common = { id: 'c', name: 'c', purpose: 'integrity', severity: 'fail', of: 'orders', database: 'shop' } as const;
const counts = (atLeast: number, atMost?: number): CheckSpec => ({
  ...common,
  kind: 'row-counts',
  tables: [{ table: '`Order`', atLeast, ...(atMost !== undefined && { atMost }) }],
});
const structure: CheckSpec = { ...common, kind: 'structure', heapAllIndexed: false };
const orphans: CheckSpec = {
  ...common,
  kind: 'sql',
  query: 'select count(*) from `Order` o where not exists (select 1 from customer c where c.id = o.customer)',
  over: '`Order`',
  expect: { kind: 'equals', value: 0 },
  reveal: false,
};
const recent: CheckSpec = {
  ...common,
  kind: 'sql',
  query: 'select count(*) from a_recent',
  expect: { kind: 'equals', value: 50 },
  reveal: false,
};
const foreignKeys: CheckSpec = { ...common, kind: 'foreign-keys' };

async function judged(check: CheckSpec, database: string) {
  const context: CheckContext = {
    restored: { recoveryPointId: 'a', target: { kind: 'backup-end' } },
    capturedAt: '2026-11-20T03:00:00.000Z',
  };
  const request = prepareCheck({ ...check, database }, context);
  if ('outcome' in request) return request;
  return judgeCheck(check, await probe.observe(endpoint, request, signal), context);
}

/** Counts and hashes of all tables. */
async function contentsOf(database: string) {
  const seen = await probe.observe(endpoint, { kind: 'contents', database, bounded: [] }, signal);
  if (seen.kind !== 'contents') throw new Error(JSON.stringify(seen));
  return seen.contents;
}

const restored = () => ({ name: 'orders', data: server.dataFolder, endpoint });
const damaged = (damage: Damage | 'none', database = 'shop') => damageMysql(restored(), { database, damage }, signal);

describe.skipIf(program === undefined)('a copy of a schema of MySQL or MariaDB', () => {
  test.each<[Damage, CheckSpec]>([
    [{ kind: 'drop-table', table: '`Order`' }, counts(1)],
    [{ kind: 'drop-table' }, counts(1)],
    [{ kind: 'delete-rows', table: '`Order`' }, counts(3000, 3000)],
    [{ kind: 'delete-rows', table: 'Order', where: 'id > 10 -- old ones' }, counts(3000, 3000)],
    [{ kind: 'delete-rows', table: '`Order`', leave: 99 }, counts(100)],
    [{ kind: 'empty' }, orphans],
    [{ kind: 'empty' }, recent],
    [{ kind: 'orphan' }, orphans],
    [{ kind: 'missing-file' }, structure],
  ])('in which %j was done turns its check red, and the original leaves it green', async (damage, check) => {
    const copy = await damaged(damage);
    expect(copy).not.toBe('shop');
    expect(await judged(check, copy), damageInWords(damage)).toMatchObject({ outcome: 'failed' });
    expect(await judged(check, 'shop')).toMatchObject({ outcome: 'passed' });
  });

  test('that was not damaged has all that a manifest knows of the original, under another name', async () => {
    const copy = await damaged('none');
    const [actual, original] = [await contentsOf(copy), await contentsOf('shop')];
    expect(actual).toEqual(original);
    expect(original.tables).toHaveLength(9);
    const programs = `select (select count(*) from information_schema.routines where routine_schema = '${copy}') as routines,
      (select count(*) from information_schema.events where event_schema = '${copy}') as events`;
    expect(await server.rows(programs)).toEqual([{ routines: 2, events: 1 }]);
    for (const check of [counts(3000, 3000), structure, orphans, recent]) {
      expect(await judged(check, copy), check.kind).toMatchObject({ outcome: 'passed' });
    }
  });

  test('in which a row is gone that others refer to has an orphan, and only by the key that leads there', async () => {
    await server.sql('create database plain', 'create table plain.p (id int primary key)');
    await server.sql('create table plain.c (id int primary key, p int, foreign key (p) references plain.p (id))');
    await server.sql('insert into plain.p values (1), (2)', 'insert into plain.c values (1, null), (2, 2)');
    expect(await judged(foreignKeys, 'plain')).toMatchObject({ outcome: 'passed' });
    const copy = await damaged({ kind: 'orphan' }, 'plain');
    expect(await judged(foreignKeys, copy)).toMatchObject({ outcome: 'failed' });
    expect(await server.rows(`select id from ${copy}.p`)).toEqual([{ id: 1 }]);
  });

  test('holds what the original holds in every table that was not damaged', async () => {
    const before = await contentsOf('shop');
    const copy = await damaged({ kind: 'delete-rows', table: 'node', leave: 1 });
    const [actual, original] = [await contentsOf(copy), await contentsOf('shop')];
    const others = ({ tables }: typeof actual) => tables.filter(({ table }) => table !== 'node');
    expect(others(actual)).toEqual(others(original));
    expect(others(actual)).toHaveLength(8);
    expect(actual.schemaParts).toEqual(original.schemaParts);
    expect(original).toEqual(before);
  });

  test('is read by its foreign keys, views and functions, not the original', async () => {
    const copy = await damaged({ kind: 'empty' });
    const keys = await server.rows(
      `select distinct referenced_table_schema as leads_to from information_schema.key_column_usage
       where table_schema = '${copy}' and referenced_table_name is not null order by 1`,
    );
    expect(keys.map((row) => row['leads_to'])).toEqual([copy, 'other']);
    const views = `select (select count(*) from ${copy}.a_recent) as here, (select n from ${copy}.abroad) as there,
      ${copy}.\`how many?\`(1) as orders, shop.\`how many?\`(1) as of_the_original`;
    expect(await server.rows(views)).toEqual([{ here: 0, there: 1, orders: 0, of_the_original: 3000 }]);
  });

  test('has views that call functions, with their schema or without', async () => {
    const copy = await damaged({ kind: 'delete-rows' }, 'other');
    expect(await server.rows(`select * from ${copy}.doubled_by_other, ${copy}.doubled`)).toEqual([]);
    await server.sql('drop function other.twice');
    await expect(server.rows(`select * from ${copy}.doubled_by_other`)).rejects.toMatchObject({ errno: 1356 });
    expect(await server.rows(`select * from ${copy}.doubled`)).toEqual([]);
    await server.sql('create function other.twice(x int) returns int deterministic return x * 2');
  });

  test('loses 1 % of the rows, of the table with most rows where none is named', async () => {
    const copy = await damaged({ kind: 'delete-rows' });
    expect(await server.rows(`select count(*) as n from ${copy}.\`Order\``)).toEqual([{ n: 2970 }]);
  });

  test('loses rows of a parent alone: nothing cascades, no trigger is set off, and all are there', async () => {
    const copy = await damaged({ kind: 'delete-rows', table: 'customer', leave: 0 });
    expect(await server.rows(`select count(*) as n from ${copy}.\`Order\``)).toEqual([{ n: 3000 }]);
    expect(await server.rows('select count(*) as n from shop.customer')).toEqual([{ n: 500 }]);
    expect(await server.rows(`select count(*) as n from ${copy}.old`)).toEqual([{ n: 1 }]);
    const triggers = await server.rows(`show triggers in ${copy}`);
    expect(triggers.map(({ Trigger }) => Trigger)).toEqual(['first_of_all', 'gone']);
  });

  test('loses the file of the next table where the one with most rows has none of its own', async () => {
    await server.sql('create database mixed', 'create table mixed.large (id int) engine = myisam');
    await server.sql('insert into mixed.large values (1), (2)', 'create table mixed.small (id int)');
    const copy = await damaged({ kind: 'missing-file' }, 'mixed');
    expect(await judged(structure, copy)).toMatchObject({ outcome: 'failed' });
    await server.sql('drop table mixed.small');
    await expect(damaged({ kind: 'missing-file' }, 'mixed')).rejects.toMatchObject({
      problem: { message: expect.stringContaining('no InnoDB table with a file of its own') as string },
    });
  });

  test.each<[Damage, string, string?]>([
    [{ kind: 'drop-table', table: 'missing' }, 'there is no such table'],
    [{ kind: 'drop-table', table: 'a_recent' }, 'it is a view'],
    [{ kind: 'delete-rows', table: 'customer', leave: 500 }, 'it holds too few rows'],
    [{ kind: 'delete-rows', table: 'pool' }, 'a table without rows'],
    [{ kind: 'drop-table' }, 'it has no table', 'other_empty'],
    [{ kind: 'empty' }, 'it has no table', 'other_empty'],
    [{ kind: 'orphan' }, 'no row in it refers to another table', 'other'],
    [{ kind: 'zero-page' }, 'are not changed'],
  ])('to which %j cannot be done is not damaged: %s', async (damage, why, database = 'shop') => {
    await server.sql('create database if not exists other_empty');
    await expect(damaged(damage, database)).rejects.toMatchObject({
      problem: { code: 'prove/nothing-to-damage', message: expect.stringContaining(why) as string },
    });
  });

  test('is not what a check sees that names the schema, so nothing is proven, and the original stays whole', async () => {
    await expect(damaged({ kind: 'drop-table', table: 'shop.customer' })).rejects.toMatchObject({
      problem: { code: 'prove/names-schema' },
    });
    expect(await server.rows('select count(*) as n from shop.customer')).toEqual([{ n: 500 }]);
  });

  test('that cannot be made is a problem of the environment, without the words of the server', async () => {
    await expect(damaged({ kind: 'delete-rows', table: 'node', where: 'no_such = 1' })).rejects.toMatchObject({
      problem: {
        code: 'prove/not-copied',
        message: "no copy of 'orders' could be made and damaged: the server answered ER_BAD_FIELD_ERROR (1054)",
      },
    });
  });

  test('is made anew whatever an earlier call left, and is gone when discarded, whoever looks at it', async () => {
    await damaged({ kind: 'missing-file' });
    const copy = await damaged({ kind: 'orphan' });
    expect(await server.rows(`select count(*) as n from ${copy}.\`Order\``)).toEqual([{ n: 3000 }]);
    const watcher = await createConnection({ socketPath: endpoint.socket, user: 'root', database: copy });
    watcher.on('error', () => {});
    await watcher.query('start transaction');
    await watcher.query('select count(*) from customer');
    await discardMysqlCopy(endpoint, signal);
    watcher.destroy();
    await discardMysqlCopy(endpoint, signal);
    expect(await server.rows("show databases like 'drillbook\\_proof'")).toEqual([]);
  });

  test('is not begun when there is no time for it', async () => {
    const request = { database: 'shop', damage: { kind: 'empty' } } as const;
    await expect(damageMysql(restored(), request, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('is made of what a drill restored, in the server of the restore', async () => {
    const estate = await startEstate();
    const source = join(lab, 'source');
    try {
      await estate.dump(join(source, 'shop.sql'));
    } finally {
      await estate.server.dispose();
    }
    const id = join(lab, 'drill');
    await restoreInto(id, await pointOf(source, 'shop.sql'));
    const damager = localDamager(
      builtFile(import.meta.url, '../../../../dist/providers/local/worker/restore-worker.js'),
    );
    const resource = { provider: 'local', type: 'server', id, name: 'shop', token: 'token-1' };
    const request = { resource, database: 'shop', damage: { kind: 'delete-rows', table: 'orders' } } as const;
    const copy = await damager.damage(request, signal);
    const look = { kind: 'sql', query: 'select count(*) from orders' } as const;
    expect(await observe(id, { ...look, database: copy.database })).toMatchObject({ value: 1980 });
    expect(await observe(id, { ...look, database: 'shop' })).toMatchObject({ value: 2000 });
    expect(copy.endpoint).toMatchObject({ kind: 'mysql', socket: join(id, 'socket/mysql.sock') });
    await damager.discard(resource, signal);
    expect(await observe(id, { ...look, database: copy.database })).toMatchObject({ kind: 'unobservable' });
  });
});
