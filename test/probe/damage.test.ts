import { rm, truncate } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Judgement } from '../../src/checks/check.ts';
import { judgeCheck, prepareCheck } from '../../src/checks/check-kinds.ts';
import type { Manifest } from '../../src/checks/manifest-format.ts';
import { postgresProbe } from '../../src/probe/postgres/postgres-probe.ts';
import { recordManifest } from '../../src/probe/postgres/record-manifest.ts';
import type { CheckSpec } from '../../src/runbook/check-spec.ts';
import { aContext, anSqlCheck, common } from '../support/check-builder.ts';
import { type TestServer, overwrite, startTestServer } from '../support/postgres-server.ts';

const BLOCK = 8_192;
const ROWS = 4_000;
const CANARY = 'canary-row-value';

const database = { database: 'postgres' };
const checks = {
  'count(*)': anSqlCheck({ kind: 'equals', value: ROWS }, { ...database, query: 'select count(*) from orders' }),
  'row-counts': { ...common, ...database, kind: 'row-counts', tables: [{ table: 'orders', atLeast: ROWS }] },
  structure: { ...common, ...database, kind: 'structure', heapAllIndexed: false },
  'structure, deep': { ...common, ...database, kind: 'structure', heapAllIndexed: true },
  manifest: { ...common, ...database, kind: 'manifest', file: '/manifest.json' },
} satisfies Record<string, CheckSpec>;

type Outcomes = Record<keyof typeof checks, Judgement['outcome']>;

/** What is done to a stopped copy, what each check makes of it, and what the structure check says. */
const faults: {
  readonly title: string;
  readonly damage: (files: { heap: string; index: string; catalog: string }) => Promise<void>;
  sql?: string;
  readonly outcomes: Outcomes;
  readonly structure?: RegExp;
}[] = [
  {
    title: 'no fault',
    damage: () => Promise.resolve(),
    outcomes: {
      'count(*)': 'passed',
      'row-counts': 'passed',
      structure: 'passed',
      'structure, deep': 'passed',
      manifest: 'passed',
    },
  },
  {
    title: 'a zeroed heap page',
    damage: ({ heap }) => overwrite(heap, 2 * BLOCK, (bytes) => bytes.fill(0), BLOCK),
    outcomes: {
      'count(*)': 'passed',
      'row-counts': 'failed',
      structure: 'failed',
      'structure, deep': 'failed',
      manifest: 'failed',
    },
    structure:
      /^'public\.orders': the visibility map contradicts the pages \(1 in block 2\); 'public\.orders': an index knows 4000 rows, the table holds 39\d\d$/,
  },
  {
    title: 'a truncated heap',
    damage: ({ heap }) => truncate(heap, 100 * BLOCK),
    outcomes: {
      'count(*)': 'passed',
      'row-counts': 'failed',
      structure: 'failed',
      'structure, deep': 'failed',
      manifest: 'failed',
    },
    structure: /an index knows 4000 rows, the table holds \d+$/,
  },
  {
    title: 'a flipped byte in a heap page',
    damage: ({ heap }) => overwrite(heap, 3 * BLOCK - 100, flipped, 1),
    outcomes: {
      'count(*)': 'passed',
      'row-counts': 'failed',
      structure: 'failed',
      'structure, deep': 'failed',
      manifest: 'failed',
    },
    structure: /^'public\.orders': data_corrupted \(XX001\) in block 2/,
  },
  {
    title: 'a flipped byte in an index leaf',
    damage: ({ index }) => overwrite(index, 2 * BLOCK - 100, flipped, 1),
    outcomes: {
      'count(*)': 'failed',
      'row-counts': 'passed',
      structure: 'failed',
      'structure, deep': 'failed',
      manifest: 'passed',
    },
    structure: /^'public\.orders_pkey': data_corrupted \(XX001\) in block 1; 'public\.orders': data_corrupted/,
  },
  {
    title: 'a heap file that is gone',
    damage: ({ heap }) => rm(heap),
    outcomes: {
      'count(*)': 'failed',
      'row-counts': 'failed',
      structure: 'failed',
      'structure, deep': 'failed',
      manifest: 'failed',
    },
    structure: /'public\.orders': undefined_file \(58P01\)/,
  },
  {
    title: 'a flipped byte in a system catalog',
    damage: ({ catalog }) => overwrite(catalog, BLOCK - 100, flipped, 1),
    outcomes: {
      'count(*)': 'passed',
      'row-counts': 'passed',
      structure: 'failed',
      'structure, deep': 'failed',
      manifest: 'passed',
    },
    structure: /^'pg_catalog\.pg_description': data_corrupted \(XX001\) in block 0/,
  },
  {
    title: 'an invalid index',
    damage: () => Promise.resolve(),
    sql: `update pg_index set indisvalid = false where indexrelid = 'orders_pkey'::regclass`,
    outcomes: {
      'count(*)': 'passed',
      'row-counts': 'passed',
      structure: 'failed',
      'structure, deep': 'failed',
      manifest: 'failed',
    },
    structure: /^'public\.orders_pkey': the index is not valid$/,
  },
];

