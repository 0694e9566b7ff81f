import { chmod, cp, mkdir, mkdtemp, open, readFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RecoveryPoint } from '../../../../src/catalog/recovery-point.ts';
import { findTool } from '../../../../src/providers/local/repository/find-tool.ts';
import { textsBelow, treeHash } from '../../../support/tree-hash.ts';
import { endAllWorkers, stateOf, startWorker } from '../postgres/worker.ts';
import {
  ENV,
  PASSWORD,
  PASSWORD_NAME,
  RESTIC,
  filesSpec,
  hasTool,
  list,
  listingProblem,
  only,
  restic,
  restoreInto,
  writeRequest,
} from './repository-worker.ts';

const isThere = await hasTool('restic');
const BYTES = 400_000;

let lab: string;
let data: string;
let repository: string;
let folders = 0;

const freshFolder = (): string => join(lab, 'drills', String((folders += 1)));
const spec = (changes: object = {}, source = repository): ReturnType<typeof filesSpec> =>
  filesSpec(source, { ...RESTIC, path: data, ...changes });
let drawn: RecoveryPoint | undefined;
const nightly = async (): Promise<RecoveryPoint> =>
  (drawn ??= only((await list(spec({ tags: ['nightly'], host: 'web' }))).points));

async function overwrite(file: string, at: number): Promise<void> {
  await chmod(file, 0o600);
  const handle = await open(file, 'r+');
  await handle.write(Buffer.from([255, 0, 255, 1]), 0, 4, at);
  await handle.close();
}

async function damagedCopy(): Promise<string> {
  const copy = join(lab, `damaged-${(folders += 1)}`);
  await cp(repository, copy, { recursive: true, preserveTimestamps: true });
  return copy;
}

