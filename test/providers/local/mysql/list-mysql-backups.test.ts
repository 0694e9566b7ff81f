import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { treeHash } from '../../../support/tree-hash.ts';
import { listed } from './worker.ts';

const HEADER = `-- MariaDB dump 10.19  Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: shop
-- ------------------------------------------------------
-- Server version\t10.11.19-MariaDB-0+deb12u1
`;
const SANDBOX_MODE = '/*M!999999\\- enable the sandbox mode */ \n';
const MYSQL_HEADER = HEADER.replace(
  'MariaDB dump 10.19  Distrib 10.11.19-MariaDB',
  'MySQL dump 10.13  Distrib 8.0.36',
).replace(/10\.11\.19\S+/, '8.0.36');
const BODY = '\nCREATE TABLE t (a int);\n';
const END = '\n-- Dump completed on 2026-11-20  3:04:05\n';
/** As this machine's clock shows it. */
const ENDED_AT = new Date(2026, 10, 20, 3, 4, 5).toISOString();

const INFO =
  'tool_name = mariadb-backup\nserver_version = 10.11.19-MariaDB-log\nend_time = 2026-11-20 03:04:05\npartial = N\nincremental = N\nformat = file\ncompressed = N\n';
const CHECKPOINTS = 'backup_type = full-backuped\nfrom_lsn = 0\nto_lsn = 47155\n';

let source: string;

beforeEach(async () => {
  source = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
});

afterEach(async () => {
  await rm(source, { recursive: true, force: true });
});

async function put(files: Readonly<Record<string, string | Buffer>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(source, name)), { recursive: true });
    await writeFile(join(source, name), content);
  }
}

