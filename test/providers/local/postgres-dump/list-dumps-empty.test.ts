import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RecoveryPointListing } from '../../../../src/catalog/recovery-point.ts';
import { selectRecoveryPoint } from '../../../../src/catalog/selection.ts';
import { listDumps } from '../../../../src/providers/local/postgres-dump/list-dumps.ts';
import type { Pick } from '../../../../src/runbook/restore-spec.ts';
import { sha256Hex } from '../../../../src/support/sha256-hex.ts';
import { dumpSpec } from './dump-worker.ts';

const HEADER = '--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 15.18\n';
const DUMP = `${HEADER}\n--\n-- PostgreSQL database dump complete\n--\n`;
/** What a tar begins with whose first entry is no table of contents. */
const TAR_OF_FILES = `${'photo.jpg'.padEnd(257, '\0')}ustar`.padEnd(1024, '\0');
/** Of `toc.dat`, as far as it is looked at. */
const integer = (value: number): readonly number[] => [0, value, 0, 0, 0];
const CONTENTS = Buffer.from([
  ...Buffer.from('PGDMP\x01\x0e\x00\x04\x08\x03', 'latin1'),
  ...[0, 5, 4, 3, 2, 0, 126, 0, 0, 0, 0].flatMap(integer),
]);

let source: string;

beforeEach(async () => {
  source = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
});
afterEach(async () => rm(source, { recursive: true }));

async function put(files: Readonly<Record<string, string | Buffer>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(source, name)), { recursive: true });
    await writeFile(join(source, name), content);
  }
}

const list = async (folder = source): Promise<RecoveryPointListing> =>
  listDumps({ source: folder }, new AbortController().signal);
const idsOf = ({ points, unusable }: RecoveryPointListing): readonly string[] =>
  [...points, ...unusable].map(({ id }) => id).sort();

describe('a file that holds nothing', () => {
  it.each(
    ['shop.sql', 'shop.sql.gz', 'shop.sql.zst', 'a/shop.pgsql', 'shop.dump', 'SHOP.DUMP', 'a/b/shop.dump.gz'].concat([
      'shop.pgdump',
      'shop.backup',
      'shop.tar',
    ]),
  )("is an unusable dump where it is called like one: '%s'", async (id) => {
    await put({ [id]: '', 'monday.sql': DUMP });
    expect(await list()).toMatchObject({
      points: [{ id: 'monday.sql' }],
      unusable: [
        {
          id,
          problem: {
            code: 'restore/empty-dump',
            message: `'${join(source, id)}' holds nothing of a dump`,
            hint: expect.stringMatching(/^[A-Z].*\.$/) as string,
            blames: 'backup',
          },
        },
      ],
    });
  });

  it.each<[string, string, Buffer]>([
    ['nothing, compressed', 'shop.sql.gz', gzipSync('')],
    ['blank lines', 'shop.sql', Buffer.from('\n \n')],
    ['blank lines, compressed', 'shop.sql.gz', gzipSync('\n')],
    ['the mark of UTF-16 alone, as PowerShell leaves it', 'shop.sql', Buffer.from([0xff, 0xfe])],
  ])('may hold %s', async (_what, id, content) => {
    await put({ [id]: content });
    expect((await list()).unusable).toMatchObject([{ id, problem: { code: 'restore/empty-dump' } }]);
  });

  it('is nothing to tell of where it is called otherwise', async () => {
    const others = ['.gitkeep', 'shop.lock', 'backup.log', 'latest', 'sql', 'shop.sql.md5', 'shop.tar.gz', 'a.txt.gz'];
    const hidden = ['.sql', '.shop.sql', '.shop.dump.X1b2C3'];
    const ofBaseBackups = ['base.tar', 'pg_wal.tar', '16385.tar', '000000010000000000000002.00000028.backup'];
    await put(Object.fromEntries([...others, ...hidden, ...ofBaseBackups].map((name) => [name, ''])));
    await mkdir(join(source, 'shop'));
    expect(await list()).toEqual({ points: [], unusable: [] });
  });

  it('is none of ours beside files of the same ending that are no dumps, where many kinds of backups end so', async () => {
    await put({ 'files/monday.tar': TAR_OF_FILES, 'files/tuesday.tar': '', 'dumps/tuesday.tar': '' });
    expect(idsOf(await list())).toEqual(['dumps/tuesday.tar']);
    await put({ 'files/sunday.tar': DUMP });
    expect(idsOf(await list())).toEqual(['dumps/tuesday.tar', 'files/sunday.tar', 'files/tuesday.tar']);
  });
});

