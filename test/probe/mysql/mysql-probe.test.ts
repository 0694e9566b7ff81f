import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { observeMysql } from '../../../src/probe/mysql/observe.ts';
import type { MysqlLogin } from '../../../src/probe/mysql/session.ts';
import type { Observation } from '../../../src/probe/observation.ts';
import { testAuthority } from '../../support/aws/databases/authority.ts';
import { type SeededServer, LOGIN, ROW, program, startSeededServer } from './seeded-server.ts';

let seeded: SeededServer;

beforeAll(async () => {
  if (program !== undefined) seeded = await startSeededServer();
});

afterAll(() => seeded?.server.dispose());

function sql(query: string, over?: string, change: Partial<MysqlLogin> = {}): Promise<Observation> {
  return seeded.observe({ kind: 'sql', database: 'shop', query, ...(over !== undefined && { over }) }, change);
}

describe.skipIf(program === undefined)('a login to MySQL or MariaDB', () => {
  it('is accepted over TLS', async () => {
    expect(await seeded.observe(LOGIN)).toEqual({ kind: 'login', accepted: true });
    const cipher = await sql(
      "select variable_value <> '' from information_schema.session_status where variable_name = 'Ssl_cipher'",
    );
    expect(cipher).toMatchObject({ value: 1 });
  });

  it.each([
    ['a wrong password', { password: 'canary-wrong' }, 'ER_ACCESS_DENIED_ERROR (1045)'],
    ['no TLS', { authorities: undefined }, 'ER_ACCESS_DENIED_ERROR (1045)'],
    ['a missing database', { database: 'nowhere' }, 'ER_BAD_DB_ERROR (1049)'],
  ])('is refused for %s', async (_title, change, refusal) => {
    const observation = await observeMysql(
      { ...seeded.login(), ...change } as MysqlLogin,
      LOGIN,
      AbortSignal.timeout(60_000),
    );
    expect(observation).toEqual({ kind: 'login', accepted: false, refusal });
  });

  it('is never given to a server that the authorities do not vouch for', async () => {
    const { certificate } = await testAuthority();
    expect(await seeded.observe(LOGIN, { authorities: certificate })).toMatchObject({
      kind: 'unobservable',
      problem: { code: 'probe/tls-not-verified' },
    });
  });

  it('is never given to a server whose certificate is for another name', async () => {
    expect(await seeded.observe(LOGIN, { host: 'localhost' })).toEqual({ kind: 'login', accepted: true });
    // The same address, by a name that the certificate does not hold.
    expect(await seeded.observe(LOGIN, { host: '127.1' })).toMatchObject({
      problem: { code: 'probe/tls-not-verified' },
    });
  });

  it('to a port where nothing listens is unobservable', async () => {
    expect(await seeded.observe(LOGIN, { port: 1 })).toMatchObject({ problem: { code: 'probe/connection-refused' } });
  });
});

