import { execFile } from 'node:child_process';
import { chmod, link, mkdir, readFile, readlink, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { copyTree, measureTree } from '../../../../src/providers/local/files/copy-tree.ts';
import { UNPACK_LIMITS } from '../../../../src/providers/local/files/limits.ts';
import { readTrueModes } from '../../../../src/probe/files/true-modes.ts';
import { treeHash } from '../../../support/tree-hash.ts';
import { ownFolder, unpacked, writeFiles } from './file-sets.ts';

const place = await ownFolder();
afterAll(async () => place.remove());

async function source(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(place.folder, name);
  await writeFiles(folder, files);
  return folder;
}

async function copy(folder: string, limits = UNPACK_LIMITS) {
  return unpacked(place.folder, async (tree, options) => copyTree(folder, tree, options), limits);
}

describe('a folder of files', () => {
  test('is copied with links, permissions and large files, and stays as it was', async () => {
    const folder = await source('whole', { 'a/one': 'one', 'a/two': 'x'.repeat(3 * 1024 * 1024), 'b/.hidden': '' });
    await symlink('../a/one', join(folder, 'b/link'));
    await link(join(folder, 'a/one'), join(folder, 'a/same'));
    await chmod(join(folder, 'a/one'), 0o4060);
    const before = await treeHash(folder);

    const copied = await copy(folder);
    if ('code' in copied) throw new Error(copied.code);
    expect(await measureTree(folder, UNPACK_LIMITS, new AbortController().signal)).toEqual({
      entries: copied.entries,
      bytes: copied.bytes,
    });
    expect(await readFile(join(copied.folder, 'a/same'), 'utf8')).toBe('one');
    expect(await readlink(join(copied.folder, 'b/link'))).toBe('../a/one');
    expect((await stat(join(copied.folder, 'a/one'))).mode & 0o7777).toBe(0o460);
    expect((await readTrueModes(copied.trueModes)).get('a/one')).toBe(0o060);
    expect((await stat(join(copied.folder, 'a/two'))).size).toBe(3 * 1024 * 1024);
    expect(await treeHash(folder)).toBe(before);
  });

  test('is refused for a link that leads out of it, and the link is not followed', async () => {
    const folder = await source('leaving', { a: 'x' });
    await symlink('..', join(folder, 'out'));
    expect(await copy(folder)).toMatchObject({ code: 'restore/unsafe-path', blames: 'backup' });
  });

  test('is refused for a fifo, which nobody waits for', async () => {
    const folder = await source('fifo', { a: 'x' });
    await promisify(execFile)('mkfifo', [join(folder, 'pipe')]);
    expect(await copy(folder)).toMatchObject({ code: 'restore/unsafe-path', blames: 'backup' });
  });

  test('is not blamed for a part that is gone or for more entries than the limit', async () => {
    const folder = await source('many', { a: 'x', b: 'y', c: 'z' });
    const limits = { ...UNPACK_LIMITS, entries: 2 };
    expect(await copy(folder, limits)).toMatchObject({ code: 'restore/archive-bomb', blames: 'environment' });
    await expect(measureTree(folder, limits, new AbortController().signal)).rejects.toMatchObject({
      problem: { code: 'restore/archive-bomb' },
    });
    expect(await copy(join(place.folder, 'gone'))).toMatchObject({
      code: 'restore/source-unreadable',
      blames: 'environment',
    });
  });

  test('may hold folders in folders and nothing in them', async () => {
    const folder = join(place.folder, 'hollow');
    await mkdir(join(folder, 'a/b/c'), { recursive: true });
    expect(await copy(folder)).toMatchObject({ entries: 3, bytes: 0 });
  });
});
