import { execFile } from 'node:child_process';
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
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RecoveryTarget, PostgresRestore } from '../../../../src/runbook/restore-spec.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { packBackup, writeManifest } from './forms.ts';
import { WORKER, endAllWorkers, pointOf, restoreInto, specOf, stateOf, writeRequest } from './worker.ts';
import { casesFor, wholeTest } from '../../../support/whole.ts';

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

/** A copy of the backup that a test may damage. */
async function estate(name: string): Promise<{ spec: PostgresRestore; source: string; id: string }> {
  const source = join(lab, 'estates', name);
  await cp(backup, join(source, 'b'), { recursive: true });
  return { spec: specOf(source, { wal: cluster.archive }), source, id: 'b' };
}

/** A copy of the archive that a test may damage. */
async function archive(name: string, to?: RecoveryTarget): Promise<{ spec: PostgresRestore; wal: string; id: string }> {
  const wal = join(lab, 'archives', name);
  await cp(cluster.archive, wal, { recursive: true });
  return { spec: specOf(backup, { wal }, to), wal, id: 'backup' };
}

async function problemOf(spec: PostgresRestore, id: string): Promise<unknown> {
  const { state } = await restoreInto(freshFolder(), spec, id);
  return state.kind === 'failed' ? state.problem : state;
}

type Damage = (backup: string) => Promise<void>;

async function flipByte(file: string, at: number): Promise<void> {
  const handle = await open(file, 'r+');
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, at);
  await handle.write(Buffer.from([(buffer[0] ?? 0) ^ 0xff]), 0, 1, at);
  await handle.close();
}

