import { lstat, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { UNPACK_LIMITS, type UnpackLimits } from '../../../../src/providers/local/files/limits.ts';
import { unpackTar } from '../../../../src/providers/local/files/unpack-tar.ts';
import { readTrueModes } from '../../../../src/probe/files/true-modes.ts';
import { type TarEntry, type Unpacked, ownFolder, tarOf, unpacked } from './file-sets.ts';

const place = await ownFolder();
let archives = 0;
afterAll(async () => place.remove());

async function unpack(bytes: Buffer, { gzip = false, limits = UNPACK_LIMITS } = {}): Promise<Unpacked> {
  archives += 1;
  const path = join(place.folder, `${archives}.tar`);
  await writeFile(path, bytes);
  return unpacked(place.folder, async (tree, options) => unpackTar({ path, gzip }, tree, options), limits);
}

async function good(bytes: Buffer, options?: { gzip?: boolean; limits?: UnpackLimits }) {
  const result = await unpack(bytes, options);
  if ('code' in result) throw new Error(JSON.stringify(result));
  return result;
}

/** Replaces a text in the first header and sets its checksum right again. */
function withHeader(tar: Buffer, at: number, text: string): Buffer {
  const changed = Buffer.from(tar);
  changed.write(text, at, 'latin1');
  changed.fill(' ', 148, 156);
  const sum = changed.subarray(0, 512).reduce((sum, byte) => sum + byte, 0);
  changed.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return changed;
}

const UNSAFE: readonly (readonly [string, readonly TarEntry[]])[] = [
  ['an absolute path', [{ name: '/etc/passwd', text: 'x' }]],
  ['a path that climbs out', [{ name: 'a/../../x', text: 'x' }]],
  ['a path that climbs and comes back', [{ name: 'a/../x', text: 'x' }]],
  [
    'a file twice',
    [
      { name: 'a', text: 'x' },
      { name: './a', text: 'y' },
    ],
  ],
  [
    'a file where a folder is',
    [
      { name: 'a/b', text: 'x' },
      { name: 'a', text: 'y' },
    ],
  ],
  [
    'a folder where a file is',
    [
      { name: 'a', text: 'x' },
      { name: 'a', type: 'directory' },
    ],
  ],
  [
    'a file below a file',
    [
      { name: 'a', text: 'x' },
      { name: 'a/b', text: 'y' },
    ],
  ],
  [
    'a file in place of the folder itself',
    [
      { name: './', type: 'file', text: 'x' },
      { name: '.', text: 'y' },
    ],
  ],
  ['a link to an absolute path', [{ name: 'a', type: 'symlink', linkname: '/etc/passwd' }]],
  ['a link that climbs out', [{ name: 'a/b', type: 'symlink', linkname: '../../x' }]],
  [
    'a link that climbs out by way of another',
    [
      { name: 'a/b/top', type: 'symlink', linkname: '../..' },
      { name: 'c', type: 'symlink', linkname: 'a/b/top/../x' },
    ],
  ],
  [
    'a file that is written through a link',
    [
      { name: 'a', type: 'symlink', linkname: 'b' },
      { name: 'b/', type: 'directory' },
      { name: 'a/x', text: 'x' },
    ],
  ],
  ['a hard link to what is outside', [{ name: 'a', type: 'link', linkname: '../x' }]],
  [
    'a hard link to a later file',
    [
      { name: 'a', type: 'link', linkname: 'b' },
      { name: 'b', text: 'x' },
    ],
  ],
  [
    'a hard link to a link',
    [
      { name: 'a', type: 'symlink', linkname: 'b' },
      { name: 'c', type: 'link', linkname: 'a' },
    ],
  ],
  [
    'a hard link by way of a link',
    [
      { name: 'd/x', text: 'x' },
      { name: 'l', type: 'symlink', linkname: 'd' },
      { name: 'c', type: 'link', linkname: 'l/x' },
    ],
  ],
  ['a character device', [{ name: 'a', type: 'character-device', devmajor: 1, devminor: 3 }]],
  ['a block device', [{ name: 'a', type: 'block-device', devmajor: 8, devminor: 0 }]],
  ['a fifo', [{ name: 'a', type: 'fifo' }]],
];

describe('a tar', () => {
  test.each(UNSAFE)('is refused, and blamed, for %s', async (_what, entries) => {
    expect(await unpack(await tarOf(entries))).toMatchObject({ code: 'restore/unsafe-path', blames: 'backup' });
  });

  test('is refused for a name with a zero byte, which only a POSIX header can hold', async () => {
    const tar = await tarOf([{ name: 'a', text: 'x', pax: { path: 'b\0c' } }]);
    expect(await unpack(tar)).toMatchObject({ code: 'restore/unsafe-path', blames: 'backup' });
  });

  test('keeps permissions and harmless links, and drops what would give rights', async () => {
    const { folder, trueModes, bytes, entries } = await good(
      await tarOf([
        { name: 'a/', type: 'directory', mode: 0o500 },
        { name: 'a/run', text: 'x', mode: 0o6755 },
        { name: 'a/secret', text: 'yy', mode: 0o040 },
        { name: 'a/same', type: 'link', linkname: './a/run' },
        { name: 'up', type: 'symlink', linkname: 'a/../a/run' },
        { name: 'nowhere', type: 'symlink', linkname: 'not/there' },
        { name: 'circle', type: 'symlink', linkname: 'circle' },
        { name: 'top', type: 'symlink', linkname: '.' },
        { name: 'a/', type: 'directory', mode: 0o500 },
      ]),
    );
    const modeOf = async (path: string): Promise<number> => (await lstat(join(folder, path))).mode & 0o7777;

    expect((await readdir(folder)).sort()).toEqual(['a', 'circle', 'nowhere', 'top', 'up']);
    expect([await modeOf('a'), await modeOf('a/run'), await modeOf('a/secret')]).toEqual([0o700, 0o755, 0o440]);
    expect([...(await readTrueModes(trueModes))]).toEqual([['a/secret', 0o040]]);
    expect((await stat(join(folder, 'a/same'))).ino).toBe((await stat(join(folder, 'a/run'))).ino);
    expect((await stat(join(folder, 'a/run'))).mtime.toISOString()).toBe('2026-11-20T03:00:00.000Z');
    expect({ bytes, entries }).toEqual({ bytes: 3, entries: 8 });
  });

  test('may be of several gzip members, of old headers, with long names and without any entry', async () => {
    const long = `${'d'.repeat(120)}/${'f'.repeat(150)}`;
    const tar = await tarOf([{ name: long, text: 'x' }]);
    const halves = Buffer.concat([gzipSync(tar.subarray(0, 700)), gzipSync(tar.subarray(700))]);
    const { folder } = await good(halves, { gzip: true });
    expect(await readFile(join(folder, long), 'utf8')).toBe('x');

    const old = await good(withHeader(await tarOf([{ name: 'a', text: 'x' }]), 257, '\0'.repeat(8)));
    expect(old.entries).toBe(1);
    expect((await good(await tarOf([]))).entries).toBe(0);
  });

  test('is damaged when it is cut off anywhere, also between two entries', async () => {
    const tar = await tarOf([
      { name: 'a', text: 'x'.repeat(600) },
      { name: 'b', text: '\0'.repeat(1024) },
    ]);
    const whole = tar.length;
    for (const end of [100, 512, 600, 1024, 1536, 1600, 2048, 3072, 3100]) {
      expect(await unpack(tar.subarray(0, end)), `${end} of ${whole}`).toMatchObject({
        code: 'restore/archive-damaged',
        blames: 'backup',
      });
    }
    expect((await good(tar.subarray(0, 3584))).entries).toBe(2);
  });

  test('is damaged when it is cut off after the long name of an entry that is missing', async () => {
    const tar = await tarOf([
      { name: 'a', text: 'x' },
      { name: 'ü'.repeat(90), text: 'y' },
    ]);
    expect(await unpack(tar.subarray(0, 2048))).toMatchObject({ code: 'restore/archive-damaged' });
  });

  test('is damaged when a bit is flipped in a header or in what is compressed, or the gzip is cut off', async () => {
    const tar = await tarOf([{ name: 'a', text: 'x'.repeat(5000) }]);
    const header = Buffer.from(tar);
    header[1] = 0x40;
    const gzip = gzipSync(tar);
    const flipped = Buffer.from(gzip);
    flipped.writeUInt32LE((flipped.readUInt32LE(flipped.length - 8) ^ 1) >>> 0, flipped.length - 8);
    const damaged = { code: 'restore/archive-damaged', blames: 'backup' };

    expect(await unpack(header)).toMatchObject(damaged);
    expect(await unpack(flipped, { gzip: true })).toMatchObject(damaged);
    expect(await unpack(gzip.subarray(0, -4), { gzip: true })).toMatchObject(damaged);
    expect(await unpack(gzip.subarray(0, 30), { gzip: true })).toMatchObject(damaged);
  });

  test('is not blamed for what only drillbook cannot do', async () => {
    const environment = { code: 'restore/unsupported-archive', blames: 'environment' };
    expect(await unpack(withHeader(await tarOf([{ name: 'a', text: 'x' }]), 156, 'S'))).toMatchObject(environment);
    expect(await unpack(await tarOf([{ name: 'a', text: 'x', pax: { 'GNU.sparse.major': '1' } }]))).toMatchObject(
      environment,
    );
    expect(await unpack(withHeader(await tarOf([{ name: 'abc', text: 'x' }]), 0, 'a\xE9b'))).toMatchObject(environment);
  });

  test('is not unpacked further than its limits, and not blamed for them', async () => {
    const bomb = { code: 'restore/archive-bomb', blames: 'environment' };
    const limits = { entries: 2, ratio: 100, ratioFrom: 1024 * 1024 };
    const zeros = gzipSync(await tarOf([{ name: 'a', text: '\0'.repeat(4 * 1024 * 1024) }]));
    const three = await tarOf(['a', 'b', 'c'].map((name) => ({ name, text: name })));

    expect(await unpack(zeros, { gzip: true, limits })).toMatchObject(bomb);
    expect((await good(zeros, { gzip: true, limits: { ...limits, ratioFrom: 1024 ** 3 } })).entries).toBe(1);
    expect(await unpack(three, { limits })).toMatchObject(bomb);
    expect(
      await unpack(await tarOf([{ name: 'a/b/c/d', text: 'x' }]), { limits: { ...limits, entries: 1 } }),
    ).toMatchObject(bomb);
  });
});
