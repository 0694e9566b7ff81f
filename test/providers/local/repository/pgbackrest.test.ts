import { chmod, cp, mkdir, mkdtemp, open, readFile, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RecoveryPoint } from '../../../../src/catalog/recovery-point.ts';
import { chooseFiles } from '../../../../src/providers/local/repository/fetch-pgbackrest-wal.ts';
import type { PgBackRestBackup } from '../../../../src/providers/local/repository/pgbackrest.ts';
import type { PostgresRestore, RecoveryTarget } from '../../../../src/runbook/restore-spec.ts';
import { textsBelow, treeHash } from '../../../support/tree-hash.ts';
import { makeFolderFor } from '../postgres/cluster.ts';
import { ask, endAllWorkers, startWorker } from '../postgres/worker.ts';
import {
  COMMON,
  ENV,
  PASSWORD,
  PASSWORD_NAME,
  hasTool,
  list,
  listingProblem,
  restoreInto,
} from './repository-worker.ts';
import { type BackedUpCluster, STANZA, startBackedUpCluster } from './stanza.ts';
import { wholeTest } from '../../../support/whole.ts';

const isThere = await hasTool('pgbackrest');
const COUNT = 'select (select count(*)::int from orders) as orders, (select count(*)::int from side) as side';

let lab: string;
let shop: BackedUpCluster;
let full: RecoveryPoint;
let diff: RecoveryPoint;
let moment: string;
let folders = 0;

const freshFolder = (): string => join(lab, 'drills', String((folders += 1)));

function spec(source: string, to: RecoveryTarget = { kind: 'latest' }, changes: object = {}): PostgresRestore {
  const repository = { tool: 'pgbackrest', stanza: STANZA, ...changes } as const;
  const recoveryPoint = { pick: { kind: 'latest' }, to } as const;
  const server = { superuser: 'postgres', preload: [], database: 'postgres' };
  return { ...COMMON, ...server, name: 'orders', kind: 'postgres', source, repository, recoveryPoint };
}

async function overwrite(file: string, at: number): Promise<void> {
  await chmod(file, 0o600);
  const handle = await open(file, 'r+');
  await handle.write(Buffer.from('damaged!'), 0, 8, at);
  await handle.close();
}

/** A copy of the plain repository in which the last file of that name is damaged, or all: pgBackRest keeps copies. */
async function damagedCopy(name: RegExp, at: number): Promise<string> {
  const copy = join(lab, `damaged-${(folders += 1)}`);
  await cp(shop.plain, copy, { recursive: true });
  const files = (await readdir(copy, { recursive: true })).filter((path) => name.test(path)).sort();
  for (const file of name.source.endsWith('$') ? files.slice(-1) : files) await overwrite(join(copy, file), at);
  return copy;
}

