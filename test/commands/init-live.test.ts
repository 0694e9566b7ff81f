import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { initCommand } from '../../src/commands/init.ts';
import { parseRunbook } from '../../src/runbook/parse-runbook.ts';
import { type TestServer, startTestServer } from '../support/postgres-server.ts';
import { type Workplace, workplace } from '../support/workplace.ts';

const PASSWORD = 'canary-reader-password';
const VALUE = 'canary-row-value';
const DUMP = `--\n-- PostgreSQL database dump\n--\n
-- Dumped from database version 18.1\n
CREATE DATABASE shop WITH TEMPLATE = template0;\n
--\n-- PostgreSQL database dump complete\n--\n`;

let server: TestServer;
let place: Workplace;

beforeAll(async () => {
  server = await startTestServer();
  await server.sql('create database shop; ');
  await server.sql(
    `create role reader login password '${PASSWORD}' in role pg_read_all_data;
     create role stranger login password '${PASSWORD}';
     create table customers (id int primary key, name text default '${VALUE}', born_at timestamptz default now());
     insert into customers (id) select generate_series(1, 1234);
     create table orders (id int primary key, customer int references customers, placed_at timestamptz not null default now(),
       expires_at timestamptz default now());
     insert into orders select g, g, now() - interval '1 hour' from generate_series(1, 200) as g;
     create table ancient (created_at timestamptz default now()); create index on ancient (created_at);
     insert into ancient select '2001-01-01' from generate_series(1, 5000);
     create table empty (id int primary key, customer int references customers);
     create schema "Odd"; create table "Odd"."T x" (t text); insert into "Odd"."T x" values ('${VALUE}');
     create table parts (year int) partition by list (year); create table parts_1 partition of parts for values in (1);
     insert into parts values (1), (1)`,
    'shop',
  );
});
afterAll(async () => {
  await server?.dispose();
});

beforeEach(async () => {
  place = await workplace();
  await writeFile(join(place.cwd, 'backups', 'shop.sql'), DUMP);
});
afterEach(async () => {
  await place.remove();
});

function url(user = 'reader', port = server.endpoint.port): string {
  return `postgres://${user}@localhost:${port}/shop?host=${server.endpoint.host}&passwordEnv=SHOP_PASSWORD`;
}

async function init(live: string, password = PASSWORD): Promise<number> {
  const io = { ...place.io, env: { SHOP_PASSWORD: password } };
  return initCommand('backups', { live }, io);
}

async function written() {
  const file = join(place.cwd, 'runbooks', 'backups.yaml');
  const text = await readFile(file, 'utf8');
  const parsed = parseRunbook({ text, file, sandboxFolder: '/sandboxes' });
  if (parsed.kind === 'invalid') throw new Error(JSON.stringify(parsed.diagnostics));
  return { text, runbook: parsed.runbook };
}

describe('a runbook with a living PostgreSQL', () => {
  it('asks for the rows, the keys and the fresh data that are there, and for no value', async () => {
    expect(await init(url()), place.stderr()).toBe(0);
    const { text, runbook } = await written();
    expect(runbook.restore).toMatchObject([
      {
        kind: 'postgres-dump',
        database: 'shop',
        live: { database: 'shop', user: 'reader', password: { env: 'SHOP_PASSWORD' } },
      },
    ]);
    const counts = runbook.checks.find((one) => one.kind === 'row-counts');
    expect(counts?.tables).toEqual([
      { table: 'ancient', atLeast: 4500 },
      { table: 'customers', atLeast: 1100 },
      { table: 'orders', atLeast: 180 },
      { table: 'parts', atLeast: 1 },
      { table: '"Odd"."T x"', atLeast: 1 },
    ]);
    expect(runbook.checks.map(({ kind }) => kind)).toContain('foreign-keys');
    // No manifest is there yet, and its lack must not keep the first drill from passing.
    expect(runbook.checks.find(({ kind }) => kind === 'manifest')).toMatchObject({ severity: 'warn', of: 'backups' });
    const fresh = runbook.checks.find((one) => one.kind === 'freshness');
    expect(fresh).toMatchObject({ query: 'select max(placed_at) from orders', within: 24 * 3_600_000 });
    expect(text + place.stdout() + place.stderr()).not.toContain('canary');
  });

  it('asks for nothing of tables that the user may not read', async () => {
    expect(await init(url('stranger')), place.stderr()).toBe(0);
    expect((await written()).runbook.checks.map(({ kind }) => kind)).toEqual(['login', 'structure', 'manifest']);
  });

  it.each<[string, () => string, string, RegExp]>([
    ['does not let it in', () => url(), 'wrong', /invalid_password/],
    [
      'is not there',
      () => url('reader', 1),
      PASSWORD,
      /unable to look at the living database 'shop'.*\nhint: Look at the address/,
    ],
    ['has a password that is nowhere', () => url(), '', /'SHOP_PASSWORD' is not set/],
  ])('is not written where the server %s: exit 3', async (_name, live, password, told) => {
    expect(await init(live(), password)).toBe(3);
    expect(place.stderr()).toMatch(told);
    expect(place.stderr()).not.toContain('canary');
    expect(await readdir(join(place.cwd, 'runbooks'))).toEqual([]);
  });

  it('is refused where nothing found could be of it, or several could be: exit 2', async () => {
    expect(await init('app.db')).toBe(2);
    expect(place.stderr()).toMatch(/no backup of kind 'sqlite' or 'files' was found .*\[init\/no-owner\]/);
    for (const name of ['one', 'two']) {
      await mkdir(join(place.cwd, 'backups', name));
      await writeFile(join(place.cwd, 'backups', name, 'a.sql'), DUMP.replace('shop', name));
    }
    await writeFile(join(place.cwd, 'backups', 'shop.sql'), '');
    expect(await init(url())).toBe(2);
    expect(place.stderr()).toMatch(/could be the living source of several resources: 'one', 'two'/);
  });

  it('is a path for files and for SQLite, which is only written down', async () => {
    await mkdir(join(place.cwd, 'backups', 'media', '2026-11-20'), { recursive: true });
    await writeFile(join(place.cwd, 'backups', 'media', '2026-11-20', 'a.jpg'), 'a');
    expect(await init('media'), place.stderr()).toBe(0);
    const { runbook } = await written();
    expect(runbook.restore.find(({ kind }) => kind === 'files')).toMatchObject({ live: join(place.cwd, 'media') });
  });

  it('belongs to the resource whose backups name its database', async () => {
    for (const name of ['crm', 'shop']) {
      await mkdir(join(place.cwd, 'backups', name));
      await writeFile(join(place.cwd, 'backups', name, 'a.sql'), DUMP.replace('DATABASE shop', `DATABASE ${name}`));
    }
    await writeFile(join(place.cwd, 'backups', 'shop.sql'), '');
    expect(await init(url()), place.stderr()).toBe(0);
    const { runbook } = await written();
    expect(runbook.restore.map((one) => [one.name, 'live' in one])).toEqual([
      ['crm', false],
      ['shop', true],
    ]);
  });
});