describe('a backup that is not what its manifest says', () => {
  const damages: [[string, Damage], ...[string, Damage][]] = [
    ['a flipped byte in a heap', async (b) => flipByte(join(b, table), 5000)],
    ['a missing file', async (b) => rm(join(b, table))],
    ['a truncated heap', async (b) => truncate(join(b, table), 8192)],
  ];
  it.each(casesFor(damages, 2))('fails with the file named: %s', async (name, damage) => {
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

  wholeTest('fails for a damaged file within a tar', async () => {
    const { source } = await estate('tar');
    await flipByte(join(source, 'b', table), 5000);
    await packBackup(join(source, 'b'), join(source, 't'), true);
    await copyFile(join(source, 'b/backup_manifest'), join(source, 't/backup_manifest'));
    const problem = await problemOf(specOf(source, { wal: cluster.archive }), 't');
    expect(problem).toMatchObject({ code: 'restore/backup-manifest-mismatch' });
    expect((problem as { message: string }).message).toContain(`'${table}'`);
  });
});

describe('an archive of base backups', () => {
  it.each(casesFor(['base.tar.gz', 'base.tar']))('that is cut off fails: %s', async (name) => {
    const { source } = await estate(`cut-${name}`);
    await packBackup(join(source, 'b'), join(source, 't'), name.endsWith('.gz'));
    const file = join(source, 't', name);
    await truncate(file, Math.floor((await stat(file)).size / 2 / 512) * 512 + 100);
    expect(await problemOf(specOf(source, { wal: cluster.archive }), 't')).toMatchObject({
      code: 'restore/archive-damaged',
      blames: 'backup',
    });
  });
});

describe('a WAL archive', () => {
  it('with a missing segment fails and names it', async () => {
    const { spec, wal, id } = await archive('gap');
    const missing = segments.at(-3) ?? '';
    await rm(join(wal, missing));
    const problem = await problemOf(spec, id);
    expect(problem).toMatchObject({ code: 'restore/wal-gap', blames: 'backup' });
    expect((problem as { message: string }).message).toContain(`'${missing}'`);
  });

  wholeTest('with a gap after the wanted end does no harm', async () => {
    const { spec, wal, id } = await archive('gap-later', { kind: 'backup-end' });
    await rm(join(wal, segments.at(-2) ?? ''));
    const { state } = await restoreInto(freshFolder(), spec, id);
    expect(state).toMatchObject({ kind: 'ready' });
  });

  it('that is empty fails, since the backup alone cannot become consistent', async () => {
    const { spec, wal, id } = await archive('empty');
    for (const name of await readdir(wal)) await rm(join(wal, name));
    expect(await problemOf(spec, id)).toMatchObject({ code: 'restore/wal-missing', blames: 'backup' });
  });

  it('that lacks the end of the backup fails', async () => {
    const { spec, wal, id } = await archive('short');
    const [label] = (await readdir(wal)).filter((name) => name.endsWith('.backup'));
    const stop =
      /STOP WAL LOCATION: \S+ \(file (\S+)\)/.exec(await readFile(join(wal, label ?? ''), 'utf8'))?.[1] ?? '';
    for (const name of segments.filter((name) => name >= stop)) await rm(join(wal, name));
    expect(await problemOf(spec, id)).toMatchObject({ code: 'restore/wal-missing', blames: 'backup' });
  });

  it('that cannot be read leaves the drill inconclusive', async () => {
    const { spec, wal, id } = await archive('unreadable');
    const name = segments.at(-2) ?? '';
    await rm(join(wal, name));
    await mkdir(join(wal, name));
    expect(await problemOf(spec, id)).toMatchObject({ code: 'restore/wal-archive-unreadable', blames: 'environment' });
    expect(await problemOf({ ...spec, wal: join(wal, 'nowhere') }, id)).toMatchObject({
      code: 'restore/wal-archive-unreadable',
    });
  });

  it('with a truncated segment fails', async () => {
    const { spec, wal, id } = await archive('truncated');
    await truncate(join(wal, segments.at(-2) ?? ''), SEGMENT / 2);
    expect(await problemOf(spec, id)).toMatchObject({ code: 'restore/wal-segment-damaged', blames: 'backup' });
  });

  const places = [
    ['in its last segment', -1],
    ['in the middle of the archive', -3],
  ] as const;
  it.each(casesFor(places))(
    'with a damaged record %s fails, although the server promotes and looks healthy',
    async (_, index) => {
      const { spec, wal, id } = await archive(`record${index}`);
      const name = segments.at(index) ?? '';
      await flipByte(join(wal, name), 8192 * 3 + 2000);
      expect(await problemOf(spec, id)).toMatchObject({ code: 'restore/replay-ended-early', blames: 'backup' });
    },
  );

  wholeTest('whose last segment is torn to zeros fails', async () => {
    const { spec, wal, id } = await archive('zeros');
    const file = join(wal, segments.at(-1) ?? '');
    const bytes = await readFile(file);
    await writeFile(file, bytes.fill(0, 8192 * 5));
    expect(await problemOf(spec, id)).toMatchObject({ code: 'restore/replay-ended-early', blames: 'backup' });
  });

  it('of another cluster fails', async () => {
    const { spec, wal, id } = await archive('foreign');
    const name = segments.at(-1) ?? '';
    await flipByte(join(wal, name), 25);
    expect(await problemOf(spec, id)).toMatchObject({ code: 'restore/wal-of-another-cluster', blames: 'backup' });
  });

  it('that goes on behind a promotion whose history is missing fails, and is of use up to the end of the backup', async () => {
    const { spec, wal, id } = await archive('no-history');
    await copyFile(join(wal, segments.at(-1) ?? ''), join(wal, `00000002${(segments.at(-1) ?? '').slice(8)}`));
    expect(await problemOf(spec, id)).toMatchObject({ code: 'restore/wal-history-missing', blames: 'backup' });
    const to = { kind: 'backup-end' as const };
    const { state } = await restoreInto(freshFolder(), specOf(backup, { wal }, to), id);
    expect(state).toMatchObject({ kind: 'ready' });
  });

  it('that ends before the wanted time fails', async () => {
    const to = { kind: 'time' as const, time: '2038-01-01T00:00:00.000Z' };
    const { spec, id } = await archive('too-late', to);
    expect(await problemOf(spec, id)).toMatchObject({
      code: 'restore/target-not-reached',
      blames: 'backup',
    });
  });

  it('cannot bring a backup to a time before its own end', async () => {
    const to = { kind: 'time' as const, time: '2020-01-01T00:00:00.000Z' };
    const { spec, id } = await archive('too-early', to);
    expect(await problemOf(spec, id)).toMatchObject({
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

/** Whether this machine lets the tests mount a small disk of their own. */
const mayMount = await promisify(execFile)('unshare', ['--user', '--map-root-user', '--mount', 'true']).then(
  () => true,
  () => false,
);

describe.skipIf(!mayMount)('a disk that fills up', () => {
  it('ends the copy, which is removed, and can still be told of', async () => {
    const { spec, source, id } = await estate('full-disk');
    const folder = freshFolder();
    await writeRequest(folder, spec, await pointOf(spec, id), {});
    // Root of a user namespace reads its own files only, and as root 'cp' keeps the owner from Node 22 on.
    if (process.getuid?.() === 0) await promisify(execFile)('chown', ['-R', '0:0', source]);
    await cp(folder, `${folder}-kept`, { recursive: true });
    // Few inodes and many bytes: the look at free space sees no harm, as when someone else fills the disk meanwhile.
    const script = `mount -t tmpfs -o size=1g,nr_inodes=300 drillbook "$1" && cp "$1-kept/request.json" "$1/" &&
      { "$2" "$3" "$1"; ls -A "$1" >"$1-kept/left"; cp "$1/state.json" "$1-kept/state.json"; }`;
    const args = ['--user', '--map-root-user', '--mount', 'sh', '-c', script, 'sh', folder, process.execPath, WORKER];
    await promisify(execFile)('unshare', args);
    expect(await stateOf(`${folder}-kept`)).toMatchObject({
      kind: 'failed',
      problem: { code: 'restore/not-enough-space', blames: 'environment' },
    });
    expect((await readFile(`${folder}-kept/left`, 'utf8')).split('\n')).not.toContain('data');
  });
});
