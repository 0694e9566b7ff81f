import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, readdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32c } from '@node-rs/crc32';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/checks/manifest-format.ts';
import type { PostgresRestore } from '../../src/runbook/restore-spec.ts';
import { type Cluster, startCluster } from '../providers/local/postgres/cluster.ts';
import { packBackup, writeManifest } from '../providers/local/postgres/forms.ts';
import { endAllWorkers } from '../providers/local/postgres/worker.ts';
import { overwrite } from '../support/postgres-server.ts';
import { look, observed, openLab, tryOut, tryOutEach } from './bench.ts';
import { cutMiddle, empty } from './damage.ts';
import { COLUMNS, POSTGRES_LOGICAL, POSTGRES_SHOP, databaseChecks } from './database-checks.ts';
import { faultTable } from './fault-table.ts';

const BLOCK = 8_192;
const PLAIN = 'plain, no manifest';
const LISTED = 'plain, with manifest';
const TAR = 'tar.gz, no manifest';
const LISTED_TAR = 'tar.gz, with manifest';
const RAW_TAR = 'tar, no manifest';
const COPY = 'data folder';
const ALL = [PLAIN, LISTED, TAR, LISTED_TAR, COPY] as const;
const table = faultTable('base backups', COLUMNS);

let lab: string;
let cluster: Cluster;
/** Healthy ones, by form: a plain base backup and a crash-consistent copy. */
let healthy: { readonly backup: string; readonly copy: string };
/** A base backup of all databases that checks find something in. */
let ofLogical: string;
let files: { readonly heap: string; readonly index: string };
let manifest: Manifest;
let estates = 0;

/** What is done to a backup before its manifest is written, or to a data folder. */
type Damage = (folder: string) => Promise<unknown>;

interface Fault {
  readonly damage: Damage;
  readonly forms: readonly string[];
  /** Forms in which a drill passes all the same. */
  readonly unnoticed?: readonly string[];
  /** The backup was taken of what is damaged, so that its manifest agrees. */
  readonly isOlder?: true;
}

const flip = ([byte = 0]: Buffer): Buffer => Buffer.from([byte ^ 0x01]);
const zeroPage: Damage = (folder) => overwrite(join(folder, files.heap), 2 * BLOCK, (bytes) => bytes.fill(0), BLOCK);
const flipHeap: Damage = (folder) => overwrite(join(folder, files.heap), 3 * BLOCK - 100, flip, 1);

const faults: Readonly<Record<string, Fault>> = {
  nothing: { damage: async () => {}, forms: [...ALL, RAW_TAR], unnoticed: [...ALL, RAW_TAR] },
  'one byte in a heap page': { damage: flipHeap, forms: [...ALL, RAW_TAR] },
  'one byte in a heap page, page checksums off': {
    damage: async (folder) => {
      await withoutPageChecksums(folder);
      await flipHeap(folder);
    },
    forms: [PLAIN, TAR, COPY],
  },
  'a heap page zeroed before the backup was taken': { damage: zeroPage, forms: ALL, isOlder: true },
  'a heap page zeroed afterwards': { damage: zeroPage, forms: [LISTED, LISTED_TAR] },
  'a heap file truncated': { damage: (folder) => truncate(join(folder, files.heap), 100 * BLOCK), forms: ALL },
  'one byte in an index leaf': {
    damage: (folder) => overwrite(join(folder, files.index), 2 * BLOCK - 100, flip, 1),
    forms: ALL,
  },
  'the file of a table missing': { damage: (folder) => rm(join(folder, files.heap)), forms: ALL },
  'a file too many': {
    damage: (folder) => writeFile(join(folder, 'base/1/99999'), 'x'),
    forms: [PLAIN, LISTED],
    unnoticed: [PLAIN],
  },
  '`pg_control` damaged': {
    damage: (folder) => overwrite(join(folder, 'global/pg_control'), 60, flip, 1),
    forms: [PLAIN, LISTED, TAR, COPY],
  },
  '`pg_wal` emptied': { damage: emptyWal, forms: ALL },
  '`pg_xact` missing': { damage: (folder) => rm(join(folder, 'pg_xact'), { recursive: true }), forms: ALL },
  // Of a quiet copy nothing is lost by it, and nothing tells it from a data folder that was copied as it stood.
  '`backup_label` deleted': {
    damage: (folder) => rm(join(folder, 'backup_label')),
    forms: [PLAIN, LISTED, TAR, LISTED_TAR],
    unnoticed: [PLAIN],
  },
  '`backup_manifest` cut off': { damage: (folder) => cutMiddle(join(folder, 'backup_manifest')), forms: [LISTED] },
};