let source: TestServer;
let manifest: Manifest;
let files: { heap: string; index: string; catalog: string };

beforeAll(async () => {
  source = await startTestServer();
  await source.sql(`
    create table orders (id int primary key, note text);
    insert into orders select g, repeat('${CANARY} ', 18) || g from generate_series(1, ${ROWS}) as g;
    create table empty_log (id int primary key)`);
  await source.sql('vacuum (freeze, analyze) orders');
  const { host, port } = source.endpoint;
  const login = { host, port, user: 'postgres', password: source.password, statementTimeout: 60_000, ...database };
  const recorded = await recordManifest({ login, bounded: [], recoveryPointId: 'monday' }, AbortSignal.timeout(60_000));
  if ('code' in recorded) throw new Error(recorded.message);
  manifest = recorded;
  files = {
    heap: await source.fileOf('orders'),
    index: await source.fileOf('orders_pkey'),
    catalog: await source.fileOf('pg_description'),
  };
  await source.stop();
});

afterAll(() => source?.dispose());

describe.each(faults)('of a copy with $title', ({ damage, sql, outcomes, structure }) => {
  let copy: TestServer;
  const judgements = new Map<string, Judgement>();

  beforeAll(async () => {
    copy = await source.copy();
    const inCopy = (file: string): string => file.replace(source.folder, copy.folder);
    await damage({ heap: inCopy(files.heap), index: inCopy(files.index), catalog: inCopy(files.catalog) });
    await copy.start();
    if (sql !== undefined) await copy.sql(sql);
    for (const [name, check] of Object.entries(checks)) judgements.set(name, await judged(check));
  });

  afterAll(() => copy?.dispose());

  async function judged(check: CheckSpec): Promise<Judgement> {
    const probe = postgresProbe({ readSecret: () => Promise.resolve('') });
    const context = aContext({ manifest });
    const request = prepareCheck(check, context);
    if ('outcome' in request) return request;
    return judgeCheck(check, await probe.observe(copy.endpoint, request, AbortSignal.timeout(60_000)), context);
  }

  it('each check sees what it can see', () => {
    const seen = Object.fromEntries([...judgements].map(([name, { outcome }]) => [name, outcome]));
    expect(seen).toEqual(outcomes);
  });

  it('the structure check names the relation and the block', () => {
    for (const name of ['structure', 'structure, deep']) {
      if (structure) expect(judgements.get(name)?.because).toMatch(structure);
    }
  });

  it('no judgement shows a row', () => {
    expect(JSON.stringify([...judgements])).not.toContain(CANARY);
  });

  it('the copy holds nothing of the probe afterwards', async () => {
    const left = await copy.sql(`select extname as name from pg_extension where extname <> 'plpgsql'
      union all select nspname from pg_namespace where nspname like 'drillbook%'`);
    expect(left).toEqual([]);
  });
});

function flipped(bytes: Buffer): Buffer {
  return Buffer.from([(bytes[0] ?? 0) ^ 0x01]);
}
