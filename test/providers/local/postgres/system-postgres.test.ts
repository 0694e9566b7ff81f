import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { recogniseBackup } from '../../../../src/providers/local/postgres/backup-form.ts';
import { parseBackupManifest } from '../../../../src/providers/local/postgres/backup-manifest.ts';
import { layoutOf } from '../../../../src/providers/local/worker/folder-layout.ts';
import { openRestoreTarget } from '../../../../src/providers/local/postgres/restore-target.ts';
import { unpackTar } from '../../../../src/providers/local/postgres/unpack-tar.ts';
import { listBaseBackups } from '../../../../src/providers/local/postgres/list-base-backups.ts';
import { findServer } from '../../../../src/providers/local/postgres/server-binaries.ts';
import { type Cluster, makeFolderFor, startCluster } from './cluster.ts';
import { ask, endAllWorkers, restoreInto, specOf } from './worker.ts';
import { casesFor } from '../../../support/whole.ts';

const run = promisify(execFile);
const BIN = '/usr/lib/postgresql/15/bin';
const system = await findServer({ major: 15, dirs: [BIN] });

/*
 * What pg_basebackup itself writes: the proof that the tests' own backups have the true form. Only where a system
 * PostgreSQL 15 is installed.
 */
describe.skipIf(system.kind === 'missing')('a backup that pg_basebackup of a system PostgreSQL took', () => {
  let lab: string;
  let cluster: Cluster;
  let source: string;
  let folders = 0;

  const freshFolder = (): string => join(lab, 'drills', String((folders += 1)));
  const take = async (name: string, ...options: string[]): Promise<void> => {
    const target = join(source, name);
    await run(join(BIN, 'pg_basebackup'), [
      '-h',
      join(lab, 'cluster/socket'),
      '-U',
      'postgres',
      '-c',
      'fast',
      '-D',
      target,
      ...options,
    ]);
  };

  beforeAll(async () => {
    lab = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
    await chmod(lab, 0o755);
    await mkdir(join(lab, 'drills'), { mode: 0o755 });
    source = join(lab, 'source');
    await mkdir(source);
    cluster = await startCluster(join(lab, 'cluster'), { log_timezone: 'Europe/Berlin' }, BIN);
    const outside = await makeFolderFor(join(lab, 'outside'));
    await cluster.query(`create tablespace far location '${outside}'`);
    await cluster.query('create table far_away tablespace far as select generate_series(1, 300) as n');
    await cluster.query('create table orders as select generate_series(1, 1000) as n');
    await take('tar', '-Ft', '-X', 'stream');
    await take('gzip', '-Ft', '-z', '-X', 'fetch', '--manifest-checksums=SHA512');
    await take('bare', '-Ft', '-X', 'none', '--no-manifest');
    await take('lz4', '-Ft', '-X', 'none', '--compress=server-lz4').catch(() => undefined);
    await take('plain', '-Fp', '-X', 'stream', `--tablespace-mapping=${outside}=${join(source, 'spaces/far')}`);
    await cluster.query('insert into orders select generate_series(1, 1000)');
    await cluster.archiveAll();
  });

  afterEach(endAllWorkers);

  afterAll(async () => {
    await cluster.stop('SIGQUIT');
    await rm(lab, { recursive: true, force: true });
  });

  const restores = [
    ['gzip', 'latest', 2000],
    ['plain', 'latest', 2000],
    ['tar', 'backup-end', 1000],
    ['tar', 'latest', 2000],
    ['bare', 'latest', 2000],
  ] as const;
  it.each(casesFor(restores, 2))('is restored by a server of its major: %s to %s', async (id, kind, rows) => {
    const folder = freshFolder();
    const spec = specOf(source, { wal: cluster.archive }, { kind });
    const { state } = await restoreInto(folder, spec, id);
    expect(state).toMatchObject({
      kind: 'ready',
      facts: { engineVersion: expect.stringMatching(/^PostgreSQL 15\.\d+ \(system\)$/) as string },
    });
    expect(await ask(folder, 'select count(*)::int as rows from orders')).toEqual([{ rows }]);
    expect(await ask(folder, 'select count(*)::int as rows from far_away')).toEqual([{ rows: 300 }]);
  });

  it('restores alone, with the WAL that was streamed with it', async () => {
    const folder = freshFolder();
    const { state } = await restoreInto(folder, specOf(source), 'tar', { level: 'L2' });
    expect(state).toMatchObject({ kind: 'ready' });
    expect(await ask(folder, 'select count(*)::int as rows from orders')).toEqual([{ rows: 1000 }]);
  });

  it('that was streamed without WAL says so when there is no archive', async () => {
    const { state } = await restoreInto(freshFolder(), specOf(source), 'bare');
    expect(state).toMatchObject({ kind: 'failed', problem: { code: 'restore/wal-missing', blames: 'backup' } });
  });

  it('is listed with its time in UTC, whatever zone the server writes', async () => {
    const { points, unusable } = await listBaseBackups(
      specOf(source, { wal: cluster.archive }),
      new AbortController().signal,
    );
    expect(points.map(({ id, format, consistency }) => [id, format, consistency])).toEqual([
      ['bare', 'base backup (tar)', 'application'],
      ['gzip', 'base backup (tar.gz)', 'application'],
      ['plain', 'base backup (plain)', 'application'],
      ['tar', 'base backup (tar)', 'application'],
    ]);
    for (const point of points) {
      expect(point.engine).toEqual({ name: 'postgresql', version: '15' });
      expect(point.capturedAtSource).toMatch(/^backup stop time in '[0-9A-F]{24}\.[0-9A-F]{8}\.backup'$/);
      expect(Math.abs(Date.now() - Date.parse(point.capturedAt))).toBeLessThan(600_000);
    }
    expect(unusable.map(({ id, problem }) => [id, problem.code])).toEqual(
      (await readdir(source)).includes('lz4') ? [['lz4', 'restore/unsupported-compression']] : [],
    );
  });

  it.each(casesFor(['CRC32C', 'SHA512', 'SHA224', 'SHA256', 'SHA384', 'NONE'], 2))(
    'has a manifest whose %s checksums are understood',
    async (algorithm) => {
      const name = `sums-${algorithm}`;
      await take(name, '-Ft', '-X', 'stream', `--manifest-checksums=${algorithm}`);
      const parsed = parseBackupManifest(await readFile(join(source, name, 'backup_manifest')));
      if ('problem' in parsed) throw new Error(parsed.problem.message);
      const recognised = await recogniseBackup(join(source, name));
      if (recognised.kind !== 'backup' || recognised.form.kind !== 'tar') throw new Error(recognised.kind);
      const folder = freshFolder();
      await mkdir(folder);
      const target = await openRestoreTarget(layoutOf(folder), parsed.manifest);
      await unpackTar(recognised.form, target, { signal: new AbortController().signal, onBytes: () => {} });
      expect(await target.finish()).toBeGreaterThan(20_000_000);
      await rm(join(source, name), { recursive: true });
    },
  );

  it('whose streamed WAL was lost fails by what its manifest asks for', async () => {
    await cp(join(source, 'tar'), join(source, 'lost'), { recursive: true });
    await rm(join(source, 'lost/pg_wal.tar'));
    const { state } = await restoreInto(freshFolder(), specOf(source), 'lost');
    expect(state).toMatchObject({ kind: 'failed', problem: { code: 'restore/wal-missing', blames: 'backup' } });
  });

  it('is not restored where its server is hidden and the embedded one is of another major', async () => {
    const env = { ...process.env, PATH: '' };
    const { state } = await restoreInto(freshFolder(), specOf(source), 'tar', { postgresDirs: [], env });
    expect(state).toMatchObject({
      kind: 'failed',
      problem: { code: 'restore/no-postgres-major', blames: 'environment' },
    });
  });
});
