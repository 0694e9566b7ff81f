import { copyFile, mkdir, readFile, readdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Verdict } from '../../src/drill/verdict.ts';
import type { PostgresRestore, RecoveryTarget } from '../../src/runbook/restore-spec.ts';
import { type Cluster, startCluster } from '../providers/local/postgres/cluster.ts';
import { endAllWorkers } from '../providers/local/postgres/worker.ts';
import { overwrite } from '../support/postgres-server.ts';
import { openLab, tryOut } from './bench.ts';
import { empty, flip } from './damage.ts';
import { COLUMNS, POSTGRES_SHOP, databaseChecks } from './database-checks.ts';
import { faultTable } from './fault-table.ts';

const SEGMENT = 1024 * 1024;
const LATEST: RecoveryTarget = { kind: 'latest' };
const BACKUP_END: RecoveryTarget = { kind: 'backup-end' };
const TARGETS: Readonly<Record<string, string>> = {
  latest: 'replayed to its last moment',
  'backup-end': "replayed to the backup's end",
  time: 'replayed to a moment',
};
/** Of a replay to its last moment no manifest is at hand. */
const CHECKS = databaseChecks('shop').filter(({ kind }) => kind !== 'manifest');
const table = faultTable(
  'WAL archives',
  COLUMNS.filter((id) => id !== 'manifest'),
);

let lab: string;
let cluster: Cluster;
let backup: string;
/** All of timeline 1, in order. */
let segments: readonly string[];
/** Where the backup ends. */
let stop: string;
let estates = 0;

type Damage = (wal: string) => Promise<unknown>;

interface Fault {
  readonly damage: Damage;
  readonly to?: RecoveryTarget;
  /** `failed` unless it says otherwise. */
  readonly ends?: Verdict;
}

const at = (wal: string, index: number): string => join(wal, segments.at(index) ?? '');

const faults: readonly [fault: string, Fault][] = [
  ['nothing', { damage: async () => {}, ends: 'passed' }],
  ['nothing', { damage: async () => {}, to: BACKUP_END, ends: 'passed' }],
  ['the archive missing', { damage: (wal) => rm(wal, { recursive: true }), ends: 'inconclusive' }],
  ['a segment that cannot be read', { damage: (wal) => unreadable(at(wal, -2)), ends: 'inconclusive' }],
  ['the archive empty', { damage: emptied }],
  ['the archive empty', { damage: emptied, to: BACKUP_END }],
  ['a segment missing', { damage: (wal) => rm(at(wal, -3)) }],
  ['a segment missing behind the wanted moment', { damage: (wal) => rm(at(wal, -3)), to: BACKUP_END, ends: 'passed' }],
  ["the backup's own end missing", { damage: withoutEnd }],
  ["the backup's own end missing", { damage: withoutEnd, to: BACKUP_END }],
  ['a segment cut off', { damage: (wal) => truncate(at(wal, -2), SEGMENT / 2) }],
  ['an empty segment', { damage: (wal) => empty(at(wal, -2)) }],
  ['one byte of a record', { damage: (wal) => overwrite(at(wal, -3), 3 * 8_192 + 2_000, flip, 1) }],
  ['one byte of a record of the last segment', { damage: (wal) => overwrite(at(wal, -1), 3 * 8_192 + 2_000, flip, 1) }],
  ['the last segment torn', { damage: (wal) => overwrite(at(wal, -1), 5 * 8_192, zeros, SEGMENT - 5 * 8_192) }],
  ['a segment of another cluster', { damage: (wal) => overwrite(at(wal, -2), 25, flip, 1) }],
  ["a segment under another's name", { damage: (wal) => copyFile(at(wal, -3), at(wal, -2)) }],
  ['compressed segments', { damage: async (wal) => rename(at(wal, -2), `${at(wal, -2)}.gz`), ends: 'inconclusive' }],
  [
    'a moment that it does not reach',
    { damage: async () => {}, to: { kind: 'time', time: '2038-01-01T00:00:00.000Z' } },
  ],
  [
    "a moment before the backup's end",
    { damage: async () => {}, to: { kind: 'time', time: '2020-01-01T00:00:00.000Z' }, ends: 'inconclusive' },
  ],
];