/** All packs, the largest first. */
async function packs(source: string): Promise<string[]> {
  const entries = await readdir(join(source, 'data'), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sizes = new Map(await Promise.all(files.map(async (file) => [file, (await stat(file)).size] as const)));
  return files.toSorted((a, b) => (sizes.get(b) ?? 0) - (sizes.get(a) ?? 0));
}

/** Command lines of living processes that name a path. */
async function commandsNaming(path: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(pids.map(async (pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return commands.filter((command) => command.includes(path));
}

describe.runIf(isThere)('a repository of restic', () => {
  beforeAll(async () => {
    lab = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
    data = join(lab, 'data [1]/uploads');
    repository = join(lab, 'repository');
    await mkdir(join(data, 'deep'), { recursive: true });
    await writeFile(join(data, 'big'), Buffer.alloc(BYTES, 'abcdefgh'));
    await writeFile(join(data, 'deep/small'), 'small');
    await utimes(join(data, 'deep/small'), 1_700_000_000, 1_700_000_000);
    await restic(repository, ['init', '--quiet']);
    const by = ['backup', '--quiet', '--host'];
    await restic(repository, [...by, 'web', '--tag', 'nightly', '--tag', 'x', '--time', '2026-01-02 03:04:05', data]);
    await restic(repository, [...by, 'web', '--tag', 'weekly', '--time', '2026-01-03 03:04:05', data]);
    await restic(repository, [...by, 'db', '--tag', 'nightly', '--time', '2026-01-04 03:04:05', join(lab, 'data [1]')]);
    await restic(repository, [
      ...by,
      'db',
      '--time',
      '2026-01-05 03:04:05',
      join(repository, 'config'),
      '/etc/hostname',
    ]);
  });

  afterEach(endAllWorkers);

  afterAll(async () => {
    await rm(lab, { recursive: true, force: true });
  });

  describe('lists', () => {
    it('each snapshot that covers the path, with its time, tags and a short id', async () => {
      const { points, unusable } = await list(spec());
      expect(unusable).toEqual([]);
      expect(points.map(({ capturedAt, tags }) => [capturedAt, tags])).toEqual([
        ['2026-01-02T03:04:05.000Z', ['nightly', 'x']],
        ['2026-01-03T03:04:05.000Z', ['weekly']],
        ['2026-01-04T03:04:05.000Z', ['nightly']],
      ]);
      expect(points[0]?.id).toMatch(/^[0-9a-f]{8}$/);
      expect(points[0]?.location).toContain(points[0]?.id);
    });

    it('only those of the wanted host that have all of the wanted tags', async () => {
      const times = async (changes: object): Promise<string[]> =>
        (await list(spec(changes))).points.map(({ capturedAt }) => capturedAt.slice(0, 10));
      expect(await times({ tags: ['nightly'] })).toEqual(['2026-01-02', '2026-01-04']);
      expect(await times({ tags: ['nightly', 'x'] })).toEqual(['2026-01-02']);
      expect(await times({ host: 'db' })).toEqual(['2026-01-04']);
    });

    it('as unusable what holds several paths when none is named', async () => {
      const { points, unusable } = await list(filesSpec(repository, RESTIC));
      expect(points).toHaveLength(3);
      expect(unusable).toMatchObject([{ problem: { code: 'restore/several-paths', blames: 'environment' } }]);
    });

    it('as unusable, and proven bad, a snapshot that is damaged, and all others still', async () => {
      const copy = await damagedCopy();
      const { id, location } = await nightly();
      await overwrite(location.replace(repository, copy), 30);
      const { points, unusable } = await list(spec({}, copy));
      expect(points).toHaveLength(2);
      expect(unusable).toMatchObject([{ id, problem: { code: 'restore/repository-damaged', blames: 'backup' } }]);
    });
  });

  describe('cannot be listed', () => {
    it.each([
      ['with another password', { env: { ...ENV, [PASSWORD_NAME]: 'another' } }, 'restore/wrong-password'],
      ['without any password', { env: { PATH: ENV.PATH } }, 'restore/secret-unreadable'],
      ['where it is no repository', { source: '/usr/share' }, 'restore/source-unreadable'],
      ['where nothing is', { source: '/nowhere/at/all' }, 'restore/source-unreadable'],
      ['on another machine', { source: '/runbooks/s3:https:/bucket' }, 'restore/remote-repository'],
      ['when no snapshot has that path', { changes: { path: '/elsewhere' } }, 'restore/no-such-snapshot'],
    ] as const)('%s, and the backup is not to blame', async (_, given, code) => {
      const { env, source, changes } = { env: ENV, source: repository, changes: {}, ...given };
      const problem = await listingProblem(spec(changes, source), env);
      expect(problem).toMatchObject({ code, blames: 'environment' });
      expect(JSON.stringify(problem)).not.toContain(env === ENV ? PASSWORD : 'another');
    });

    it.each([
      ['is missing', undefined],
      ['is too old', 'echo restic 0.9.6 compiled with go1.12 on linux/amd64'],
    ])('when the tool %s', async (_, script) => {
      const bin = join(lab, `bin-${(folders += 1)}`);
      await mkdir(bin);
      if (script !== undefined) await writeFile(join(bin, 'restic'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      const found = findTool('restic', bin, new AbortController().signal);
      const hint = expect.stringContaining("Debian: 'restic'") as string;
      await expect(found).rejects.toMatchObject({ problem: { code: 'restore/tool-missing', hint } });
    });
  });

  describe('is restored', () => {
    it('as it was, by its own moment, and says by what; the repository stays byte for byte, even read-only', async () => {
      const folder = freshFolder();
      const point = await nightly();
      await chmod(repository, 0o500);
      const before = await treeHash(repository);
      const { state } = await restoreInto(folder, spec(), point);
      expect(await treeHash(repository)).toBe(before);
      if (state.kind !== 'ready') throw new Error(JSON.stringify(state));
      expect(await readFile(join(folder, 'data/deep/small'), 'utf8')).toBe('small');
      expect((await stat(join(folder, 'data/big'))).size).toBe(BYTES);
      const { facts } = state;
      expect(facts?.moment.recoveryPointId).toBe(point.id);
      expect(facts?.dataMoments[0]?.at).toBe('2026-01-02T03:04:05.000Z');
      expect(facts?.spans.map(({ name }) => name)).toEqual(['fetch from repository', 'free space', 'copy and verify']);
      expect(facts?.settings.at(-1)).toMatch(/^a copy fetched by restic \d+\.\d+/);
      expect(facts?.warnings).toEqual([]);
    });

    it('out of a snapshot of a folder above the backup', async () => {
      const folder = freshFolder();
      const { state } = await restoreInto(folder, spec(), only((await list(spec({ host: 'db' }))).points));
      expect(state).toMatchObject({ kind: 'ready' });
      expect((await readdir(join(folder, 'data'))).sort()).toEqual(['big', 'deep']);
    });

    it('with the password in a file, and leaves it nowhere', async () => {
      const folder = freshFolder();
      const file = join(lab, 'password');
      await writeFile(file, `${PASSWORD}\n`, { mode: 0o600 });
      const { state } = await restoreInto(folder, spec({ password: { file } }), await nightly(), { PATH: ENV.PATH });
      expect(state).toMatchObject({ kind: 'ready' });
      for (const text of (await textsBelow(folder)).values()) expect(text).not.toContain(PASSWORD);
    });

    it('once: a worker that is started again needs no repository, and leaves no second copy', async () => {
      const folder = freshFolder();
      const worker = await restoreInto(folder, spec(), await nightly());
      expect(await readdir(folder)).not.toContain('fetched');
      worker.child.kill('SIGKILL');
      await worker.end();
      await rm(join(folder, 'state.json'));
      // As if it had been killed while it removed what was fetched.
      await mkdir(join(folder, 'fetched/backup', data), { recursive: true });
      const again = startWorker(folder, { PATH: ENV.PATH });
      expect(await again.settled()).toMatchObject({ kind: 'ready' });
      expect(await readdir(folder)).not.toContain('fetched');
    });

    it('from the beginning when a worker was killed in the middle of a fetch', async () => {
      const folder = freshFolder();
      await writeRequest(folder, spec(), await nightly());
      await mkdir(join(folder, 'fetched/backup', data), { recursive: true });
      await writeFile(join(folder, 'fetched/backup', data, 'half'), 'left behind', { mode: 0o400 });
      const worker = startWorker(folder, ENV);
      expect(await worker.settled()).toMatchObject({ kind: 'ready' });
      expect((await readdir(join(folder, 'data'))).sort()).toEqual(['big', 'deep']);
    });
  });

  describe('cannot be restored', () => {
    it('when what a pack holds is not what was written, and then the backup is to blame', async () => {
      const copy = await damagedCopy();
      await overwrite((await packs(copy))[0] ?? '', 100);
      const { state } = await restoreInto(freshFolder(), spec({}, copy), await nightly());
      expect(state).toMatchObject({
        kind: 'failed',
        problem: { code: 'restore/repository-damaged', blames: 'backup' },
      });
    });

    it('when its index is damaged, and then the backup is to blame', async () => {
      const copy = await damagedCopy();
      for (const name of await readdir(join(copy, 'index'))) await overwrite(join(copy, 'index', name), 30);
      const { state } = await restoreInto(freshFolder(), spec({}, copy), await nightly());
      expect(state).toMatchObject({
        kind: 'failed',
        problem: { code: 'restore/repository-damaged', blames: 'backup' },
      });
    });

    it.each([
      ['a part is gone', false, 'restore/repository-damaged', 'backup'],
      ['a part is gone while somebody works in it', true, 'restore/repository-in-use', 'environment'],
    ] as const)('when %s', async (_, isLocked, code, blames) => {
      const copy = await damagedCopy();
      await rm(join(copy, 'index'), { recursive: true });
      await mkdir(join(copy, 'index'));
      if (isLocked) await writeFile(join(copy, 'locks', 'a'.repeat(64)), 'lock');
      const { state } = await restoreInto(freshFolder(), spec({}, copy), await nightly());
      expect(state).toMatchObject({ kind: 'failed', problem: { code, blames } });
    });

    it.each([
      ['the snapshot is rotated', {}, 'restore/source-unreadable'],
      ['the snapshot never held the path', { path: 'nothing-here' }, 'restore/not-in-snapshot'],
    ])('when %s, and then the backup is not to blame', async (_, changes, code) => {
      const point = await nightly();
      const gone = { ...point, location: `${point.location.slice(0, -8)}00000000` };
      const wanted = 'path' in changes ? spec({ path: join(data, changes.path) }) : spec();
      const { state } = await restoreInto(freshFolder(), wanted, 'path' in changes ? point : gone);
      expect(state).toMatchObject({ kind: 'failed', problem: { code, blames: 'environment' } });
    });
  });

  it('leaves nothing running when the worker is told to end in the middle of a fetch', async () => {
    const folder = freshFolder();
    await writeRequest(folder, spec(), await nightly());
    const worker = startWorker(folder, ENV);
    while ((await commandsNaming(join(folder, 'fetched'))).length === 0) await new Promise((r) => setImmediate(r));
    expect(await worker.end()).toBe(0);
    expect((await stateOf(folder))?.kind).toBe('pending');
    expect(await commandsNaming(folder)).toEqual([]);
  });
});
