import { mkdir, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { afterAll, describe, expect, test } from 'vitest';
import { capturedAt } from '../../../../src/providers/local/files/captured-at.ts';
import { listFileSets } from '../../../../src/providers/local/files/list-file-sets.ts';
import { treeHash } from '../../../support/tree-hash.ts';
import { filesSpec, ownFolder, tarGzOf, tarOf, writeFiles } from './file-sets.ts';

const place = await ownFolder();
afterAll(async () => place.remove());

const tar = await tarOf([{ name: 'a', text: 'x' }]);
const tarGz = await tarGzOf([{ name: 'a', text: 'x' }]);
const zip = Buffer.from(zipSync({ a: new Uint8Array([1]) }));

async function source(name: string, files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const folder = join(place.folder, name);
  await mkdir(folder);
  await writeFiles(folder, files);
  return folder;
}

async function list(folder: string) {
  return listFileSets(filesSpec(folder), new AbortController().signal);
}

describe('the recovery points of a source of files', () => {
  test('are its folders and archives, told by their content, and nothing else', async () => {
    const folder = await source('mixed', {
      'folder/a': 'x',
      'plain.tar': tar,
      'packed.tgz': tarGz,
      'no-ending': tarGz,
      'misnamed.zip': tar,
      'some.zip': zip,
      'report.docx': zip,
      'notes.txt': 'text',
      'log.gz': gzipSync('no tar'),
      '.unfinished.tar': tar,
    });
    await symlink('folder', join(folder, 'latest'));
    const before = await treeHash(folder);
    const { points, unusable } = await list(folder);

    expect(points.map(({ id, format }) => [id, format])).toEqual([
      ['folder', 'folder'],
      ['misnamed.zip', 'archive (tar)'],
      ['no-ending', 'archive (tar.gz)'],
      ['packed.tgz', 'archive (tar.gz)'],
      ['plain.tar', 'archive (tar)'],
      ['some.zip', 'archive (zip)'],
    ]);
    expect(unusable).toEqual([]);
    expect(points.find(({ id }) => id === 'plain.tar')).toMatchObject({
      kind: 'files',
      location: join(folder, 'plain.tar'),
      bytes: tar.length,
      consistency: 'crash',
      capturedAtSource: 'time of change of the archive',
    });
    expect(await treeHash(folder)).toBe(before);
  });

  test('name what cannot be restored, each with its reason, and whom that speaks against', async () => {
    // In the checksum, at the end of what is small enough to be looked at whole.
    const flipped = gzipSync(tar);
    flipped.writeUInt32LE((flipped.readUInt32LE(flipped.length - 8) ^ 1) >>> 0, flipped.length - 8);
    const folder = await source('bad', {
      'empty.tar.gz': '',
      'zeros.tar': Buffer.alloc(700),
      'cut.tgz': gzipSync('text'),
      'flipped.tgz': flipped,
      'other.tar.zst': Buffer.from('28b52ffd00', 'hex'),
      'good.tar': tar,
    });
    const { points, unusable } = await list(folder);

    expect(points.map(({ id }) => id)).toEqual(['good.tar']);
    expect(unusable.map(({ id, problem: { code, blames } }) => [id, code, blames])).toEqual([
      ['cut.tgz', 'restore/not-an-archive', 'backup'],
      ['empty.tar.gz', 'restore/not-an-archive', 'backup'],
      ['flipped.tgz', 'restore/archive-damaged', 'backup'],
      ['other.tar.zst', 'restore/unsupported-archive', 'environment'],
      ['zeros.tar', 'restore/not-an-archive', 'backup'],
    ]);
  });

  test('is the source itself where it is an archive, or holds neither folders nor archives', async () => {
    const files = await source('files-only', { a: 'x', 'b.txt': 'y' });
    const { points } = await list(files);
    expect(points).toMatchObject([{ id: 'files-only', location: files, format: 'folder' }]);

    const one = join(await source('one', { 'one.tar': tar }), 'one.tar');
    expect((await list(one)).points).toMatchObject([{ id: 'one.tar', location: one }]);
    expect(await list(join(files, 'a'))).toMatchObject({ points: [], unusable: [{ id: 'a' }] });
    expect(await list(await source('nothing', {}))).toEqual({ points: [], unusable: [] });
  });

  test('cannot be listed where there is no source', async () => {
    await expect(list(join(place.folder, 'absent'))).rejects.toMatchObject({
      problem: { code: 'restore/source-unreadable', blames: 'environment' },
    });
  });

  test('have been captured when they were last changed', async () => {
    const folder = await source('times', { 'a/x': 'x' });
    await utimes(join(folder, 'a'), 1_700_000_000, 1_700_000_000);
    expect((await list(folder)).points).toMatchObject([
      { capturedAt: '2023-11-14T22:13:20.000Z', capturedAtSource: 'time of change of the folder itself' },
    ]);
  });
});

describe('the moment of a set of files', () => {
  const changedAt = (instant: string) => ({ at: Date.parse(instant), what: 'its time' });

  test.each([
    ['a copy with a new time', 'uploads-20261120T030000Z.tar', '2026-11-25T00:00:00.000Z', '2026-11-20T03:00:00.000Z'],
    ['ISO', '2026-11-20T03:00:00Z', '2026-11-20T03:10:00.000Z', '2026-11-20T03:00:00.000Z'],
    ['a day long gone', 'uploads-2026-11-20', '2026-11-25T00:00:00.000Z', '2026-11-20T00:00:00.000Z'],
    ['a compact day', '20261120.zip', '2026-11-25T00:00:00.000Z', '2026-11-20T00:00:00.000Z'],
  ])('is the earlier one of its name: %s', (_what, name, changed, expected) => {
    const captured = capturedAt(name, changedAt(changed));
    expect(captured.capturedAt).toBe(expected);
    expect(captured.capturedAtSource).toContain('in its name');
  });

  test.each([
    ['the same day', '2026-11-20'],
    ['the night after', '2026-11-19'],
    ['a later day', '2026-12-24'],
    ['no date', '2026-02-31'],
    ['a number', 'invoice-9920261120'],
    ['nothing', 'uploads'],
  ])('is its time of change where its name says %s', (_what, name) => {
    expect(capturedAt(name, changedAt('2026-11-20T05:00:00.000Z'))).toEqual({
      capturedAt: '2026-11-20T05:00:00.000Z',
      capturedAtSource: 'its time',
    });
  });
});