/** What is done to an archive that goes on to a second timeline, after a promotion. */
const promotionFaults: readonly [fault: string, Fault][] = [
  ['nothing, after a promotion', { damage: async () => {}, ends: 'passed' }],
  ['the history of its last timeline missing', { damage: (wal) => rm(join(wal, '00000002.history')) }],
  ['the history of its last timeline empty', { damage: (wal) => empty(join(wal, '00000002.history')) }],
  ['the history of another timeline in its place', { damage: foreignHistory }],
];

beforeAll(async () => {
  lab = await openLab();
  cluster = await startCluster(join(lab, 'cluster'));
  await cluster.query('create database shop');
  await cluster.query(POSTGRES_SHOP, 'shop');
  for (const name of ['orders', 'customers']) await cluster.query(`vacuum (freeze, analyze) ${name}`, 'shop');
  backup = join(lab, 'healthy', 'b');
  await cluster.backUp(backup);
  for (let step = 0; step < 5; step += 1) {
    await cluster.query(`create table later_${step} as select repeat('x', 100) from generate_series(1, 5000)`, 'shop');
    await cluster.archiveAll();
  }
  await copyTree(cluster.archive, join(lab, 'healthy', 'wal'));
  const names = await readdir(cluster.archive);
  segments = names.filter((name) => /^[0-9A-F]{24}$/.test(name)).sort();
  const label = await readFile(join(cluster.archive, names.find((name) => name.endsWith('.backup')) ?? ''), 'utf8');
  stop = /STOP WAL LOCATION: \S+ \(file (\S+)\)/.exec(label)?.[1] ?? '';
  await promote();
  await copyTree(cluster.archive, join(lab, 'healthy', 'wal-of-two'));
});

afterAll(async () => {
  await endAllWorkers();
  await cluster?.stop('SIGQUIT');
  await rm(lab, { recursive: true, force: true });
});

describe.each([
  ['wal', faults],
  ['wal-of-two', promotionFaults],
])('of an archive (%s)', (archive, itsFaults) => {
  it.each(itsFaults)('%s ends a drill as it must (%o)', async (fault, { damage, to = LATEST, ends = 'failed' }) => {
    const found = await tryOut(lab, await damaged(archive, damage, to), { checks: CHECKS });
    table.add(fault, TARGETS[to.kind] ?? '', found);
    expect(found.verdict, JSON.stringify(found)).toBe(ends);
  });
});

it('the page for people says what was found', () => table.compareWithPage());

/** A backup without any WAL of its own, and a damaged archive. */
async function damaged(archive: string, damage: Damage, to: RecoveryTarget): Promise<PostgresRestore> {
  const source = join(lab, 'estates', String((estates += 1)));
  const wal = join(source, 'archive');
  await mkdir(source, { recursive: true });
  await copyTree(backup, join(source, 'b'));
  await copyTree(join(lab, 'healthy', archive), wal);
  await damage(wal);
  const recoveryPoint = { pick: { kind: 'id', id: 'b' }, to } as const;
  const server = { superuser: 'postgres', preload: [], database: 'shop' };
  return { name: 'shop', kind: 'postgres', source, wal, needs: [], recoveryPoint, ...server };
}

/** Lets the cluster end its timeline and go on with the next one, as after a disaster. */
async function promote(): Promise<void> {
  await cluster.stop('SIGINT');
  const settings = join(cluster.data, 'postgresql.conf');
  await writeFile(settings, `${await readFile(settings, 'utf8')}restore_command = 'false'\n`);
  await writeFile(join(cluster.data, 'recovery.signal'), '');
  await cluster.start();
  await cluster.query('create table after_promotion as select generate_series(1, 1000)', 'shop');
  await cluster.archiveAll();
}

function zeros(bytes: Buffer): Buffer {
  return bytes.fill(0);
}

/** As on a disk that is not mounted. */
async function unreadable(file: string): Promise<void> {
  await rm(file);
  await symlink('/nowhere/at/all', file);
}

async function emptied(wal: string): Promise<void> {
  for (const name of await readdir(wal)) await rm(join(wal, name));
}

async function withoutEnd(wal: string): Promise<void> {
  for (const name of segments.filter((name) => name >= stop)) await rm(join(wal, name));
}

/** As of a cluster that was promoted before the backup was taken. */
async function foreignHistory(wal: string): Promise<void> {
  await writeFile(join(wal, '00000002.history'), '1\t0/100000\tno recovery target specified\n');
}

/** `cp` of the system takes a fraction of the time of Node's own. */
async function copyTree(from: string, to: string): Promise<void> {
  await promisify(execFile)('cp', ['-a', '--reflink=auto', from, to]);
}
