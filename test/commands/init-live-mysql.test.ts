import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { initCommand } from '../../src/commands/init.ts';
import { parseRunbook } from '../../src/runbook/parse-runbook.ts';
import { type MariaDb, findMariaDb, startMariaDb } from '../support/mariadb-server.ts';
import { type Workplace, workplace } from '../support/workplace.ts';

const PASSWORD = 'canary-reader-password';
const DUMP = [
  '-- MariaDB dump 10.19  Distrib 10.11.14-MariaDB, for debian-linux-gnu (x86_64)',
  '-- Host: localhost    Database: shop',
  '-- Server version\t10.11.14-MariaDB',
  '-- Dump completed on 2026-11-20  3:00:00',
  '',
].join('\n');
const program = await findMariaDb();

describe.skipIf(program === undefined)('a runbook with a living MariaDB', () => {
  let server: MariaDb;
  let place: Workplace;

  beforeAll(async () => {
    place = await workplace();
    server = await startMariaDb(program ?? '');
    await server.sql(
      `create user reader identified by '${PASSWORD}'`,
      'grant select, references on *.* to reader',
      `create user stranger identified by '${PASSWORD}'`,
      'grant select on shop.* to stranger',
      'create database shop',
      'use shop',
      'create table customers (id int primary key, born_at datetime default now())',
      'insert into customers select seq, now() from seq_1_to_1234',
      'create table orders (id int primary key, customer int references customers (id), placed_at datetime not null default now())',
      'insert into orders select seq, seq, now() - interval 1 hour from seq_1_to_200',
      'create table ancient (created_at datetime default now(), key (created_at))',
      "insert into ancient select '2001-01-01' from seq_1_to_5000",
      'create table empty (customer int references customers (id))',
      'create table `odd ``name` (id int)',
      'insert into `odd ``name` values (1)',
    );
  });
  afterAll(async () => {
    await server.dispose();
    await place.remove();
  });

  it('says that it saw no key, where a user that only selects is shown none', async () => {
    await writeFile(join(place.cwd, 'backups', 'shop.sql'), DUMP);
    const io = { ...place.io, env: { MYSQL_PWD: PASSWORD } };
    const options = { live: `mysql://stranger@127.0.0.1:${server.port}/shop`, name: 'stranger' };
    expect(await initCommand('backups', options, io), place.stderr()).toBe(0);
    const text = await readFile(join(place.cwd, 'runbooks', 'stranger.yaml'), 'utf8');
    expect(text).toMatch(
      /# No foreign key was seen.*\n {2}# - \{ integrity: no row of backups .*kind: foreign-keys \}\n/,
    );
  });

  it('asks for the rows, the keys and the fresh data that are there', async () => {
    await writeFile(join(place.cwd, 'backups', 'shop.sql'), DUMP);
    const io = { ...place.io, env: { MYSQL_PWD: PASSWORD } };
    const live = `mysql://reader@127.0.0.1:${server.port}/shop`;
    expect(await initCommand('backups', { live }, io), place.stderr()).toBe(0);
    const file = join(place.cwd, 'runbooks', 'backups.yaml');
    const text = await readFile(file, 'utf8');
    const parsed = parseRunbook({ text, file, sandboxFolder: '/sandboxes' });
    const { restore, checks } = parsed.kind === 'valid' ? parsed.runbook : { restore: [], checks: [] };
    expect(restore).toMatchObject([{ kind: 'mysql', live: { user: 'reader', password: { env: 'MYSQL_PWD' } } }]);
    expect(checks.map(({ kind }) => kind)).toEqual(['login', 'structure', 'foreign-keys', 'row-counts', 'freshness']);
    expect(checks).toMatchObject([
      {},
      {},
      {},
      {
        tables: [
          { table: 'ancient', atLeast: 4500 },
          { table: 'customers', atLeast: 1100 },
          { table: 'orders', atLeast: 180 },
          { table: '`odd ``name`', atLeast: 1 },
        ],
      },
      { query: 'select max(placed_at) from orders' },
    ]);
    expect(text + place.stdout() + place.stderr()).not.toContain('canary');
  });
});
