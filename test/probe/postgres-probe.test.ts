import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Observation, ObservationRequest } from '../../src/probe/observation.ts';
import { postgresProbe } from '../../src/probe/postgres/postgres-probe.ts';
import { readSecret } from '../../src/probe/secret.ts';
import { type TestServer, startTestServer } from '../support/postgres-server.ts';

const CANARY_SECRET = 'canary-app-password';
const CANARY_VALUE = 'canary-row-value';
const env = { APP_PASSWORD: CANARY_SECRET, WRONG_PASSWORD: 'canary-wrong-password' };

type RequestOf<K extends ObservationRequest['kind']> = Omit<
  Extract<ObservationRequest, { kind: K }>,
  'kind' | 'database'
>;

let server: TestServer;
const seen: Observation[] = [];

beforeAll(async () => {
  server = await startTestServer();
  await server.sql(`
    create role app login password '${CANARY_SECRET}';
    create role clerk nologin;
    create table orders (id int primary key, note text, at timestamptz);
    insert into orders select g, '${CANARY_VALUE} ' || g, '2026-11-20 03:00:00+01'::timestamptz from generate_series(1, 2000) as g;
    create schema shop;
    create table shop."Odd Name" (drillbook_row int, t text);
    insert into shop."Odd Name" values (1, 'x');
    create function leak() returns text language plpgsql as $$
      declare v text; begin select note into v from public.orders limit 1; raise exception 'found %', v using detail = v, hint = v; end $$;
    create function guess() returns int language plpgsql as $$
      begin execute 'select * from "' || (select note from public.orders limit 1) || '"'; return 1; end $$;
    create foreign data wrapper nowhere;
    create server nowhere foreign data wrapper nowhere;
    create foreign table far_away (id int) server nowhere`);
  await server.sql('create database "app-db"');
});

afterAll(() => server?.dispose());

async function observe(request: ObservationRequest, signal = AbortSignal.timeout(60_000)): Promise<Observation> {
  const probe = postgresProbe({ readSecret: (ref) => readSecret(ref, env) });
  const observation = await probe.observe(server.endpoint, request, signal);
  seen.push(observation);
  return observation;
}

function login(change: Partial<RequestOf<'login'>> & { database?: string } = {}): Promise<Observation> {
  return observe({ kind: 'login', database: 'postgres', ...change });
}

function sql(query: string, over?: string): Promise<Observation> {
  return observe({ kind: 'sql', database: 'postgres', query, ...(over !== undefined && { over }) });
}

describe('a login', () => {
  it("is accepted as drillbook's own superuser, and as a user with its password", async () => {
    expect(await login()).toEqual({ kind: 'login', accepted: true });
    expect(await login({ user: 'app', password: { env: 'APP_PASSWORD' } })).toEqual({ kind: 'login', accepted: true });
  });

  it.each([
    ['a wrong password', { user: 'app', password: { env: 'WRONG_PASSWORD' } }, 'invalid_password (28P01)'],
    ['an unknown user', { user: 'nobody', password: { env: 'APP_PASSWORD' } }, 'invalid_password (28P01)'],
    ['a missing database', { database: 'nowhere' }, 'invalid_catalog_name (3D000)'],
  ])('is refused for %s', async (_title, change, refusal) => {
    expect(await login(change)).toEqual({ kind: 'login', accepted: false, refusal });
  });

  it('cannot be tried where its password cannot be read or is not given', async () => {
    expect(await login({ user: 'app', password: { env: 'NOT_SET' } })).toMatchObject({
      kind: 'unobservable',
      problem: { code: 'check/secret-unreadable', message: "the environment variable 'NOT_SET' is not set" },
    });
    expect(await login({ user: 'app' })).toMatchObject({ problem: { code: 'check/password-missing' } });
  });

  it('does not take a password from the environment of drillbook', async () => {
    process.env['PGPASSWORD'] = CANARY_SECRET;
    try {
      expect(await login({ user: 'app' })).toMatchObject({ problem: { code: 'check/password-missing' } });
    } finally {
      delete process.env['PGPASSWORD'];
    }
  });

  it('reads a password from a file, without its closing line end', async () => {
    const file = join(server.folder, 'app-password');
    await writeFile(file, `${CANARY_SECRET}\n`);
    expect(await login({ user: 'app', password: { file } })).toEqual({ kind: 'login', accepted: true });
    const missing = await login({ user: 'app', password: { file: `${file}-not-there` } });
    expect(missing).toMatchObject({ problem: { code: 'check/secret-unreadable' } });
  });

  it('cannot be tried where no server answers, or the credentials are gone', async () => {
    const probe = postgresProbe({ readSecret: (ref) => readSecret(ref, env) });
    const request: ObservationRequest = { kind: 'login', database: 'postgres' };
    const nowhere = await probe.observe({ ...server.endpoint, port: 1 }, request, AbortSignal.timeout(60_000));
    expect(nowhere).toMatchObject({ kind: 'unobservable', problem: { code: 'check/connection-lost' } });
    const credentialsFile = join(server.folder, 'nothing.json');
    const lost = await probe.observe({ ...server.endpoint, credentialsFile }, request, AbortSignal.timeout(60_000));
    expect(lost).toMatchObject({ kind: 'unobservable', problem: { code: 'check/no-credentials' } });
  });
});

