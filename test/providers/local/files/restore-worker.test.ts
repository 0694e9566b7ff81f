import { mkdir, readFile, readdir, readlink, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { localProbe } from '../../../../src/probe/local/local-probe.ts';
import type { ResourceState } from '../../../../src/providers/provider.ts';
import type { WorkerRequest } from '../../../../src/providers/local/worker/worker-context.ts';
import { treeHash } from '../../../support/tree-hash.ts';
import { endAllWorkers, startWorker, stateOf } from '../postgres/worker.ts';
import { filesPoint, filesSpec, ownFolder, tarGzOf, tarOf, writeFiles } from './file-sets.ts';

const place = await ownFolder();
const source = join(place.folder, 'source');
let sourceHash = '';

beforeAll(async () => {
  await writeFiles(source, {
    '2026-11-19/a/one.txt': 'one',
    '2026-11-19/b/two.txt': 'two and more',
    'three.tar.gz': await tarGzOf([
      { name: './a/', type: 'directory', mode: 0o750 },
      { name: './a/one.txt', text: 'one', mode: 0o640 },
      { name: 'b/two.txt', text: 'two and more' },
    ]),
    'large.tar': await tarOf([{ name: 'large.bin', text: 'x'.repeat(40 * 1024 * 1024) }]),
    'cut.tar': (
      await tarOf([
        { name: 'a', text: 'x'.repeat(2048) },
        { name: 'b', text: 'y' },
      ])
    ).subarray(0, 2560),
  });
  await symlink('one.txt', join(source, '2026-11-19/a/link'));
  await mkdir(join(source, '2026-11-19/empty'));
  sourceHash = await treeHash(source);
});

afterAll(async () => {
  await endAllWorkers();
  await place.remove();
});

async function request(name: string, id: string, expiresAt = new Date(Date.now() + 600_000).toISOString()) {
  const folder = join(place.folder, name);
  await mkdir(folder, { mode: 0o700 });
  const text: WorkerRequest = {
    request: {
      kind: 'restore',
      token: 'token-1',
      spec: filesSpec(source),
      point: await filesPoint(source, id),
      drill: {
        drillId: 'd-1',
        startedAt: '2026-01-01T00:00:00.000Z',
        sandbox: { provider: 'local', expiresAt, minimumIsolation: 'L0', folder },
        sources: [],
      },
    },
    level: 'L0',
  };
  await writeFile(join(folder, 'request.json'), JSON.stringify(text));
  return folder;
}

async function look(state: ResourceState, contains: readonly string[] = []) {
  if (state.kind !== 'ready' || state.endpoint === undefined) throw new Error(JSON.stringify(state));
  if (state.endpoint.kind === 'rds') throw new Error('not here');
  const probe = localProbe({ readSecret: async () => Promise.reject(new Error('no secret is needed')) });
  return probe.observe(state.endpoint, { kind: 'files', contains }, new AbortController().signal);
}

describe('a restored set of files', () => {
  test.each(['2026-11-19', 'three.tar.gz'])('holds what %s holds, and is observed where it lies', async (id) => {
    const folder = await request(`restored-${id}`, id);
    const worker = startWorker(folder);
    const state = await worker.settled();

    expect(await look(state, ['b/two.txt', 'b/none.txt'])).toEqual({
      kind: 'files',
      files: 2,
      bytes: 15,
      missing: ['b/none.txt'],
      faults: [],
    });
    expect(state).toMatchObject({
      facts: {
        moment: { recoveryPointId: id },
        bytesRestored: 15,
        spans: [{ name: 'free space' }, { name: 'copy and verify' }],
      },
    });
    expect((await stat(join(folder, 'data'))).mode & 0o777).toBe(0o700);
    expect(await worker.end()).toBe(0);
    expect(await treeHash(source)).toBe(sourceHash);
  });

  test('keeps links, empty folders, permissions and times', async () => {
    const folder = await request('kept', '2026-11-19');
    const worker = startWorker(folder);
    await worker.settled();
    const data = join(folder, 'data');

    expect((await readdir(data)).sort()).toEqual(['a', 'b', 'empty']);
    expect(await readlink(join(data, 'a/link'))).toBe('one.txt');
    for (const path of ['a/one.txt', 'b/two.txt']) {
      const [was, is] = [await stat(join(source, '2026-11-19', path)), await stat(join(data, path))];
      expect(is.mode).toBe(was.mode);
      expect(Math.abs(is.mtimeMs - was.mtimeMs)).toBeLessThan(2);
    }
    await worker.end();
  });

  test('is proven bad where its archive is cut off between two entries', async () => {
    const worker = startWorker(await request('cut', 'cut.tar'));

    expect(await worker.settled()).toMatchObject({
      kind: 'failed',
      problem: { code: 'restore/archive-damaged', blames: 'backup' },
    });
    await worker.end();
  });

  test('is begun again by the next worker when one is killed in the middle, and copied once when it was finished', async () => {
    const folder = await request('killed', 'large.tar');
    const first = startWorker(folder);
    const part = join(folder, 'data', 'large.bin');
    while (((await stat(part).catch(() => undefined))?.size ?? 0) === 0) await new Promise(setImmediate);
    first.child.kill('SIGKILL');
    await first.end();
    expect(await stateOf(folder)).not.toMatchObject({ kind: 'ready' });

    const second = startWorker(folder);
    expect(await look(await second.settled())).toMatchObject({ files: 1, bytes: 40 * 1024 * 1024 });
    second.child.kill('SIGKILL');
    await second.end();
    // Told apart from a second copy by a change that only a kept one still has.
    await utimes(part, 1, 1);
    const third = startWorker(folder);
    expect(await look(await third.settled())).toMatchObject({ files: 1 });
    expect((await stat(part)).mtimeMs).toBe(1000);
    const mark = JSON.parse(await readFile(join(folder, 'done-copy-and-verify.json'), 'utf8')) as { times: number };
    expect(mark.times).toBe(1);
    await third.end();
  });
});
