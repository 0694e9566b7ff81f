import {
  chmod,
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  open,
  readFile,
  readdir,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RestoreSpec } from '../../../../src/runbook/runbook.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { packBackup, writeManifest } from './forms.ts';
import { endAllWorkers, restoreInto, specOf } from './worker.ts';

const SEGMENT = 1024 * 1024;

let lab: string;
let cluster: Cluster;
let backup: string;
let segments: string[];
let table: string;
let folders = 0;

const freshFolder = (): string => join(lab, 'drills', String((folders += 1)));

beforeAll(async () => {
  lab = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
  await chmod(lab, 0o755);
  await mkdir(join(lab, 'drills'), { mode: 0o755 });
  cluster = await startCluster(join(lab, 'cluster'));
  await cluster.query("create table orders as select n, repeat('x', 100) as note from generate_series(1, 1000) n");
  backup = join(lab, 'backup');
  await cluster.backUp(backup);
  await writeManifest(backup);
  table = String((await cluster.query("select pg_relation_filepath('orders') as file"))[0]?.['file']);
  for (let step = 0; step < 4; step += 1) {
    await cluster.query("insert into orders select n, repeat('x', 100) from generate_series(1, 5000) n");
    await cluster.archiveAll();
  }
  await cluster.stop('SIGINT');
  segments = (await readdir(cluster.archive)).filter((name) => /^[0-9A-F]{24}$/.test(name)).sort();
});

afterEach(endAllWorkers);

afterAll(async () => {
  await cluster.stop('SIGQUIT');
  await rm(lab, { recursive: true, force: true });
});

/** A copy of the estate that a test may damage. */
async function estate(name: string): Promise<{ spec: RestoreSpec; source: string; wal: string; id: string }> {
  const source = join(lab, 'estates', name);
  await cp(backup, join(source, 'b'), { recursive: true });
  await cp(cluster.archive, join(source, 'wal'), { recursive: true });
  return { spec: specOf(source), source, wal: join(source, 'wal'), id: 'b' };
}

async function problemOf(spec: RestoreSpec, id: string): Promise<unknown> {
  const { state } = await restoreInto(freshFolder(), spec, id);
  return state.kind === 'failed' ? state.problem : state;
}

async function flipByte(file: string, at: number): Promise<void> {
  const handle = await open(file, 'r+');
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, at);
  await handle.write(Buffer.from([(buffer[0] ?? 0) ^ 0xff]), 0, 1, at);
  await handle.close();
}

describe('a backup that is not what its manifest says', () => {
  it.each([
    ['a truncated heap', async (b: string) => truncate(join(b, table), 8192)],
    ['a flipped byte in a heap', async (b: string) => flipByte(join(b, table), 5000)],
    ['a missing file', async (b: string) => rm(join(b, table))],
  ])('fails with the file named: %s', async (name, damage) => {
    const { spec, source, id } = await estate(name.replaceAll(' ', '-'));
    await damage(join(source, 'b'));
    const problem = await problemOf(spec, id);
    expect(problem).toMatchObject({ code: 'restore/backup-manifest-mismatch', blames: 'backup' });
    expect((problem as { message: string }).message).toContain(`'${table}'`);
  });

  it('fails for a file that the manifest does not know', async () => {
    const { spec, source, id } = await estate('extra');
    await writeFile(join(source, 'b/base/1/99999'), 'x');
    expect(await problemOf(spec, id)).toMatchObject({
      code: 'restore/backup-manifest-mismatch',
      message: "'base/1/99999' is in the backup, but not in its manifest",
    });
  });

  it('fails for a manifest that was altered or cut off', async () => {
    const { spec, source, id } = await estate('altered');
    const file = join(source, 'b/backup_manifest');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('"Size": 3', '"Size": 4'));
    expect(await problemOf(spec, id)).toMatchObject({ code: 'restore/backup-manifest-mismatch', blames: 'backup' });
    await writeFile(file, text.slice(0, 500));
    expect(await problemOf(spec, id)).toMatchObject({ code: 'restore/backup-manifest-mismatch', blames: 'backup' });
  });

  it('fails for a damaged file within a tar', async () => {
    const { source } = await estate('tar');
    await flipByte(join(source, 'b', table), 5000);
    await packBackup(join(source, 'b'), join(source, 't'), true);
    await copyFile(join(source, 'b/backup_manifest'), join(source, 't/backup_manifest'));
    const problem = await problemOf(specOf(source), 't');
    expect(problem).toMatchObject({ code: 'restore/backup-manifest-mismatch' });
    expect((problem as { message: string }).message).toContain(`'${table}'`);
  });
});

describe('an archive of base backups', () => {
  it.each(['base.tar', 'base.tar.gz'])('that is cut off fails: %s', async (name) => {
    const { source } = await estate(`cut-${name}`);
    await packBackup(join(source, 'b'), join(source, 't'), name.endsWith('.gz'));
    const file = join(source, 't', name);
    await truncate(file, Math.floor((await stat(file)).size / 2 / 512) * 512 + 100);
    expect(await problemOf(specOf(source), 't')).toMatchObject({ code: 'restore/archive-damaged', blames: 'backup' });
  });
});