describe('a query', () => {
  it.each([
    ['count(*) from orders', 2_000],
    ['9007199254740993::bigint', '9007199254740993'],
    ['42::bigint', 42],
    ['19.50::numeric', 19.5],
    ['100::numeric', 100],
    ['0.1234567890123456789::numeric', '0.1234567890123456789'],
    ["'NaN'::float8", 'NaN'],
    ['1.5::float8', 1.5],
    ['true', true],
    ['null::int', null],
    ["'12'::text", '12'],
    ["current_setting('timezone')", 'UTC'],
    ["'2026-03-01 12:00:00+02'::timestamptz", '2026-03-01 10:00:00+00'],
  ])('select %s gives %s', async (expression, value) => {
    expect(await sql(`select ${expression}`)).toEqual({ kind: 'sql', rows: 1, value });
  });

  it('gives the number of its rows, up to one more than a thousand, and nothing for none', async () => {
    expect(await sql('select id from orders order by id limit 3;')).toEqual({ kind: 'sql', rows: 3, value: 1 });
    expect(await sql('select id from orders order by id')).toEqual({ kind: 'sql', rows: 1_001, value: 1 });
    expect(await sql('select id from orders where false')).toEqual({ kind: 'sql', rows: 0, value: null });
  });

  it('counts its population, a table or a query', async () => {
    expect(await sql('select 0', 'shop."Odd Name"')).toMatchObject({ population: 1 });
    expect(await sql('select 0', '(select 1 from orders where id <= 7)')).toMatchObject({ population: 7 });
  });

  it.each([
    'delete from orders returning id',
    'with gone as (delete from orders returning id) select count(*) from gone',
    'select 1; delete from orders',
    'select 1; commit; begin read write; delete from orders; commit',
    "select set_config('transaction_read_only', 'off', false)",
  ])('cannot write: %s', async (query) => {
    expect(await sql(query)).toMatchObject({ kind: 'unobservable', problem: { blames: 'environment' } });
    expect(await server.sql('select count(*)::int as count from orders')).toEqual([{ count: 2_000 }]);
  });

  it('that the server refuses names the condition, and the relation', async () => {
    expect(await sql('select 1 from nothing')).toMatchObject({
      problem: {
        code: 'check/query-failed',
        message: `unable to look at database 'postgres': the server answered undefined_table (42P01): relation "nothing" does not exist`,
      },
    });
  });

  it.each([
    'select leak()',
    'select guess()',
    'select note::int from orders',
    "select 'x' || 1 / (id - 1) from orders order by id",
  ])('that quotes a row in its error shows the condition alone: %s', async (query) => {
    const observation = await sql(query);
    expect(observation).toMatchObject({ kind: 'unobservable', problem: { code: 'check/query-failed' } });
    expect(JSON.stringify(observation)).not.toContain(CANARY_VALUE);
  });

  it('into a database that is not there is unobservable', async () => {
    expect(await observe({ kind: 'sql', database: 'nowhere', query: 'select 1' })).toMatchObject({
      problem: { code: 'check/login-refused' },
    });
  });

  it('is cancelled on the server when its signal aborts', async () => {
    const abort = new AbortController();
    const observation = endlessQuery(abort.signal);
    await active(server, "query like 'fetch%'", 1);
    abort.abort();
    expect(await observation).toMatchObject({ kind: 'unobservable', problem: { code: 'check/gave-up' } });
    await active(server, "query like 'fetch%'", 0);
  });

  it('is not begun when its signal has aborted', async () => {
    const observation = await observe({ kind: 'sql', database: 'postgres', query: 'select 1' }, AbortSignal.abort());
    expect(observation).toMatchObject({ kind: 'unobservable', problem: { code: 'check/gave-up' } });
  });

  it('that takes longer than a statement may is unobservable', async () => {
    const probe = postgresProbe({ readSecret: () => Promise.resolve(''), statementTimeout: 50 });
    const request: ObservationRequest = { kind: 'sql', database: 'postgres', query: 'select 1 from pg_sleep(600)' };
    const observation = await probe.observe(server.endpoint, request, AbortSignal.timeout(60_000));
    expect(observation).toMatchObject({ problem: { code: 'check/timed-out' } });
  });
});

