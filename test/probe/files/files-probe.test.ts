import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { filesProbe } from '../../../src/probe/files/files-probe.ts';
import { recordFilesManifest } from '../../../src/probe/files/record-manifest.ts';
import type { ObservationRequest } from '../../../src/probe/observation.ts';

let folder = '';
let restored = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drillbook-probe-'));
  restored = join(folder, 'data');
  await mkdir(join(restored, 'a/b'), { recursive: true });
  await writeFile(join(restored, 'a/one.png'), '1');
  await writeFile(join(restored, 'a/b/two.png'), '22');
  await writeFile(join(restored, 'three.txt'), 'x'.repeat(2 * 1024 * 1024 + 1));
  await writeFile(join(restored, '.hidden.png'), '');
  await symlink('a/one.png', join(restored, 'link.png'));
  await writeFile(join(folder, 'outside.txt'), 'x');
  await chmod(join(restored, 'a/one.png'), 0o440);
  await writeFile(join(folder, 'modes'), `${JSON.stringify(['a/one.png', 0o040])}\n`);
});

afterAll(async () => rm(folder, { recursive: true, force: true }));

async function observe(request: ObservationRequest, signal = new AbortController().signal) {
  return filesProbe.observe({ kind: 'files', folder: restored, trueModes: join(folder, 'modes') }, request, signal);
}

describe('restored files', () => {
  test('are counted, read to their end, and each counted once though a link leads to it', async () => {
    expect(await observe({ kind: 'files', contains: [] })).toEqual({
      kind: 'files',
      files: 4,
      bytes: 2 * 1024 * 1024 + 4,
      missing: [],
      faults: [],
    });
  });

  test.each([
    ['**/*.png', 3, 3],
    ['*.png', 1, 0],
    ['a/**', 2, 3],
    ['nothing/*', 0, 0],
  ])('are picked by the glob %s', async (glob, files, bytes) => {
    expect(await observe({ kind: 'files', glob, contains: [] })).toMatchObject({ files, bytes });
  });

  test('are found by name within the folder only, also by way of a link within it', async () => {
    const there = ['a/one.png', './a//b/../one.png', 'link.png'];
    const missing = ['a', 'a/none', 'a/one.png/x', '../outside.txt', '/etc/hostname', '', 'a/one.png/', 'x\0'];
    await symlink('../outside.txt', join(restored, 'leak'));
    expect(await observe({ kind: 'files', contains: [...there, ...missing, 'leak'] })).toMatchObject({
      missing: [...missing, 'leak'],
    });
    await rm(join(restored, 'leak'));
  });

  test('have the permissions of the backup, and a hash, by path', async () => {
    const seen = await observe({ kind: 'tree' });
    expect(seen.kind === 'tree' && seen.entries.map(({ path, bytes, mode }) => [path, bytes, mode])).toEqual([
      ['.hidden.png', 0, 0o644],
      ['a/b/two.png', 2, 0o644],
      ['a/one.png', 1, 0o040],
      ['three.txt', 2 * 1024 * 1024 + 1, 0o644],
    ]);
    const sha256 = createHash('sha256').update('22').digest('hex');
    expect(seen).toMatchObject({ entries: [{}, { sha256 }, {}, {}] });
  });

  test('are not looked at any longer once the time is over', async () => {
    const over = AbortSignal.abort();
    for (const request of [{ kind: 'tree' }, { kind: 'files', contains: [] }] as const) {
      expect(await observe(request, over)).toMatchObject({
        kind: 'unobservable',
        problem: { code: 'check/files-unreadable', blames: 'environment' },
      });
    }
  });

  test('that are gone cannot be observed, and prove nothing against the backup', async () => {
    const gone = join(folder, 'gone');
    for (const place of [{ folder: gone }, { folder: restored, trueModes: gone }]) {
      const endpoint = { kind: 'files', ...place } as const;
      expect(await filesProbe.observe(endpoint, { kind: 'tree' }, new AbortController().signal)).toMatchObject({
        kind: 'unobservable',
        problem: { blames: 'environment' },
      });
    }
  });

  test('answer no question for a database', async () => {
    expect(await observe({ kind: 'sql', database: '', query: 'select 1' })).toMatchObject({
      problem: { code: 'probe/not-offered' },
    });
  });
});

describe('a manifest of living files', () => {
  const signal = new AbortController().signal;

  test('holds every file of the moment', async () => {
    const at = new Date(Date.now() + 1).toISOString();
    expect(await recordFilesManifest({ folder: restored, at, recoveryPointId: 'monday' }, signal)).toMatchObject({
      kind: 'files',
      moment: { at, recoveryPointId: 'monday' },
      entries: [{ path: '.hidden.png' }, { path: 'a/b/two.png' }, { path: 'a/one.png', mode: 0o440 }, {}],
    });
  });

  test('is none where something was written to meanwhile, or cannot be read', async () => {
    const before = new Date(Date.now() - 60_000).toISOString();
    expect(await recordFilesManifest({ folder: restored, at: before }, signal)).toMatchObject({
      code: 'manifest/unreadable-files',
    });
    expect(await recordFilesManifest({ folder: join(folder, 'gone'), at: before }, signal)).toMatchObject({
      code: 'manifest/unreadable-files',
      blames: 'environment',
    });
  });
});
