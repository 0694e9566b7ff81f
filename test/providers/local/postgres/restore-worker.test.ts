import { spawn } from 'node:child_process';
import {
  chmod,
  copyFile,
  cp,
  mkdir,
  mkdtemp,
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
import type { PostgresRestore } from '../../../../src/runbook/restore-spec.ts';
import { processStartTime } from '../../../../src/support/process-identity.ts';
import { type Cluster, startCluster } from './cluster.ts';
import { hashTree, packBackup, writeManifest } from './forms.ts';
import { ask, endAllWorkers, pointOf, restoreInto, specOf, startWorker, stateOf, writeRequest } from './worker.ts';
import { casesFor } from '../../../support/whole.ts';

const COUNT = 'select count(*)::int as rows from orders';

let lab: string;
let cluster: Cluster;
let moment: string;
let source: string;
let folders = 0;

const freshFolder = (): string => join(lab, 'drills', String((folders += 1)));

beforeAll(async () => {
  lab = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
  await chmod(lab, 0o755);
  await mkdir(join(lab, 'drills'), { mode: 0o755 });
  cluster = await startCluster(join(lab, 'cluster'));
  source = join(lab, 'source');
  await cluster.query("create table orders as select n, repeat('x', 100) as note from generate_series(1, 1000) n");
  await cluster.backUp(join(source, 'monday'));
  await cluster.query("insert into orders select n, repeat('x', 100) from generate_series(1001, 2000) n");
  const [now] = await cluster.query(
    `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at`,
  );
  moment = String(now?.['at']);
  await cluster.query("insert into orders select n, repeat('x', 100) from generate_series(2001, 3000) n");
  await cluster.archiveAll();
  await writeManifest(join(source, 'monday'));
  await packBackup(join(source, 'monday'), join(source, 'forms/tar'), false);
  await packBackup(join(source, 'monday'), join(source, 'forms/gzip'), true);
  await copyFile(join(source, 'monday/backup_manifest'), join(source, 'forms/gzip/backup_manifest'));
  await cluster.stop('SIGQUIT');
  await cp(cluster.data, join(source, 'crashed'), { recursive: true });
  await cp(cluster.archive, join(source, 'wal'), { recursive: true });
});

afterEach(endAllWorkers);

afterAll(async () => {
  await cluster.stop('SIGQUIT');
  await rm(lab, { recursive: true, force: true });
});

describe('what a restore holds', () => {
  it.each([
    ['the end of the backup', { kind: 'backup-end' }, 1000],
    ['the latest moment of the archive', { kind: 'latest' }, 3000],
    ['a chosen time', { kind: 'time' }, 2000],
  ] as const)('is what the source held at %s', async (_, target, rows) => {
    const folder = freshFolder();
    const to = target.kind === 'time' ? { kind: 'time' as const, time: moment } : target;
    const { state } = await restoreInto(folder, specOf(source, {}, to), 'monday');
    expect(state).toMatchObject({ kind: 'ready', facts: { moment: { recoveryPointId: 'monday', target: to } } });
    expect(await ask(folder, COUNT)).toEqual([{ rows }]);
  });

  it.each(casesFor(['forms/gzip', 'forms/tar']))('is the same out of %s', async (id) => {
    const folder = freshFolder();
    const { state } = await restoreInto(folder, specOf(source), id);
    expect(state).toMatchObject({ kind: 'ready' });
    expect(await ask(folder, COUNT)).toEqual([{ rows: 3000 }]);
  });

  it.each([
    ['backup-end', false],
    ['latest', true],
  ] as const)('is what a copy of a crashed data folder comes to, replayed to %s', async (kind, withArchive) => {
    const folder = freshFolder();
    const { state } = await restoreInto(folder, specOf(source, {}, { kind }), 'crashed');
    expect(state).toMatchObject({ kind: 'ready' });
    expect(await ask(folder, COUNT)).toEqual([{ rows: 3000 }]);
    expect((await readdir(join(folder, 'data/pg_wal'))).some((name) => name.endsWith('.history'))).toBe(withArchive);
  });

  it.each(casesFor(['L2', 'L1']))('is the same in a sandbox of level %s', async (level) => {
    const folder = freshFolder();
    const { state } = await restoreInto(folder, specOf(source), 'monday', { level });
    expect(state).toMatchObject({ kind: 'ready' });
    expect(await ask(folder, COUNT)).toEqual([{ rows: 3000 }]);
  });
});

describe('what a restore tells', () => {
  it('names the last replayed transaction, the position, the sizes, the phases and the special settings', async () => {
    const { state } = await restoreInto(freshFolder(), specOf(source, {}, { kind: 'time', time: moment }), 'monday');
    if (state.kind !== 'ready' || !state.facts) throw new Error(JSON.stringify(state));
    const { facts } = state;
    const [replayed, point] = facts.dataMoments;
    expect([replayed?.source, point?.source]).toEqual(['last-replayed-transaction', 'recovery-point']);
    expect(Date.parse(moment) - Date.parse(replayed?.at ?? '')).toBeGreaterThanOrEqual(0);
    expect(Date.parse(moment) - Date.parse(replayed?.at ?? '')).toBeLessThan(5_000);
    expect(facts.moment.lsn).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/);
    expect(facts.engineVersion).toMatch(/^PostgreSQL 18\.\d+ \(embedded\)$/);
    expect(facts.bytesRestored).toBeGreaterThan(20_000_000);
    expect(facts.settings).toContain('fsync=off');
    expect(facts.spans.map(({ name }) => name)).toEqual([
      'free space',
      'copy and verify',
      'stage WAL',
      'start and replay',
      'secure login',
    ]);
  });

  it('keeps the password in a file that only its owner reads, and lets nobody in without it', async () => {
    const folder = freshFolder();
    await restoreInto(folder, specOf(source), 'monday');
    expect((await stat(join(folder, 'credentials.json'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'socket'))).mode & 0o777).toBe(0o700);
    const { password } = JSON.parse(await readFile(join(folder, 'credentials.json'), 'utf8')) as { password: string };
    await writeFile(join(folder, 'credentials.json'), JSON.stringify({ user: 'postgres', password: 'guess' }));
    await expect(ask(folder, COUNT)).rejects.toThrow(/password authentication failed/);
    for (const name of ['state.json', 'server.log', 'worker.json', 'request.json']) {
      expect(await readFile(join(folder, name), 'utf8')).not.toContain(password);
    }
  });

  it('can be reached when its folder has a long path', async () => {
    const folder = join(freshFolder(), 'long-'.repeat(30));
    const { state } = await restoreInto(folder, specOf(source), 'monday');
    expect(state.kind).toBe('ready');
    expect(await ask(folder, COUNT)).toEqual([{ rows: 3000 }]);
  });

  it('leaves the source byte for byte as it was', async () => {
    const before = await hashTree(source);
    for (const id of ['monday', 'forms/gzip', 'crashed']) await restoreInto(freshFolder(), specOf(source), id);
    expect(await hashTree(source)).toBe(before);
  });
});

