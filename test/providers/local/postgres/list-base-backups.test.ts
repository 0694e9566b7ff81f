import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listBaseBackups } from '../../../../src/providers/local/postgres/list-base-backups.ts';
import { embeddedBinDir, makeFolderFor } from './cluster.ts';
import { packFiles, writeManifest } from './forms.ts';
import { specOf } from './worker.ts';

const run = promisify(execFile);
const LABEL = [
  'START WAL LOCATION: 0/4000028 (file 000000010000000000000004)',
  'CHECKPOINT LOCATION: 0/4000060',
  'BACKUP METHOD: streamed',
  'BACKUP FROM: primary',
  'START TIME: 2026-11-20 03:00:00 CET',
  'LABEL: nightly',
  'START TIMELINE: 1',
  '',
].join('\n');

let lab: string;
let control: string;
let folders = 0;

beforeAll(async () => {
  lab = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
  await chmod(lab, 0o755);
  const cluster = await makeFolderFor(join(lab, 'cluster'));
  const identity = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  await run(
    join(await embeddedBinDir(), 'initdb'),
    ['-D', join(cluster, 'data'), '--no-sync', '--locale=C', '-U', 'postgres'],
    { ...identity, env: {} },
  );
  control = join(cluster, 'data/global/pg_control');
});

afterAll(async () => {
  await rm(lab, { recursive: true, force: true });
});

const list = (source: string, wal?: string) =>
  listBaseBackups(specOf(source, wal === undefined ? {} : { wal }), new AbortController().signal);

async function freshSource(): Promise<string> {
  const source = join(lab, `source-${(folders += 1)}`);
  await mkdir(source);
  return source;
}

/** The files by which a plain backup is recognised. */
async function plain(folder: string, files: Record<string, string>): Promise<void> {
  await mkdir(join(folder, 'global'), { recursive: true });
  await run('cp', [control, join(folder, 'global/pg_control')]);
  for (const [name, text] of Object.entries({ PG_VERSION: '18\n', ...files }))
    await writeFile(join(folder, name), text);
}