describe('a WAL archive', () => {
  it('with a missing segment fails and names it', async () => {
    const { spec, wal, id } = await estate('gap');
    const missing = segments.at(-3) ?? '';
    await rm(join(wal, missing));
    const problem = await problemOf(spec, id);
    expect(problem).toMatchObject({ code: 'restore/wal-gap', blames: 'backup' });
    expect((problem as { message: string }).message).toContain(`'${missing}'`);
  });

  it('with a gap after the wanted end does no harm', async () => {
    const { source, wal, id } = await estate('gap-later');
    await rm(join(wal, segments.at(-2) ?? ''));
    const { state } = await restoreInto(freshFolder(), specOf(source, {}, { kind: 'backup-end' }), id);
    expect(state).toMatchObject({ kind: 'ready' });
  });

  it('that is empty fails, since the backup alone cannot become consistent', async () => {
    const { spec, wal, id } = await estate('empty');
    for (const name of await readdir(wal)) await rm(join(wal, name));
    expect(await problemOf(spec, id)).toMatchObject({ code: 'restore/wal-missing', blames: 'backup' });
  });

  it('that lacks the end of the backup fails', async () => {
    const { spec, wal, id } = await estate('short');
    const [label] = (await readdir(wal)).filter((name) => name.endsWith('.backup'));
    const stop =
      /STOP WAL LOCATION: \S+ \(file (\S+)\)/.exec(await readFile(join(wal, label ?? ''), 'utf8'))?.[1] ?? '';
    for (const name of segments.filter((name) => name >= stop)) await rm(join(wal, name));
    expect(await problemOf(spec, id)).toMatchObject({ code: 'restore/wal-missing', blames: 'backup' });
  });

  it('that cannot be read leaves the drill inconclusive', async () => {
    const { spec, wal, id } = await estate('unreadable');
    const name = segments.at(-2) ?? '';
    await rm(join(wal, name));
    await mkdir(join(wal, name));
    expect(await problemOf(spec, id)).toMatchObject({ code: 'restore/wal-archive-unreadable', blames: 'environment' });
    expect(await problemOf({ ...spec, wal: join(wal, 'nowhere') }, id)).toMatchObject({
      code: 'restore/wal-archive-unreadable',
    });
  });

  it('with a truncated segment fails', async () => {
    const { spec, wal, id } = await estate('truncated');
    await truncate(join(wal, segments.at(-2) ?? ''), SEGMENT / 2);
    expect(await problemOf(spec, id)).toMatchObject({ code: 'restore/wal-segment-damaged', blames: 'backup' });
  });

  it.each([
    ['in the middle of the archive', -3],
    ['in its last segment', -1],
  ])('with a damaged record %s fails, although the server promotes and looks healthy', async (_, index) => {
    const { spec, wal, id } = await estate(`record${index}`);
    const name = segments.at(index) ?? '';
    await flipByte(join(wal, name), 8192 * 3 + 2000);
    expect(await problemOf(spec, id)).toMatchObject({ code: 'restore/replay-ended-early', blames: 'backup' });
  });

  it('whose last segment is torn to zeros fails', async () => {
    const { spec, wal, id } = await estate('zeros');
    const file = join(wal, segments.at(-1) ?? '');
    const bytes = await readFile(file);
    await writeFile(file, bytes.fill(0, 8192 * 5));
    expect(await problemOf(spec, id)).toMatchObject({ code: 'restore/replay-ended-early', blames: 'backup' });
  });

  it('of another cluster fails', async () => {
    const { spec, wal, id } = await estate('foreign');
    const name = segments.at(-1) ?? '';
    await flipByte(join(wal, name), 25);
    expect(await problemOf(spec, id)).toMatchObject({ code: 'restore/wal-of-another-cluster', blames: 'backup' });
  });

  it('that ends before the wanted time fails', async () => {
    const { source, id } = await estate('too-late');
    const to = { kind: 'time' as const, time: '2038-01-01T00:00:00.000Z' };
    expect(await problemOf(specOf(source, {}, to), id)).toMatchObject({
      code: 'restore/target-not-reached',
      blames: 'backup',
    });
  });

  it('cannot bring a backup to a time before its own end', async () => {
    const { source, id } = await estate('too-early');
    const to = { kind: 'time' as const, time: '2020-01-01T00:00:00.000Z' };
    expect(await problemOf(specOf(source, {}, to), id)).toMatchObject({
      code: 'restore/target-before-backup-end',
      blames: 'environment',
    });
  });
});

describe('a copy of a data folder', () => {
  it('without its pg_wal fails', async () => {
    const source = join(lab, 'estates/copy');
    await cp(cluster.data, join(source, 'c'), { recursive: true });
    for (const name of await readdir(join(source, 'c/pg_wal')))
      await rm(join(source, 'c/pg_wal', name), { recursive: true });
    expect(await problemOf(specOf(source), 'c')).toMatchObject({ code: 'restore/wal-missing', blames: 'backup' });
  });

  it('with a damaged control file fails', async () => {
    const source = join(lab, 'estates/control');
    await cp(cluster.data, join(source, 'c'), { recursive: true });
    await flipByte(join(source, 'c/global/pg_control'), 60);
    expect(await problemOf(specOf(source), 'c')).toMatchObject({ code: 'restore/backup-damaged', blames: 'backup' });
  });
});