describe('what is left of a directory dump', () => {
  it.each<[string, readonly string[]]>([
    ['rows', ['3050.dat.gz', '3051.dat.gz']],
    ['rows as they are', ['3050.dat']],
    ['large objects', ['blobs.toc', 'blob_16400.dat.gz']],
    ['both, of newer majors', ['12050.dat.zst', 'blobs_3049.toc', 'blob_16400.dat.lz4']],
    ['rows and an unfinished copy of its table of contents', ['3050.dat.gz', '.toc.dat.x1Y2z3', 'toc.dat.6eF3a1B2']],
    ['rows out of a tar', ['3050.dat', 'restore.sql']],
  ])('without its table of contents is told of, by its %s', async (_what, names) => {
    await put(Object.fromEntries(names.map((name) => [`monday/${name}`, 'x'])));
    await put({ 'sunday.sql': DUMP });
    expect(await list()).toMatchObject({
      points: [{ id: 'sunday.sql' }],
      unusable: [
        {
          id: 'monday',
          problem: {
            code: 'restore/dump-truncated',
            message: "the dump is not whole: its table of contents ('toc.dat') is missing",
            blames: 'backup',
          },
        },
      ],
    });
    expect(idsOf(await list(join(source, 'monday')))).toEqual(['monday']);
  });

  it('with an empty table of contents is told of as well', async () => {
    await put({ 'monday/toc.dat': '', 'tuesday/toc.dat': CONTENTS, 'tuesday/3050.dat': 'x' });
    const { points, unusable } = await list();
    expect(points.map(({ id }) => id)).toEqual(['tuesday']);
    expect(unusable).toMatchObject([{ id: 'monday', problem: { message: expect.stringMatching(/empty$/) as string } }]);
  });

  it('is not seen in a folder that holds other files, or data that pg_dump names otherwise', async () => {
    await put({ 'measured/1.dat': 'x', 'measured/2.dat': 'x', 'photos/a.jpg': 'x', 'photos/3050.dat': 'x' });
    await put({ 'toc/toc.dat.old': 'x', 'script/restore.sql': 'x', 'dumps/3050.dat': 'x', 'dumps/shop.sql': DUMP });
    expect(idsOf(await list())).toEqual(['dumps/shop.sql']);
  });
});

describe('a draw from dumps of which the newest is empty', () => {
  const draw = async (pick: Pick) => {
    const spec = dumpSpec(source, { recoveryPoint: { pick, to: { kind: 'backup-end' } } });
    const startedAt = '2126-01-01T00:00:00.000Z';
    return selectRecoveryPoint({ spec, listing: await list(), seed: '1', startedAt, timesDrawn: {}, sha256Hex });
  };

  it('takes the one before, and says of the newest why it could not be drawn', async () => {
    await put({ 'monday.sql': DUMP, 'tuesday.sql': HEADER, 'wednesday.sql': '' });
    expect(await draw({ kind: 'latest' })).toMatchObject({
      kind: 'drawn',
      point: { id: 'monday.sql' },
      draw: {
        excluded: [
          { id: 'tuesday.sql', because: expect.stringContaining('not whole') as string },
          { id: 'wednesday.sql', because: `'${join(source, 'wednesday.sql')}' holds nothing of a dump` },
        ],
      },
    });
  });

  it('is refused, and blames the backup, where the empty one is asked for', async () => {
    await put({ 'monday.sql': DUMP, 'wednesday.sql': '' });
    expect(await draw({ kind: 'id', id: 'wednesday.sql' })).toMatchObject({
      kind: 'none',
      problem: { code: 'restore/empty-dump', blames: 'backup' },
    });
  });

  it('says of each why there is nothing to draw, where no other is there', async () => {
    await put({ 'wednesday.sql': '' });
    expect(await draw({ kind: 'latest' })).toMatchObject({
      kind: 'none',
      problem: { message: expect.stringMatching(/all 1 are excluded \('wednesday.sql': .* holds nothing/) as string },
    });
  });
});