describe('row counts', () => {
  it('come with what is missing and what this server cannot read', async () => {
    const tables = ['orders', 'shop."Odd Name"', 'nothing', 'far_away'];
    expect(await observe({ kind: 'row-counts', database: 'postgres', tables })).toMatchObject({
      kind: 'row-counts',
      counts: [
        { table: 'orders', rows: 2_000 },
        { table: 'shop."Odd Name"', rows: 1 },
        { table: 'nothing' },
        { table: 'far_away', unreadable: { code: 'check/query-failed', blames: 'environment' } },
      ],
    });
  });
});

describe('freshness', () => {
  const ask = (query: string): Promise<Observation> => observe({ kind: 'freshness', database: 'postgres', query });

  it.each([
    ['max(at) from orders', '2026-11-20T02:00:00.000Z'],
    ["'2026-11-20 03:04:05.678901'::timestamp", '2026-11-20T03:04:05.678Z'],
    ["'2026-11-20'::date", '2026-11-20T00:00:00.000Z'],
    ['max(at) from orders where false', undefined],
  ])('of %s is %s', async (expression, newestAt) => {
    const observation = await ask(`select ${expression}`);
    expect(observation).toMatchObject({ kind: 'freshness', observedAt: expect.stringMatching(/Z$/) as string });
    expect((observation as { newestAt?: string }).newestAt).toBe(newestAt);
  });

  it.each(["'infinity'::timestamptz", "'2026-11-20'::text", '1', 'note from orders'])(
    'cannot be told of %s',
    async (expression) => {
      expect(await ask(`select ${expression}`)).toMatchObject({ problem: { code: 'check/not-a-timestamp' } });
    },
  );
});

describe('an endpoint', () => {
  it('is reached in a folder whose path is longer than a socket may have', async () => {
    const base = await mkdtemp(join(tmpdir(), 'drillbook-long-'));
    try {
      const deep = join(base, 'd'.repeat(120));
      await mkdir(deep);
      await symlink(server.endpoint.host, join(deep, 'socket'));
      const probe = postgresProbe({ readSecret: () => Promise.resolve('') });
      const endpoint = { ...server.endpoint, host: join(deep, 'socket') };
      const observation = await probe.observe(
        endpoint,
        { kind: 'login', database: 'postgres' },
        AbortSignal.timeout(60_000),
      );
      expect(observation).toEqual({ kind: 'login', accepted: true });
    } finally {
      await rm(base, { recursive: true });
    }
  });

  it('is read with our settings, whatever the restored cluster sets for its roles', async () => {
    await server.sql(`alter role postgres set timezone = 'Asia/Tokyo'; alter role postgres set zero_damaged_pages = on;
      alter role postgres set session_preload_libraries = 'no_such_library'`);
    try {
      expect(
        await sql("select current_setting('timezone') || ' ' || current_setting('zero_damaged_pages')"),
      ).toMatchObject({
        value: 'UTC off',
      });
    } finally {
      await withoutPreload(server, 'alter role postgres reset all');
    }
  });
});

it('no observation ever held a secret, and none that failed a row', async () => {
  expect(JSON.stringify(seen)).not.toMatch(/canary-(app|wrong|superuser)-password/);
  const problems = seen.filter(({ kind }) => kind === 'unobservable');
  expect(problems.length).toBeGreaterThan(10);
  expect(JSON.stringify(problems)).not.toContain(CANARY_VALUE);
  expect(await readFile(server.endpoint.credentialsFile, 'utf8')).toContain(server.password);
});

function endlessQuery(signal: AbortSignal): Promise<Observation> {
  return observe({ kind: 'sql', database: 'postgres', query: 'select 1 from pg_sleep(600)' }, signal);
}

/** Waits until as many statements are active that meet `condition`. */
async function active(server: TestServer, condition: string, wanted: number): Promise<void> {
  for (;;) {
    const [row] = await server.sql(
      `select count(*)::int as count from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and ${condition}`,
    );
    if (row?.['count'] === wanted) return;
  }
}

async function withoutPreload({ endpoint, password }: TestServer, text: string): Promise<void> {
  const client = new Client({
    ...endpoint,
    user: 'postgres',
    password,
    database: 'postgres',
    options: '-c session_preload_libraries=',
  });
  await client.connect();
  await client.query(text);
  await client.end();
}
