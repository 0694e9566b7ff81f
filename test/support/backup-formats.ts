import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { zipSync } from 'fflate';
import { cutMiddle, flip, flipMiddle } from '../faults/damage.ts';
import { changeText, leavesOf } from '../faults/innodb-pages.ts';
import { SHOP, copyWithHotWal, execute } from '../probe/sqlite/databases.ts';
import { tarGzOf } from '../providers/local/files/file-sets.ts';
import { backupProgram, program, startEstate } from '../providers/local/mysql/estate.ts';
import { SYSTEM_BIN } from '../providers/local/postgres-dump/dump-worker.ts';
import { PASSWORD_NAME, hasTool, restic } from '../providers/local/repository/repository-worker.ts';
import { STANZA, startBackedUpCluster } from '../providers/local/repository/stanza.ts';
import { overwrite } from './postgres-server.ts';

const run = promisify(execFile);

/** A form of backup, as a runbook names it, with a fault that this form can have. */
export interface BackupFormat {
  /** Name of the resource, and of the folder that is its source. */
  readonly name: string;
  /** What the runbook says of it, beside its source. */
  readonly restore: string;
  /** Checks in YAML's short form, without `of`; each is called like its kind. */
  readonly checks: readonly string[];
  readonly damage: (source: string) => Promise<unknown>;
  /** What a drill of the damaged one tells: problems as `WHERE CODE`, WHERE without the resource, and kinds of checks. */
  readonly found: readonly string[];
  /** Of a sound one too: warnings, as in `found`. */
  readonly warned?: readonly string[];
}

const STRUCTURE = 'kind: structure';
const LOGIN = 'kind: login';
const rows = (table: string, atLeast: number): string =>
  `kind: row-counts, tables: { ${table}: { atLeast: ${atLeast} } }`;
const FILES = 'kind: files, atLeast: 3, contains: [1.txt]';
/** So much, and so little alike, that an archive of them can be cut off without losing what it begins with. */
const TEXTS = Object.fromEntries(
  [1, 2, 3].map((n) => {
    const lines = Array.from({ length: 300 }, (_, line) => createHash('sha256').update(`${n} ${line}`).digest('hex'));
    return [`${n}.txt`, lines.join('\n')];
  }),
);

const SQLITE: BackupFormat = {
  name: 'sqlite-with-wal',
  restore: 'kind: sqlite',
  checks: [STRUCTURE, rows('late', 1)],
  damage: async (source) => rm(join(source, 'shop.db-wal')),
  found: ['restore restore/no-wal', 'row-counts'],
};
const ZIP: BackupFormat = {
  name: 'zip',
  restore: 'kind: files',
  checks: [FILES],
  damage: async (source) => overwrite(join(source, 'set.zip'), 45, flip, 1),
  found: ['restore restore/archive-damaged'],
};
const TAR: BackupFormat = {
  name: 'tar-gz',
  restore: 'kind: files',
  checks: [FILES],
  damage: async (source) => cutMiddle(join(source, 'set.tar.gz')),
  found: ['restore restore/archive-damaged'],
};
const FOLDER: BackupFormat = {
  name: 'folder',
  restore: 'kind: files',
  checks: [FILES],
  damage: async (source) => rm(join(source, 'set/1.txt')),
  found: ['files'],
};
const RESTIC: BackupFormat = {
  name: 'restic',
  restore: `kind: sqlite, repository: { restic: { password: { env: ${PASSWORD_NAME} } } }`,
  checks: [STRUCTURE, rows('orders', 1_000)],
  damage: async (source) => toAll(join(source, 'data'), async (file) => overwrite(file, 100, flip, 1)),
  found: ['restore restore/repository-damaged'],
};
const MYSQL_DUMP: BackupFormat = {
  name: 'mysql-dump',
  restore: 'kind: mysql, database: shop',
  checks: [LOGIN, STRUCTURE, rows('orders', 2_000), 'kind: foreign-keys'],
  damage: async (source) => cutMiddle(join(source, 'shop.sql.gz')),
  found: ['restore restore/dump-truncated'],
  // Its views and triggers run as accounts that a dump of one database does not hold.
  warned: ['restore restore/definers-missing'],
};
const MYSQL_FOLDER: BackupFormat = {
  name: 'mariadb-backup',
  restore: 'kind: mysql, database: shop',
  checks: [LOGIN, STRUCTURE, 'kind: foreign-keys'],
  damage: async (source) => {
    const file = join(source, 'full/shop/orders.ibd');
    const [[, page = 0] = []] = await leavesOf(file);
    await changeText(file, page, 'canary-row-value');
  },
  found: ['structure', 'foreign-keys', 'check:foreign-keys check/data-corrupted'],
};
const PGBACKREST: BackupFormat = {
  name: 'pgbackrest',
  restore: `kind: postgres, database: postgres, repository: { pgbackrest: { stanza: ${STANZA} } }, recoveryPoint: { pick: latest, to: latest }`,
  checks: [LOGIN, STRUCTURE, rows('orders', 1_000)],
  damage: async (source) => toAll(join(source, 'archive'), async (file) => isSegment(file) && flipMiddle(file)),
  found: ['restore restore/wal-segment-damaged'],
};
const dump = (name: string, damage: BackupFormat['damage'], code: string, warned?: string): BackupFormat => ({
  name,
  restore: 'kind: postgres-dump, database: postgres',
  checks: [LOGIN, STRUCTURE, rows('orders', 1_000)],
  damage,
  found: [`restore ${code}`],
  ...(warned !== undefined && { warned: [`restore ${warned}`] }),
});
const DUMPS: readonly BackupFormat[] = [
  dump(
    'plain-dump',
    async (source) => cutMiddle(join(source, 'd.sql.gz')),
    'restore/archive-damaged',
    // Without --verbose a plain dump says nowhere when it was begun.
    'restore/dump-start-uncertain',
  ),
  dump('custom-dump', async (source) => cutMiddle(join(source, 'd')), 'restore/archive-damaged'),
  dump('directory-dump', async (source) => rm(await largest(join(source, 'd'))), 'restore/archive-damaged'),
  dump('tar-dump', async (source) => cutMiddle(join(source, 'd')), 'restore/statement-refused'),
];