describe.runIf(isThere)('a repository of pgBackRest', () => {
  beforeAll(async () => {
    lab = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
    await chmod(lab, 0o755);
    await mkdir(join(lab, 'drills'), { mode: 0o755 });
    shop = await startBackedUpCluster(join(lab, 'shop'));
    const { cluster } = shop;
    await makeFolderFor(join(lab, 'shop/elsewhere'));
    await cluster.query(`create tablespace elsewhere location '${join(lab, 'shop/elsewhere')}'`);
    await cluster.query('create table side tablespace elsewhere as select 1 as n');
    await cluster.query("create table orders as select n, repeat('x', 100) as note from generate_series(1, 1000) n");
    await shop.backUp('full', 1, ['--annotation=release=1.2']);
    await shop.backUp('full', 2);
    await cluster.query("insert into orders select n, repeat('y', 100) from generate_series(1001, 2000) n");
    await shop.backUp('diff', 1);
    const [now] = await cluster.query(
      `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at`,
    );
    moment = String(now?.['at']);
    await cluster.query("insert into orders select n, repeat('z', 100) from generate_series(2001, 3000) n");
    await shop.archive();
    await cluster.query('insert into orders select 0, null');
    await shop.archive();
    await cluster.stop('SIGQUIT');
    const { points } = await list(spec(shop.plain));
    [full, diff] = points as [RecoveryPoint, RecoveryPoint];
  });

  afterEach(endAllWorkers);

  afterAll(async () => {
    await shop?.cluster.stop('SIGQUIT');
    await rm(lab, { recursive: true, force: true });
  });

  it('lists its backups with their stop times, positions, sizes and annotations', async () => {
    const { points, unusable } = await list(spec(shop.plain));
    expect(unusable).toEqual([]);
    expect(points.map(({ format, tags }) => [format, tags])).toEqual([
      ['pgBackRest backup (full)', ['release=1.2']],
      ['pgBackRest backup (diff)', []],
    ]);
    expect(full.id).toMatch(/^\d{8}-\d{6}F$/);
    expect(diff.id).toBe(`${full.id}_${diff.id.slice(-16)}`);
    expect(full.capturedAtSource).toMatch(/^stop time in pgBackRest's info, at [0-9A-F]+\/[0-9A-F]+$/);
    expect(Math.abs(Date.parse(diff.capturedAt) - Date.now())).toBeLessThan(600_000);
    expect(full).toMatchObject({ engine: { version: '15' }, consistency: 'application' });
    expect(full.bytes).toBeGreaterThan(10_000_000);
  });

  it('gives a differential backup to its own end, whole, with its tablespace, and is only read', async () => {
    const folder = freshFolder();
    const [before, elsewhere] = [await treeHash(shop.plain), await treeHash(join(lab, 'shop/elsewhere'))];
    const env = { ...ENV, PGBACKREST_REPO1_PATH: '/nowhere', PGBACKREST_SET: 'none' };
    const { state } = await restoreInto(folder, spec(shop.plain, { kind: 'backup-end' }), diff, env);
    if (state.kind !== 'ready' || !state.facts) throw new Error(JSON.stringify(state));
    expect(await ask(folder, COUNT)).toEqual([{ orders: 2000, side: 1 }]);
    expect([await treeHash(shop.plain), await treeHash(join(lab, 'shop/elsewhere'))]).toEqual([before, elsewhere]);
    const [link = ''] = await readdir(join(folder, 'data/pg_tblspc'));
    expect(await realpath(join(folder, 'data/pg_tblspc', link))).toBe(
      join(await realpath(folder), 'tablespaces', link),
    );
    const { spans, settings, moment, dataMoments } = state.facts;
    expect(spans.slice(0, 2).map(({ name }) => name)).toEqual(['fetch from repository', 'fetch WAL']);
    expect(settings.at(-1)).toMatch(/^a copy fetched by pgbackrest \d+\.\d+$/);
    expect(moment.recoveryPointId).toBe(diff.id);
    for (const { at } of dataMoments) expect(at <= diff.capturedAt).toBe(true);
  });

  it('gives a full backup up to the last moment of its archive', async () => {
    const folder = freshFolder();
    const { state } = await restoreInto(folder, spec(shop.plain), full);
    expect(state.kind === 'failed' ? state.problem : state.kind).toBe('ready');
    expect(await ask(folder, COUNT)).toEqual([{ orders: 3001, side: 1 }]);
    expect(await readFile(join(folder, 'data/postgresql.auto.conf'), 'utf8')).not.toContain('restore_command');
  });

  wholeTest(
    'leaves no second copy of what was fetched, which a worker that is started again does not need',
    async () => {
      const folder = freshFolder();
      const worker = await restoreInto(folder, spec(shop.plain), full);
      expect(await readdir(folder)).not.toContain('fetched');
      worker.child.kill('SIGKILL');
      await worker.end();
      await rm(join(folder, 'state.json'));
      expect(await startWorker(folder, { PATH: ENV.PATH }).settled()).toEqual(worker.state);
      expect(await ask(folder, COUNT)).toEqual([{ orders: 3001, side: 1 }]);
    },
  );

  wholeTest('is opened with its passphrase where it is encrypted, which is then written nowhere', async () => {
    const folder = freshFolder();
    const encrypted = spec(shop.encrypted, { kind: 'latest' }, { passphrase: { env: PASSWORD_NAME } });
    const { points } = await list(encrypted);
    const { state } = await restoreInto(folder, encrypted, points[0] ?? full);
    expect(state.kind === 'failed' ? state.problem : state.kind).toBe('ready');
    expect(await ask(folder, COUNT)).toEqual([{ orders: 3001, side: 1 }]);
    for (const text of (await textsBelow(folder)).values()) expect(text.includes(PASSWORD)).toBe(false);
  });

  it.each([
    ['another passphrase', 'encrypted', { passphrase: { env: PASSWORD_NAME } }, 'restore/wrong-password'],
    ['no passphrase', 'encrypted', {}, 'restore/wrong-password'],
    ['another stanza', 'plain', { stanza: 'other' }, 'restore/source-unreadable'],
  ] as const)('cannot be listed with %s, and the backup is not to blame', async (_, repository, changes, code) => {
    const env = { ...ENV, [PASSWORD_NAME]: 'another' };
    const problem = await listingProblem(spec(shop[repository], { kind: 'latest' }, changes), env);
    expect(problem).toMatchObject({ code, blames: 'environment' });
  });

  it.each([
    ['a segment of its archive', /archive.*\/[0-9A-F]{24}-[0-9a-f]{40}$/, 500_000, 'restore/wal-segment-damaged'],
    // A file of the backup itself has the same end, only that pgBackRest tries it again after 15 s.
    ['the list of what it holds', /F\/backup\.manifest/, 100, 'restore/repository-damaged'],
  ])('is to blame when %s is damaged', async (_, name, at, code) => {
    const copy = await damagedCopy(name, at);
    const { state } = await restoreInto(freshFolder(), spec(copy), full);
    expect(state).toMatchObject({ kind: 'failed', problem: { code, blames: 'backup' } });
  });

  wholeTest('is not to blame for a damaged segment behind the wanted moment, and gives that moment', async () => {
    const folder = freshFolder();
    const copy = await damagedCopy(/archive.*\/[0-9A-F]{24}-[0-9a-f]{40}$/, 500_000);
    const { state } = await restoreInto(folder, spec(copy, { kind: 'time', time: moment }), diff);
    expect(state.kind === 'failed' ? state.problem : state.kind).toBe('ready');
    expect(await ask(folder, COUNT)).toEqual([{ orders: 2000, side: 1 }]);
  });

  it('is not to blame when the drawn backup has expired', async () => {
    const { state } = await restoreInto(freshFolder(), spec(shop.plain), { ...full, id: '20200101-000000F' });
    expect(state).toMatchObject({
      kind: 'failed',
      problem: { code: 'restore/source-unreadable', blames: 'environment' },
    });
  });
});

describe('the WAL that is fetched for a backup of pgBackRest', () => {
  const segment = (timeline: number, number: number): string => `0000000${timeline}000000010000000${number}`;
  const archived = (timeline: number, number: number): string =>
    `000000010000000${timeline}/${segment(timeline, number)}-${'a'.repeat(40)}.gz`;
  const backup = { archive: { start: segment(1, 3), stop: segment(1, 4) } } as PgBackRestBackup;
  const paths = [
    '00000002.history',
    ...[2, 3, 4, 5].map((number) => archived(1, number)),
    ...[4, 5].map((number) => archived(2, number)),
    `0000000100000001/${segment(1, 3)}.00000028.backup`,
    `0000000100000001/${segment(1, 5)}.00000028.backup`,
    `0000000100000001/${segment(1, 6)}.partial-${'a'.repeat(40)}.gz`,
    'archive.info',
  ];
  const record = `${segment(1, 3)}.00000028.backup`;
  const names = (kind: 'backup-end' | 'latest'): string[] =>
    chooseFiles(paths, backup, { kind })
      .map(({ name }) => name)
      .sort();

  it('is that from its first to its last segment, where it is restored to its own end', () => {
    expect(names('backup-end')).toEqual([segment(1, 3), record, segment(1, 4), '00000002.history'].sort());
  });

  it('is all from its first segment on, on whatever timeline, where it is to go on', () => {
    const all = [segment(1, 3), segment(1, 4), segment(1, 5), segment(2, 4), segment(2, 5)];
    expect(names('latest')).toEqual([...all, record, '00000002.history'].sort());
  });
});