describe('the listing of a source', () => {
  it('finds backups in it and up to two levels below it, by stable ids', async () => {
    const source = await freshSource();
    for (const path of ['a', 'b/c', 'd/e/f/g']) await plain(join(source, path), { backup_label: LABEL });
    await mkdir(join(source, 'empty'));
    await symlink(join(source, 'a'), join(source, 'latest'));
    const { points, unusable } = await list(source);
    expect(points.map(({ id }) => id)).toEqual(['a', 'b/c']);
    expect(unusable).toEqual([]);
  });

  it('is the source itself when that is a backup', async () => {
    const source = await freshSource();
    await plain(source, { backup_label: LABEL });
    const { points } = await list(source);
    expect(points).toMatchObject([
      { id: source.split('/').at(-1), location: source, engine: { name: 'postgresql', version: '18' } },
    ]);
  });

  it('takes the time from the end of the backup, else from its start, and minds the zone', async () => {
    const source = await freshSource();
    await plain(join(source, 'a'), { backup_label: LABEL });
    const [start] = (await list(source)).points;
    expect(start).toMatchObject({
      capturedAt: '2026-11-20T02:00:00.000Z',
      capturedAtSource: "backup start time in 'backup_label'",
    });
    await mkdir(join(source, 'wal'));
    const ended = LABEL.replace(
      'CHECKPOINT',
      'STOP WAL LOCATION: 0/5000100 (file 000000010000000000000005)\nCHECKPOINT',
    );
    await writeFile(
      join(source, 'wal/000000010000000000000004.00000028.backup'),
      `${ended}STOP TIME: 2026-11-20 03:10:00 CET\nSTOP TIMELINE: 1\n`,
    );
    const [stop] = (await list(source)).points;
    expect(stop).toMatchObject({
      capturedAt: '2026-11-20T02:10:00.000Z',
      availableAt: '2026-11-20T02:10:00.000Z',
      capturedAtSource: "backup stop time in '000000010000000000000004.00000028.backup'",
    });
  });

  it('does not guess what an ambiguous zone means', async () => {
    const source = await freshSource();
    await plain(join(source, 'a'), { backup_label: LABEL.replace('CET', 'IST') });
    const [point] = (await list(source)).points;
    expect(point?.capturedAtSource).toBe("last checkpoint in 'global/pg_control'");
    expect(Math.abs(Date.parse(point?.capturedAt ?? '') - Date.now())).toBeLessThan(600_000);
  });

  it('takes a copy of a data folder for crash-consistent, as of its last checkpoint', async () => {
    const source = await freshSource();
    await plain(join(source, 'a'), {});
    expect((await list(source)).points).toMatchObject([
      {
        consistency: 'crash',
        format: 'copy of a data folder',
        capturedAtSource: "last checkpoint in 'global/pg_control'",
      },
    ]);
  });

  it('reads only the beginning of a tar', async () => {
    const source = await freshSource();
    const parts = join(lab, `parts-${folders}`);
    await plain(parts, { backup_label: LABEL });
    await mkdir(join(parts, 'base'));
    await writeFile(join(parts, 'base/1'), Buffer.alloc(8 * 1024 * 1024));
    await mkdir(join(source, 'a'));
    await packFiles(parts, ['backup_label', 'PG_VERSION', 'base/1'], join(source, 'a/base.tar'));
    await truncate(join(source, 'a/base.tar'), 64 * 1024);
    expect((await list(source)).points).toMatchObject([{ id: 'a', format: 'base backup (tar)', bytes: 64 * 1024 }]);
  });

  it("tells a tar's major by its manifest, wherever its version file lies", async () => {
    const source = await freshSource();
    const parts = join(lab, `parts-${folders}`);
    await plain(parts, { backup_label: LABEL });
    await mkdir(join(source, 'a'));
    await writeManifest(parts, 'CRC32C', join(source, 'a'));
    await packFiles(parts, ['backup_label', 'global/pg_control'], join(source, 'a/base.tar.gz'));
    expect((await list(source)).points).toMatchObject([{ engine: { version: '18' }, format: 'base backup (tar.gz)' }]);
  });

  it('names what is unusable, each with its reason, beside what is usable', async () => {
    const source = await freshSource();
    await plain(join(source, 'good'), { backup_label: LABEL });
    await plain(join(source, 'old'), { backup_label: LABEL, PG_VERSION: '9.6\n' });
    await plain(join(source, 'incremental'), { backup_label: `${LABEL}INCREMENTAL FROM LSN: 0/2000028\n` });
    await plain(join(source, 'label'), { backup_label: 'nothing of use' });
    await plain(join(source, 'version'), { backup_label: LABEL });
    await rm(join(source, 'version/PG_VERSION'));
    for (const name of ['lz4', 'zst']) {
      await mkdir(join(source, name));
      await writeFile(join(source, name, `base.tar.${name}`), 'x');
    }
    await mkdir(join(source, 'empty'));
    await writeFile(join(source, 'empty/base.tar'), '');
    await mkdir(join(source, 'torn'));
    await writeFile(join(source, 'torn/base.tar.gz'), 'no gzip');
    const { points, unusable } = await list(source);
    expect(points.map(({ id }) => id)).toEqual(['good']);
    expect(Object.fromEntries(unusable.map(({ id, problem }) => [id, problem.code]))).toEqual({
      empty: 'restore/archive-damaged',
      incremental: 'restore/incremental-backup',
      label: 'restore/no-backup-label',
      lz4: 'restore/unsupported-compression',
      old: 'restore/unsupported-major',
      torn: 'restore/archive-damaged',
      version: 'restore/not-a-data-folder',
      zst: 'restore/unsupported-compression',
    });
  });

  it('throws a problem when the source is missing or is no folder', async () => {
    await expect(list(join(lab, 'nowhere'))).rejects.toMatchObject({
      problem: { code: 'restore/source-unreadable', blames: 'environment' },
    });
    await expect(list(control)).rejects.toMatchObject({ problem: { code: 'restore/source-unreadable' } });
  });
});