describe("a restore's worker", () => {
  it('leaves no server when it is told to end', async () => {
    const folder = freshFolder();
    const worker = await restoreInto(folder, specOf(source), 'monday');
    const { pid, startTime } = JSON.parse(await readFile(join(folder, 'server.json'), 'utf8')) as {
      pid: number;
      startTime: string;
    };
    expect(await processStartTime(pid)).toBe(startTime);
    expect(await worker.end()).toBe(0);
    expect(await processStartTime(pid)).not.toBe(startTime);
  });

  it('ends its server when the sandbox expires', async () => {
    const folder = freshFolder();
    await writeRequest(folder, specOf(source), await pointOf(specOf(source), 'monday'), {
      expiresAt: new Date(Date.now() + 100).toISOString(),
    });
    const worker = startWorker(folder);
    await new Promise((resolve) => worker.child.once('exit', resolve));
    expect(await stateOf(folder)).toMatchObject({
      kind: 'failed',
      problem: { code: 'restore/sandbox-expired', blames: 'environment' },
    });
    await expect(stat(join(folder, 'data/postmaster.pid'))).rejects.toThrow();
  });

  it('tells when its server ends without having been asked to', async () => {
    const folder = freshFolder();
    const worker = await restoreInto(folder, specOf(source), 'monday');
    const { pid } = JSON.parse(await readFile(join(folder, 'server.json'), 'utf8')) as { pid: number };
    process.kill(pid, 'SIGKILL');
    await new Promise((resolve) => worker.child.once('exit', resolve));
    expect(await stateOf(folder)).toMatchObject({ kind: 'failed', problem: { code: 'restore/server-stopped' } });
  });

  const signs = [
    ['while it copies', 'data/base', 'L0'],
    ['when the server has read its label', 'data/backup_label.old', 'L1'],
    ['when the password is written', 'credentials.json', 'L2'],
    ['when the copy is done', 'done-copy-and-verify.json', 'L0'],
    ['when the WAL is staged', 'done-stage-WAL.json', 'L2'],
    ['while the server recovers', 'server.json', 'L2'],
    ['when the replay is judged', 'done-start-and-replay.json', 'L0'],
    ['when the login is secured', 'done-secure-login.json', 'L0'],
  ] as const;
  it.each(casesFor(signs, 3))('killed %s, finishes the same restore with one finished copy', async (_, sign, level) => {
    const folder = freshFolder();
    await writeRequest(folder, specOf(source), await pointOf(specOf(source), 'monday'), { level });
    const killed = startWorker(folder);
    while (!(await stat(join(folder, sign)).catch(() => undefined))) await new Promise(setImmediate);
    killed.child.kill('SIGKILL');
    await new Promise((resolve) => killed.child.once('exit', resolve));
    await rm(join(folder, 'state.json'), { force: true });

    const state = await startWorker(folder).settled();
    expect(state).toMatchObject({
      kind: 'ready',
      facts: { dataMoments: [{ source: 'last-replayed-transaction' }, {}] },
    });
    expect(state.kind === 'ready' && state.facts?.spans.length).toBe(5);
    expect(state.kind === 'ready' && state.facts?.moment.lsn).toBe(await latestLsn());
    expect(await ask(folder, COUNT)).toEqual([{ rows: 3000 }]);
    expect(JSON.parse(await readFile(join(folder, 'done-copy-and-verify.json'), 'utf8'))).toMatchObject({ times: 1 });
  });

  const halves = [
    ['has written the history of its new timeline', true],
    ['has taken the request for a recovery away', false],
  ] as const;
  it.each(casesFor(halves))('killed when a promotion only %s, still stops where it should', async (_, hasHistory) => {
    const spec = specOf(source, {}, { kind: 'time', time: moment });
    const folder = await killedInRecovery(spec);
    await rm(join(folder, 'data/recovery.signal'));
    const reason = 'no recovery target specified';
    if (hasHistory)
      await writeFile(join(folder, 'data/pg_wal/00000002.history'), `1\t${await latestLsn()}\t${reason}\n`);
    const state = await startWorker(folder).settled();
    expect(state.kind === 'failed' ? state.problem : state.kind).toBe('ready');
    expect(await ask(folder, COUNT)).toEqual([{ rows: 2000 }]);
  });

  /** A restore whose server was killed after it had read its label and before it promoted. */
  async function killedInRecovery(spec: PostgresRestore): Promise<string> {
    for (;;) {
      const folder = freshFolder();
      await writeRequest(folder, spec, await pointOf(spec, 'monday'), { level: 'L0' });
      const worker = startWorker(folder);
      while (!(await stat(join(folder, 'data/backup_label.old')).catch(() => undefined))) {
        await new Promise(setImmediate);
      }
      worker.child.kill('SIGKILL');
      await new Promise((resolve) => worker.child.once('exit', resolve));
      await rm(join(folder, 'state.json'), { force: true });
      const names = await readdir(join(folder, 'data'));
      if (names.includes('recovery.signal')) return folder;
    }
  }

  it('ends what a killed worker had only just begun to launch, before it starts a server on the same data', async () => {
    const folder = freshFolder();
    await writeRequest(folder, specOf(source), await pointOf(specOf(source), 'monday'));
    const left = spawn('sh', ['-c', 'sleep 60; true', 'sh', join(folder, 'data')], { detached: true, stdio: 'ignore' });
    const ended = new Promise((resolve) => left.once('exit', (_, signal) => resolve(signal)));
    expect(await startWorker(folder).settled()).toMatchObject({ kind: 'ready' });
    expect(await ended).toBe('SIGKILL');
    process.kill(-(left.pid ?? 0), 'SIGKILL');
  });

  it('ends in a failure that names the role when the superuser does not exist', async () => {
    const { state } = await restoreInto(freshFolder(), specOf(source, { superuser: 'nobody-here' }), 'monday');
    expect(state).toMatchObject({ kind: 'failed', problem: { code: 'restore/no-superuser', blames: 'environment' } });
    expect(state.kind === 'failed' && state.problem.message).toContain("'nobody-here'");
  });

  it('ends in a failure when there is no server of the major, and never takes another', async () => {
    const spec = specOf(source);
    const folder = freshFolder();
    const point = await pointOf(spec, 'monday');
    await writeRequest(folder, spec, { ...point, engine: { name: 'postgresql', version: '14' } }, { postgresDirs: [] });
    const state = await startWorker(folder).settled();
    expect(state).toMatchObject({
      kind: 'failed',
      problem: { code: 'restore/no-postgres-major', blames: 'environment' },
    });
  });

  it('does not begin to copy what cannot fit', async () => {
    const large = join(lab, 'large');
    await cp(join(source, 'monday'), large, { recursive: true });
    await rm(join(large, 'backup_manifest'));
    await truncate(join(large, 'base/1/1259'), 2 ** 43);
    const folder = freshFolder();
    const { state } = await restoreInto(folder, specOf(large), 'large');
    expect(state).toMatchObject({
      kind: 'failed',
      problem: { code: 'restore/not-enough-space', blames: 'environment' },
    });
    await expect(stat(join(folder, 'data'))).rejects.toThrow();
  });
});

let known: string | undefined;
async function latestLsn(): Promise<string | undefined> {
  if (known === undefined) {
    const { state } = await restoreInto(freshFolder(), specOf(source), 'monday');
    known = state.kind === 'ready' ? state.facts?.moment.lsn : undefined;
  }
  return known;
}