/** What is done to the archive itself. */
const archiveFaults: readonly (readonly [fault: string, form: string, damage: Damage])[] = [
  ['one byte of the gzip', TAR, (file) => overwrite(file, 200_000, flip, 1)],
  ["one byte of a file's header", RAW_TAR, (file) => overwrite(file, 10, flip, 1)],
  ['the archive cut off', TAR, (file) => truncate(file, 1_000_000)],
  ['the archive cut off', RAW_TAR, (file) => truncate(file, 1_000_000)],
  ['the archive an empty file', TAR, empty],
  ['the archive an empty file', RAW_TAR, empty],
];

beforeAll(async () => {
  lab = await openLab();
  cluster = await startCluster(join(lab, 'cluster'));
  await cluster.query('create database shop');
  await cluster.query(POSTGRES_SHOP, 'shop');
  for (const name of ['orders', 'customers']) await cluster.query(`vacuum (freeze, analyze) ${name}`, 'shop');
  const [row] = await cluster.query(
    "select pg_relation_filepath('orders') as heap, pg_relation_filepath('orders_pkey') as index",
    'shop',
  );
  files = { heap: String(row?.['heap']), index: String(row?.['index']) };
  healthy = { backup: join(lab, 'healthy', 'plain'), copy: join(lab, 'healthy', 'copy') };
  await cluster.backUp(healthy.backup);
  await cluster.archiveAll();
  await streamWal(healthy.backup);
  await cluster.query('create table of_wal_alone as select 1 as one', 'shop');
  await cluster.query('drop table of_wal_alone', 'shop');
  await cluster.stop('SIGQUIT');
  await copyTree(cluster.data, healthy.copy);
  await cluster.start();
  for (const [index, sql] of Object.values(POSTGRES_LOGICAL).entries()) {
    await cluster.query(`create database logical_${index} template shop`);
    await cluster.query(sql, `logical_${index}`);
  }
  await hideDamage();
  ofLogical = join(lab, 'healthy', 'logical');
  await cluster.backUp(ofLogical);
  await cluster.archiveAll();
  await streamWal(ofLogical);
  await cluster.stop('SIGINT');
  manifest = await record();
});

afterAll(async () => {
  await endAllWorkers();
  await cluster?.stop('SIGQUIT');
  await rm(lab, { recursive: true, force: true });
});

describe.each(Object.entries(faults))('%s', (fault, { damage, forms, unnoticed = [], isOlder }) => {
  it.each(forms)(`ends a drill as it must: %s`, async (form) => {
    const found = await tryOut(lab, await damaged(form, damage, { isOlder: isOlder === true }), {
      checks: databaseChecks('shop'),
      manifest,
    });
    table.add(fault, form, found);
    expect(found.verdict, JSON.stringify(found)).toBe(unnoticed.includes(form) ? 'passed' : 'failed');
  });
});

it.each(archiveFaults)('%s fails a drill: %s', async (fault, form, damage) => {
  const spec = await damaged(form, async () => {});
  await damage(join(spec.source, 'b', form === TAR ? 'base.tar.gz' : 'base.tar'));
  const found = await tryOut(lab, spec, { checks: databaseChecks('shop'), manifest });
  table.add(fault, form, found);
  expect(found.verdict, JSON.stringify(found)).toBe('failed');
});

describe.each([PLAIN, LISTED_TAR, COPY])('in a database of sound pages: %s', (form) => {
  it('checks find what is wrong, each fault in a database of its own', async () => {
    const spec =
      form === COPY ? specOf(join(lab, 'cluster'), 'data') : await damaged(form, async () => {}, { backup: ofLogical });
    const { pick } = spec.recoveryPoint;
    const moment = { ...manifest.moment, recoveryPointId: pick.kind === 'id' ? pick.id : '' };
    const ofFaults = Object.keys(POSTGRES_LOGICAL).map((fault, index) => {
      const database = `logical_${index}`;
      return { fault, checks: databaseChecks(database), manifest: { ...manifest, database, moment } };
    });
    const all = await tryOutEach(lab, spec, ofFaults);
    for (const [index, found] of all.entries()) {
      const fault = ofFaults[index]?.fault ?? '';
      table.add(fault, form, found);
      expect.soft(found.verdict, `${fault}: ${JSON.stringify(found)}`).toBe('failed');
    }
  });
});

