import { chmod, copyFile, mkdir, mkdtemp, readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sqliteProbe } from '../../../../src/probe/sqlite/sqlite-probe.ts';
import { SHOP, ask, copyWithHotJournal, copyWithHotWal, execute } from '../../../probe/sqlite/databases.ts';
import { treeHash } from '../../../support/tree-hash.ts';
import { end, endAllWorkers, listed, readyOf, request, restoreInto, settled, startWorker } from './worker.ts';

let lab: string;
let source: string;
let folders = 0;

const freshFolder = (): string => join(lab, 'drills', String((folders += 1)));

beforeAll(async () => {
  lab = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
  source = join(lab, 'source');
  await mkdir(join(source, 'crashed'), { recursive: true });
  execute(join(source, 'clean.db'), SHOP);
  await writeFile(join(source, 'packed.db.gz'), gzipSync(await readFile(join(source, 'clean.db'))));
  await copyFile(join(source, 'clean.db'), join(lab, 'living.db'));
  await copyWithHotJournal(join(lab, 'living.db'), join(source, 'crashed/journal.db'));
  await copyWithHotWal(join(lab, 'living.db'), join(source, 'crashed/wal.db'), 'delete from orders where id > 900');
  await mkdir(join(source, 'lost'));
  await copyFile(join(source, 'crashed/wal.db'), join(source, 'lost/wal.db'));
});

afterEach(endAllWorkers);

afterAll(async () => {
  await rm(lab, { recursive: true, force: true });
});

async function asked(file: string, query: string): Promise<unknown> {
  return sqliteProbe.observe(
    { kind: 'sqlite', file },
    { kind: 'sql', database: '', query },
    new AbortController().signal,
  );
}

describe('a restored database', () => {
  it.each([
    ['clean.db', 1000],
    ['packed.db.gz', 1000],
    ['crashed/journal.db', 1000],
    ['crashed/wal.db', 900],
    ['lost/wal.db', 1000],
  ])('holds of %s what was committed, in one file with nothing beside it', async (id, orders) => {
    const { file } = readyOf(await restoreInto(freshFolder(), source, id));
    expect(await readdir(join(file, '..'))).toEqual([id.split('/').at(-1)?.replace('.gz', '')]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await asked(file, 'select count(*) from orders')).toMatchObject({ value: orders });
    expect(await asked(file, "select count(*) from orders where note like 'a fairly%'")).toMatchObject({
      value: orders,
    });
    expect(ask(file, 'pragma integrity_check')).toEqual(['ok']);
  });

  it('is made without a change to its source, and without anything beside it', async () => {
    const before = await treeHash(source);
    await chmod(join(source, 'crashed'), 0o755);
    for (const id of ['crashed/journal.db', 'crashed/wal.db']) readyOf(await restoreInto(freshFolder(), source, id));
    expect(await treeHash(source)).toBe(before);
  });

  it('comes with its version, size, phases and moment', async () => {
    const [point] = (await listed(source)).points;
    const { facts } = readyOf(await restoreInto(freshFolder(), source, 'clean.db'));
    expect(facts).toMatchObject({
      moment: { recoveryPointId: 'clean.db', target: { kind: 'backup-end' } },
      bytesRestored: (await stat(join(source, 'clean.db'))).size,
      dataMoments: [{ source: 'recovery-point', at: point?.capturedAt, error: 1_000 }],
      warnings: [],
    });
    expect(facts.engineVersion).toMatch(/^SQLite 3\.\d+\.\d+ \(written by 3\.\d+\.\d+\)$/);
    expect(facts.spans.map(({ name }) => name)).toEqual(['free space', 'copy', 'recover']);
  });

  it('says that a WAL may be missing, and that one was not taken in', async () => {
    const lost = readyOf(await restoreInto(freshFolder(), source, 'lost/wal.db'));
    expect(lost.facts.warnings.map(({ code }) => code)).toEqual(['restore/no-wal']);
    const torn = join(lab, 'torn');
    await mkdir(torn, { recursive: true });
    await copyFile(join(source, 'crashed/wal.db'), join(torn, 'wal.db'));
    const wal = await readFile(join(source, 'crashed/wal.db-wal'));
    // The salt of the header: no frame carries this one.
    wal.writeUInt32BE(1, 16);
    await writeFile(join(torn, 'wal.db-wal'), wal);
    const { facts, file } = readyOf(await restoreInto(freshFolder(), torn, 'wal.db'));
    expect(facts.warnings.map(({ code }) => code)).toEqual(['restore/wal-ignored']);
    expect(await asked(file, 'select count(*) from orders')).toMatchObject({ value: 1000 });
  });
});

describe('a worker that is killed', () => {
  it('is followed by one that finishes what it began, and copies once', async () => {
    const folder = freshFolder();
    await request(folder, source, 'crashed/wal.db');
    for (const wait of [60, 120, 180]) {
      const killed = startWorker(folder);
      await new Promise((resolve) => setTimeout(resolve, wait));
      await end(killed, 'SIGKILL');
    }
    const { file } = readyOf(await settled(folder, startWorker(folder)));
    expect(await asked(file, 'select count(*) from orders')).toMatchObject({ value: 900 });
    expect(JSON.parse(await readFile(join(folder, 'done-copy.json'), 'utf8'))).toMatchObject({ times: 1 });
  });

  it('after its copy leaves one that is not made again', async () => {
    const folder = freshFolder();
    await request(folder, source, 'clean.db');
    const first = startWorker(folder);
    const { file } = readyOf(await settled(folder, first));
    await end(first, 'SIGKILL');
    const { ino, mtimeMs } = await stat(file);
    await rm(join(folder, 'state.json'));
    readyOf(await settled(folder, startWorker(folder)));
    expect(await stat(file)).toMatchObject({ ino, mtimeMs });
  });
});

describe('what cannot be restored', () => {
  it('fails against the backup when it is cut off within its archive', async () => {
    const cut = join(lab, 'cut');
    await mkdir(cut, { recursive: true });
    await copyFile(join(source, 'packed.db.gz'), join(cut, 'half.db.gz'));
    await truncate(join(cut, 'half.db.gz'), 5_000);
    expect(await restoreInto(freshFolder(), cut, 'half.db.gz')).toMatchObject({
      kind: 'failed',
      problem: { code: 'restore/damaged-archive', blames: 'backup' },
    });
    const whole = await readFile(join(source, 'clean.db'));
    await writeFile(join(cut, 'short.db.gz'), gzipSync(whole.subarray(0, whole.length - 4_096)));
    expect(await restoreInto(freshFolder(), cut, 'short.db.gz')).toMatchObject({
      kind: 'failed',
      problem: { code: 'restore/truncated-database', blames: 'backup' },
    });
  });

  it('is inconclusive when the backup has gone since it was listed', async () => {
    const gone = join(lab, 'gone');
    await mkdir(gone, { recursive: true });
    await copyFile(join(source, 'clean.db'), join(gone, 'a.db'));
    const folder = freshFolder();
    await request(folder, gone, 'a.db');
    await rm(join(gone, 'a.db'));
    expect(await settled(folder, startWorker(folder))).toMatchObject({
      kind: 'failed',
      problem: { code: 'restore/source-unreadable', blames: 'environment' },
    });
  });
});