/** Sound backups of every form that this machine has the tools for. */
export interface BackupStore {
  readonly formats: readonly BackupFormat[];
  /** Folder or repository with a sound backup of a form. */
  readonly source: (format: BackupFormat) => string;
  remove(): Promise<void>;
}

/** Takes them by the tools that people take them with; no living source is left. Those of PostgreSQL take long. */
export async function takeBackups({ ofPostgres }: { readonly ofPostgres: boolean }): Promise<BackupStore> {
  const lab = await mkdtemp(join(tmpdir(), 'drillbook-formats-'));
  await chmod(lab, 0o755);
  const at = (format: BackupFormat): string => join(lab, format.name);
  const formats = [SQLITE, ZIP, TAR, FOLDER];
  for (const format of formats) await mkdir(at(format));
  await putFiles(at(SQLITE), at(ZIP), at(TAR), at(FOLDER));
  if (await hasTool('restic')) {
    formats.push(RESTIC);
    execute(join(lab, 'kept.db'), SHOP);
    await restic(at(RESTIC), ['init', '--quiet']);
    await restic(at(RESTIC), ['backup', '--quiet', join(lab, 'kept.db')]);
  }
  if (program !== undefined) {
    const withFolder = backupProgram !== undefined;
    formats.push(MYSQL_DUMP, ...(withFolder ? [MYSQL_FOLDER] : []));
    await keepMysql(at(MYSQL_DUMP), withFolder ? at(MYSQL_FOLDER) : undefined);
  }
  if (ofPostgres && (await hasTool('pgbackrest'))) {
    formats.push(PGBACKREST, ...DUMPS);
    await keepPostgres(lab, at);
  }
  return { formats, source: at, remove: async () => rm(lab, { recursive: true, force: true }) };
}

async function putFiles(sqlite: string, zip: string, tar: string, folder: string): Promise<void> {
  execute(join(sqlite, '..', 'living.db'), SHOP);
  const late = 'create table late (id integer primary key); insert into late values (1)';
  await copyWithHotWal(join(sqlite, '..', 'living.db'), join(sqlite, 'shop.db'), late);
  const bytes = Object.entries(TEXTS).map(([name, text]) => [name, Buffer.from(text)] as const);
  await writeFile(join(zip, 'set.zip'), zipSync(Object.fromEntries(bytes)));
  const entries = Object.entries(TEXTS).map(([name, text]) => ({ name, text, mtime: new Date() }));
  await writeFile(join(tar, 'set.tar.gz'), await tarGzOf(entries));
  await mkdir(join(folder, 'set'));
  for (const [name, text] of Object.entries(TEXTS)) await writeFile(join(folder, 'set', name), text);
}

/** The folder is prepared, as many keep theirs. */
async function keepMysql(ofDump: string, ofFolder: string | undefined): Promise<void> {
  const estate = await startEstate();
  try {
    await estate.dump(join(ofDump, 'shop.sql.gz'));
    if (ofFolder === undefined) return;
    await estate.backUp(join(ofFolder, 'full'));
    await run(backupProgram ?? '', ['--no-defaults', '--prepare', `--target-dir=${join(ofFolder, 'full')}`]);
  } finally {
    await estate.server.dispose();
  }
}

async function keepPostgres(lab: string, at: (format: BackupFormat) => string): Promise<void> {
  const folder = join(lab, 'living');
  const shop = await startBackedUpCluster(folder);
  const { cluster } = shop;
  try {
    await cluster.query("create table orders as select n, repeat('x', 100) as note from generate_series(1, 1000) n");
    await shop.backUp('full', 1);
    await shop.archive();
    const [text, ...others] = DUMPS;
    const login = ['-h', join(folder, 'cluster/socket'), '-U', 'postgres', 'postgres'];
    const dumpTo = async (form: string, file: string): Promise<void> => {
      await run(join(SYSTEM_BIN, 'pg_dump'), [`-F${form}`, '-f', file, ...login]);
    };
    for (const format of DUMPS) await mkdir(at(format));
    for (const [index, form] of ['c', 'd', 't'].entries()) await dumpTo(form, join(at(others[index] ?? RESTIC), 'd'));
    await dumpTo('p', join(lab, 'd.sql'));
    await run('gzip', [join(lab, 'd.sql')]);
    await run('mv', [join(lab, 'd.sql.gz'), at(text ?? RESTIC)]);
  } finally {
    await cluster.stop('SIGQUIT');
  }
  await run('mv', [shop.plain, at(PGBACKREST)]);
}

function isSegment(file: string): boolean {
  return /\/[0-9A-F]{24}-[0-9a-f]{40}$/.test(file);
}

async function toAll(folder: string, change: (file: string) => Promise<unknown>): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    await chmod(file, 0o600);
    await change(file);
  }
}

async function largest(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name !== 'toc.dat');
  const sizes = await Promise.all(names.map(async (name) => ({ name, size: (await stat(join(folder, name))).size })));
  return join(folder, sizes.toSorted((a, b) => b.size - a.size)[0]?.name ?? '');
}