it('a damaged page is found although the database was told to hide damage', async () => {
  const moment = { ...manifest.moment, recoveryPointId: 'data' };
  const inspection = { checks: databaseChecks('hiding'), manifest: { ...manifest, database: 'hiding', moment } };
  const found = await tryOut(lab, specOf(join(lab, 'cluster'), 'data'), inspection);
  table.add(`one byte in a heap page, \`${HIDING.join('` and `')}\` on`, COPY, found);
  expect(found.verdict, JSON.stringify(found)).toBe('failed');
});

it('the page for people says what was found', () => table.compareWithPage());

/** A source with one backup of this form, damaged. */
async function damaged(
  form: string,
  damage: Damage,
  { isOlder = false, backup = form === COPY ? healthy.copy : healthy.backup } = {},
): Promise<PostgresRestore> {
  const source = join(lab, 'estates', String((estates += 1)));
  const folder = join(source, form.startsWith('tar') ? 'plain' : 'b');
  await mkdir(source, { recursive: true });
  await copyTree(backup, folder);
  const isListed = form.endsWith('with manifest');
  if (isOlder) await damage(folder);
  if (isListed) await writeManifest(folder);
  if (!isOlder) await damage(folder);
  if (form.startsWith('tar')) {
    await packBackup(folder, join(source, 'b'), form !== RAW_TAR);
    if (isListed) await rename(join(folder, 'backup_manifest'), join(source, 'b', 'backup_manifest'));
    await rm(folder, { recursive: true });
  }
  return specOf(source, 'b');
}

function specOf(source: string, id: string): PostgresRestore {
  return {
    name: 'shop',
    kind: 'postgres',
    source,
    needs: [],
    recoveryPoint: { pick: { kind: 'id', id }, to: { kind: 'backup-end' } },
    database: 'shop',
    superuser: 'postgres',
    preload: [],
  };
}

const HIDING = ['ignore_checksum_failure', 'zero_damaged_pages'] as const;

/** Damages a page of a database whose own settings let damaged pages pass for sound or for empty. */
async function hideDamage(): Promise<void> {
  await cluster.query('create database hiding template shop');
  for (const setting of HIDING) await cluster.query(`alter database hiding set ${setting} = on`);
  const [row] = await cluster.query("select pg_relation_filepath('orders') as heap", 'hiding');
  // So that no later checkpoint writes the page anew.
  await cluster.query('checkpoint');
  await overwrite(join(cluster.data, String(row?.['heap'])), 3 * BLOCK - 100, flip, 1);
}

/** `cp` of the system takes a fraction of the time of Node's own. */
async function copyTree(from: string, to: string): Promise<void> {
  await promisify(execFile)('cp', ['-a', '--reflink=auto', from, to]);
}

/** Puts beside a backup the WAL that it needs, as `pg_basebackup -X stream` does. */
async function streamWal(backup: string): Promise<void> {
  const first = /\(file ([0-9A-F]{24})\)/.exec(await readFile(join(backup, 'backup_label'), 'utf8'))?.[1] ?? '';
  const segments = (await readdir(cluster.archive)).filter((name) => name.length === 24 && name >= first);
  for (const name of segments) await cp(join(cluster.archive, name), join(backup, 'pg_wal', name));
}

async function emptyWal(folder: string): Promise<void> {
  const names = await readdir(join(folder, 'pg_wal'));
  for (const name of names) await rm(join(folder, 'pg_wal', name), { recursive: true });
}

/** As `pg_checksums --disable` does: `data_checksum_version` lies 40 bytes before the checksum (PostgreSQL 18). */
async function withoutPageChecksums(folder: string): Promise<void> {
  const [file, checksumAt] = [join(folder, 'global', 'pg_control'), 292];
  const bytes = await readFile(file);
  expect(bytes.readUInt32LE(checksumAt - 40)).toBe(1);
  bytes.writeUInt32LE(0, checksumAt - 40);
  bytes.writeUInt32LE(crc32c(bytes.subarray(0, checksumAt)), checksumAt);
  await writeFile(file, bytes);
}

/** Of the healthy backup: what the living source held when it was taken. */
async function record(): Promise<Manifest> {
  const spec = await damaged(PLAIN, async () => {});
  return observed(lab, spec, async ({ endpoint, point }) => {
    const seen = await look(endpoint, { kind: 'contents', database: 'shop', bounded: [] });
    if (seen.kind !== 'contents') throw new Error(JSON.stringify(seen));
    const moment = { at: point.capturedAt, lsn: '', recoveryPointId: point.id };
    return { manifest: 1, database: 'shop', moment, contents: seen.contents };
  });
}
