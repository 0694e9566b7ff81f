import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SHOP, copyWithHotJournal, copyWithHotWal, execute } from '../../../probe/sqlite/databases.ts';
import { treeHash } from '../../../support/tree-hash.ts';
import { listed } from './worker.ts';

let lab: string;
let shop: string;
let folders = 0;

beforeAll(async () => {
  lab = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
  shop = join(lab, 'shop.db');
  execute(shop, SHOP);
});

afterAll(async () => {
  await rm(lab, { recursive: true, force: true });
});

async function freshSource(): Promise<string> {
  const source = join(lab, `source-${(folders += 1)}`);
  await mkdir(source);
  return source;
}

const at = (time: string): Date => new Date(`2026-11-20T${time}.000Z`);

describe('the listing of a source', () => {
  it('finds databases by their content, in it and two levels below it, packed ones too', async () => {
    const source = await freshSource();
    for (const folder of ['a/b/c', 'empty']) await mkdir(join(source, folder), { recursive: true });
    for (const path of ['top.db', 'a/nameless', 'a/b/x.sqlite3', 'a/b/c/too-deep.db']) {
      await copyFile(shop, join(source, path));
    }
    await writeFile(join(source, 'a/y.backup.gz'), gzipSync(await readFile(shop)));
    await writeFile(join(source, 'notes.txt'), 'no database');
    await symlink(join(source, 'top.db'), join(source, 'latest.db'));
    const before = await treeHash(source);
    const { points, unusable } = await listed(source);
    expect(points.map(({ id, format }) => [id, format])).toEqual([
      ['a/b/x.sqlite3', 'SQLite database'],
      ['a/nameless', 'SQLite database'],
      ['a/y.backup.gz', 'SQLite database (gzip)'],
      ['top.db', 'SQLite database'],
    ]);
    expect(unusable).toEqual([]);
    expect(await treeHash(source)).toBe(before);
  });

  it('is the source itself when that is a file', async () => {
    const { points } = await listed(shop);
    expect(points).toMatchObject([
      { id: 'shop.db', location: shop, consistency: 'application', engine: { name: 'sqlite' } },
    ]);
    expect(points[0]?.engine.version).toMatch(/^3\.\d+\.\d+$/);
    const other = join(await freshSource(), 'letter');
    await writeFile(other, 'no database');
    expect((await listed(other)).unusable).toMatchObject([
      { id: 'letter', problem: { code: 'restore/not-a-database' } },
    ]);
  });

  it('takes a hot WAL and a hot journal for parts of their database, and no shared memory', async () => {
    const source = await freshSource();
    const living = join(lab, `living-${folders}.db`);
    await copyFile(shop, living);
    await copyWithHotJournal(living, join(source, 'j.db'));
    await copyWithHotWal(living, join(source, 'w.db'), 'delete from orders');
    await writeFile(join(source, 'w.db-shm'), Buffer.alloc(32_768));
    await utimes(join(source, 'j.db'), at('03:00:05'), at('03:00:05'));
    await utimes(join(source, 'j.db-journal'), at('03:00:00'), at('03:00:00'));
    await utimes(join(source, 'w.db'), at('04:00:00'), at('04:00:00'));
    await utimes(join(source, 'w.db-wal'), at('05:00:00'), at('05:00:00'));
    const sizes = await Promise.all(
      ['w.db', 'w.db-wal'].map(async (name) => (await readFile(join(source, name))).length),
    );
    const [journal, wal, ...more] = (await listed(source)).points;
    expect(more).toEqual([]);
    expect(journal).toMatchObject({ id: 'j.db', consistency: 'crash', capturedAt: at('03:00:00').toISOString() });
    expect(journal?.capturedAtSource).toContain("'j.db-journal', whose last transaction is rolled back");
    expect(wal).toMatchObject({ id: 'w.db', consistency: 'crash', capturedAt: at('05:00:00').toISOString() });
    expect(wal?.capturedAtSource).toContain("file time of 'w.db-wal' (the database says no time");
    expect(wal?.bytes).toBe((sizes[0] ?? 0) + (sizes[1] ?? 0));
  });

  it('takes an empty WAL and a journal that is marked as finished for nothing', async () => {
    const source = await freshSource();
    await copyFile(shop, join(source, 'x.db'));
    await writeFile(join(source, 'x.db-wal'), '');
    await writeFile(join(source, 'x.db-journal'), Buffer.alloc(600));
    expect((await listed(source)).points).toMatchObject([{ id: 'x.db', consistency: 'application' }]);
  });

  it('fails when the source cannot be read', async () => {
    await expect(listed(join(lab, 'nowhere'))).rejects.toMatchObject({
      problem: { code: 'restore/source-unreadable', blames: 'environment' },
    });
  });
});

describe('a database that cannot be restored', () => {
  it('is listed with its reason, and hides no other', async () => {
    const source = await freshSource();
    await copyFile(shop, join(source, 'good.db'));
    await copyFile(shop, join(source, 'cut.db'));
    await truncate(join(source, 'cut.db'), 8_192);
    await writeFile(join(source, 'empty.db'), '');
    await writeFile(join(source, 'encrypted.sqlite'), Buffer.alloc(4_096, 7));
    await writeFile(join(source, 'damaged.db.gz'), Buffer.alloc(100, 7));
    const wide = await readFile(shop);
    wide.writeUInt32BE(2, 56);
    await writeFile(join(source, 'wide.db'), wide);
    const { points, unusable } = await listed(source);
    expect(points.map(({ id }) => id)).toEqual(['good.db']);
    expect(unusable.map(({ id, problem: { code, blames } }) => [id, code, blames])).toEqual([
      ['cut.db', 'restore/truncated-database', 'backup'],
      ['damaged.db.gz', 'restore/not-a-database', 'environment'],
      ['empty.db', 'restore/empty-database', 'backup'],
      ['encrypted.sqlite', 'restore/not-a-database', 'environment'],
      ['wide.db', 'restore/unsupported-encoding', 'environment'],
    ]);
  });

  it('is one whose journal names another one, which SQLite would look for and could remove', async () => {
    const source = await freshSource();
    const living = join(lab, `living-${folders}.db`);
    await copyFile(shop, living);
    await copyWithHotJournal(living, join(source, 'j.db'));
    const journal = join(source, 'j.db-journal');
    const magic = Buffer.from('d9d505f920a163d7', 'hex');
    await writeFile(journal, Buffer.concat([await readFile(journal), Buffer.from('/living/super-journal'), magic]));
    expect((await listed(source)).unusable).toMatchObject([
      { id: 'j.db', problem: { code: 'restore/journal-of-several-databases', blames: 'environment' } },
    ]);
  });

  it('is one whose WAL is of another page size', async () => {
    const source = await freshSource();
    const living = join(lab, `living-${folders}.db`);
    await copyFile(shop, living);
    await copyWithHotWal(living, join(source, 'w.db'), 'delete from orders');
    const other = join(lab, `other-${folders}.db`);
    execute(other, `pragma page_size = 1024; ${SHOP}`);
    await copyFile(other, join(source, 'w.db'));
    expect((await listed(source)).unusable).toMatchObject([
      { id: 'w.db', problem: { code: 'restore/wal-of-another-database', blames: 'backup' } },
    ]);
  });
});