describe('the recovery points of a folder', () => {
  it('are its dumps, plain and compressed, and its physical backups, two folders deep', async () => {
    await put({
      'plain.sql': HEADER + BODY + END,
      'new.sql': SANDBOX_MODE + HEADER + BODY + END,
      'mysql.sql': MYSQL_HEADER + BODY + END,
      'a/b/packed.sql.gz': gzipSync(HEADER + BODY + END),
      'a/full/xtrabackup_checkpoints': CHECKPOINTS,
      'a/full/xtrabackup_info': INFO,
      'newer/mariadb_backup_checkpoints': CHECKPOINTS.replace('backuped', 'prepared'),
      'newer/mariadb_backup_info': INFO,
      // What mariadb-backup 10.11 says of a folder that it has prepared.
      'ready/xtrabackup_checkpoints': CHECKPOINTS.replace('full-backuped', 'log-applied'),
      'ready/xtrabackup_info': INFO,
      'a/full/not-a-dump.sql': '',
      'a/b/c/too-deep.sql': HEADER + BODY + END,
      'README.txt': 'nothing',
    });
    const { points, unusable } = await listed(source);
    expect(unusable).toEqual([]);
    expect(points.map(({ id, format, engine }) => [id, format, engine.name, engine.version])).toEqual([
      ['a/b/packed.sql.gz', 'dump (sql.gz)', 'mariadb', '10.11.19'],
      ['a/full', 'mariadb-backup folder', 'mariadb', '10.11.19'],
      ['mysql.sql', 'dump (sql)', 'mysql', '8.0.36'],
      ['new.sql', 'dump (sql)', 'mariadb', '10.11.19'],
      ['newer', 'mariadb-backup folder (prepared)', 'mariadb', '10.11.19'],
      ['plain.sql', 'dump (sql)', 'mariadb', '10.11.19'],
      ['ready', 'mariadb-backup folder (prepared)', 'mariadb', '10.11.19'],
    ]);
  });

  it("tell when they were taken, and that this is read in the machine's own zone", async () => {
    await put({
      'plain.sql': HEADER + BODY + END,
      'full/xtrabackup_checkpoints': CHECKPOINTS,
      'full/xtrabackup_info': INFO,
    });
    const { points } = await listed(source);
    expect(points.map(({ capturedAt }) => capturedAt)).toEqual([ENDED_AT, ENDED_AT]);
    expect(points[0]?.capturedAtSource).toBe("'end_time' in 'xtrabackup_info', in this machine's time zone");
    expect(points[1]?.capturedAtSource).toContain("by its last line, in this machine's time zone");
  });

  it('are of the time of their file where they tell none themselves, which of a compressed one is in its header', async () => {
    const zipped = gzipSync(HEADER + BODY + END);
    zipped.writeUInt32LE(Date.UTC(2026, 10, 19) / 1000, 4);
    await put({
      'undated.sql': `${HEADER}${BODY}\n-- Dump completed\n`,
      'piped.sql.gz': gzipSync(HEADER + END),
      'zipped.sql.gz': zipped,
    });
    const at = new Date('2026-11-18T00:00:00.000Z');
    for (const name of ['undated.sql', 'piped.sql.gz', 'zipped.sql.gz']) await utimes(join(source, name), at, at);
    const { points } = await listed(source);
    expect(points.map(({ id, capturedAt }) => [id, capturedAt])).toEqual([
      ['piped.sql.gz', at.toISOString()],
      ['undated.sql', at.toISOString()],
      ['zipped.sql.gz', '2026-11-19T00:00:00.000Z'],
    ]);
    expect(points.map(({ capturedAtSource }) => capturedAtSource.split(';')[0])).toEqual([
      'end of the dump by its file time',
      'end of the dump by its file time',
      'end of the dump by its file time in its gzip header',
    ]);
  });

  it.each([
    ['cut.sql', { 'cut.sql': HEADER + BODY }, 'restore/dump-truncated', 'backup'],
    [
      'cut.sql',
      { 'cut.sql': `${HEADER}${BODY}INSERT INTO t VALUES ('${END}` + 'x'.repeat(99) },
      'restore/dump-truncated',
      'backup',
    ],
    ['other.sql', { 'other.sql': 'select 1;' }, 'restore/not-a-dump', 'environment'],
    ['empty.sql', { 'empty.sql': '' }, 'restore/empty-dump', 'backup'],
    ['piped.sql.gz', { 'piped.sql.gz': gzipSync('') }, 'restore/empty-dump', 'backup'],
    ['bad.sql.gz', { 'bad.sql.gz': 'no gzip at all' }, 'restore/dump-corrupted', 'backup'],
    [
      'inc',
      {
        'inc/xtrabackup_checkpoints': CHECKPOINTS.replace('full-backuped', 'incremental'),
        'inc/xtrabackup_info': INFO,
      },
      'restore/incremental-backup',
      'environment',
    ],
    ['cut', { 'cut/xtrabackup_checkpoints': CHECKPOINTS }, 'restore/backup-incomplete', 'backup'],
    ['cut', { 'cut/xtrabackup_info': INFO }, 'restore/backup-incomplete', 'backup'],
    ['copy', { 'copy/ibdata1': '', 'copy/shop/orders.ibd': '' }, 'restore/backup-incomplete', 'environment'],
    [
      'part',
      {
        'part/xtrabackup_checkpoints': CHECKPOINTS,
        'part/xtrabackup_info': INFO.replace('partial = N', 'partial = Y'),
      },
      'restore/unsupported-backup',
      'environment',
    ],
    [
      'zip',
      { 'zip/xtrabackup_checkpoints': CHECKPOINTS, 'zip/xtrabackup_info': INFO, 'zip/ibdata1.qp': '' },
      'restore/unsupported-backup',
      'environment',
    ],
    [
      'stream',
      { 'stream/xtrabackup_checkpoints': CHECKPOINTS, 'stream/xtrabackup_info': INFO.replace('= file', '= xbstream') },
      'restore/unsupported-backup',
      'environment',
    ],
  ] as const)('do not hide each other: %s is unusable by itself', async (id, files, code, blames) => {
    await put({ ...files, 'good.sql': HEADER + BODY + END });
    const { points, unusable } = await listed(source);
    expect(points.map((point) => point.id)).toEqual(['good.sql']);
    expect(unusable).toMatchObject([{ id, problem: { code, blames } }]);
  });

  it('are not looked for behind links, and nothing of the source is changed', async () => {
    await put({ 'good.sql': HEADER + BODY + END });
    await symlink(join(source, 'good.sql'), join(source, 'latest.sql'));
    const before = await treeHash(source);
    expect((await listed(source)).points.map(({ id }) => id)).toEqual(['good.sql']);
    expect(await treeHash(source)).toBe(before);
  });

  it('are none that could be told of a source that is not there, and one of a source that is a dump', async () => {
    await expect(listed(join(source, 'gone'))).rejects.toMatchObject({
      problem: { code: 'restore/source-unreadable' },
    });
    await put({ 'good.sql': HEADER + BODY + END });
    expect((await listed(join(source, 'good.sql'))).points.map(({ id }) => id)).toEqual(['good.sql']);
  });

  it.skipIf(process.getuid?.() === 0)('are told of although a folder beside them cannot be read', async () => {
    await put({ 'good.sql': HEADER + BODY + END, 'closed/x.sql': '' });
    await chmod(join(source, 'closed'), 0);
    expect(await listed(source)).toMatchObject({ unusable: [{ id: 'closed' }], points: [{ id: 'good.sql' }] });
    await chmod(join(source, 'closed'), 0o700);
  });
});