describe.skipIf(program === undefined)('a query to MySQL or MariaDB', () => {
  it.each([
    ['count(*) from orders', 2_000],
    ['9007199254740993', '9007199254740993'],
    ['cast(19.50 as decimal(10,2))', 19.5],
    ['1.5e0', 1.5],
    ['true', 1],
    ['null', null],
    ["'12'", '12'],
    ['@@session.time_zone', '+00:00'],
    ['note from orders order by id;', `${ROW} 1`],
  ])('select %s gives %s', async (expression, value) => {
    expect(await sql(`select ${expression}`)).toMatchObject({ kind: 'sql', value });
  });

  it('gives the number of its rows, up to one more than a thousand, and nothing for none', async () => {
    expect(await sql('select id from orders order by id')).toEqual({ kind: 'sql', rows: 1_001, value: 1 });
    expect(await sql('select id from orders order by id limit 1500')).toMatchObject({ rows: 1_001 });
    expect(await sql('select id from orders where false')).toEqual({ kind: 'sql', rows: 0, value: null });
  });

  it('counts its population, a table or a query, whatever was limited before', async () => {
    expect(await sql('select 0', 'orders')).toMatchObject({ population: 2_000 });
    expect(await sql('select 0', '(select 1 from orders where id <= 1200)')).toMatchObject({ population: 1_200 });
  });

  it.each([
    'delete from orders',
    'delete from orders returning id',
    'select 1; delete from orders',
    'create table made (id int)',
    'drop table orders',
    'commit',
    'set session transaction read write',
    "select 1 into outfile '/tmp/drillbook-never'",
    '/*! delete from orders */',
  ])('cannot write: %s', async (query) => {
    expect(await sql(query)).toMatchObject({ kind: 'unobservable', problem: { blames: 'environment' } });
    expect(await seeded.server.rows('select count(*) as count from shop.orders')).toEqual([{ count: 2_000 }]);
  });

  it('that the server refuses names the condition, and the table', async () => {
    expect(await sql('select 1 from nothing')).toMatchObject({
      problem: {
        code: 'check/query-failed',
        message: `unable to look at database 'shop': the server answered ER_NO_SUCH_TABLE (1146): Table 'shop.nothing' doesn't exist`,
      },
    });
  });

  it('that quotes a row in its error shows the condition alone', async () => {
    const query = 'select extractvalue(1, (select concat(0x7e, note) from shop.orders where id = 7))';
    await expect(seeded.server.rows(query)).rejects.toThrow(ROW);
    const observation = await sql(query);
    expect(observation).toMatchObject({ kind: 'unobservable', problem: { code: 'check/query-failed' } });
    expect(JSON.stringify(observation)).not.toContain(ROW);
  });

  it('that takes longer than a statement may is unobservable', async () => {
    expect(await sql('select sleep(600)', undefined, { statementTimeout: 50 })).toMatchObject({
      problem: { code: 'check/timed-out' },
    });
  });

  it('is cancelled on the server when its signal aborts', async () => {
    const abort = new AbortController();
    const running = seeded.observe({ kind: 'sql', database: 'shop', query: 'select sleep(599)' }, {}, abort.signal);
    await active(1);
    abort.abort();
    expect(await running).toMatchObject({ kind: 'unobservable', problem: { code: 'check/gave-up' } });
    await active(0);
  });
});

/** Waits until as many sleepers are at work. */
async function active(wanted: number): Promise<void> {
  for (;;) {
    const rows = await seeded.server.rows(
      "select id from information_schema.processlist where info like 'select sleep(599)%'",
    );
    if (rows.length === wanted) return;
  }
}

describe.skipIf(program === undefined)('freshness on MySQL or MariaDB', () => {
  it.each([
    ['max(at) from orders', '2026-11-20T03:00:00.500Z'],
    ["cast('2026-11-20' as date)", '2026-11-20T00:00:00.000Z'],
    ['max(at) from orders where false', undefined],
  ])('of %s is %s', async (expression, newestAt) => {
    const observation = await seeded.observe({ kind: 'freshness', database: 'shop', query: `select ${expression}` });
    expect(observation).toMatchObject({ kind: 'freshness', observedAt: expect.stringMatching(/Z$/) as string });
    expect((observation as { newestAt?: string }).newestAt).toBe(newestAt);
  });

  it.each(["'2026-11-20'", '1', 'note from orders'])('cannot be told of %s', async (expression) => {
    expect(await seeded.observe({ kind: 'freshness', database: 'shop', query: `select ${expression}` })).toMatchObject({
      problem: { code: 'check/not-a-timestamp' },
    });
  });
});

describe.skipIf(program === undefined)('row counts of MySQL or MariaDB', () => {
  it('come with what is missing', async () => {
    const tables = ['orders', 'shop.orders', '`odd ``name`', 'large', 'nothing', 'shop.nothing.more'];
    expect(await seeded.observe({ kind: 'row-counts', database: 'shop', tables })).toEqual({
      kind: 'row-counts',
      counts: [
        { table: 'orders', rows: 2_000 },
        { table: 'shop.orders', rows: 2_000 },
        { table: '`odd ``name`', rows: 2 },
        { table: 'large', rows: 1_000 },
        { table: 'nothing' },
        { table: 'shop.nothing.more' },
      ],
    });
  });
});

it.skipIf(program === undefined)('no observation ever held a password, and none that failed a row', () => {
  expect(JSON.stringify(seeded.seen)).not.toMatch(/canary-(master|wrong)/);
  const failed = seeded.seen.filter(({ kind }) => kind === 'unobservable');
  expect(failed.length).toBeGreaterThan(15);
  expect(JSON.stringify(failed)).not.toContain(ROW);
});
