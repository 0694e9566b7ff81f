import { lstat, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Zippable, type ZipOptions, zipSync } from 'fflate';
import { afterAll, describe, expect, test } from 'vitest';
import { UNPACK_LIMITS } from '../../../../src/providers/local/files/limits.ts';
import { scanZip } from '../../../../src/providers/local/files/scan-zip.ts';
import { unpackZip } from '../../../../src/providers/local/files/unpack-zip.ts';
import { type Unpacked, ownFolder, unpacked } from './file-sets.ts';

const place = await ownFolder();
let archives = 0;
afterAll(async () => place.remove());

const UNIX = 3;
const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END = 0x06054b50;

function zipOf(files: Zippable): Buffer {
  return Buffer.from(zipSync(files, { mtime: new Date('2026-11-20T03:00:00Z') }));
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function unix(mode: number, options: ZipOptions = {}): ZipOptions & { os: number; attrs: number } {
  return { ...options, os: UNIX, attrs: (mode << 16) >>> 0 };
}

async function unpack(archive: Buffer, limits = UNPACK_LIMITS): Promise<Unpacked> {
  archives += 1;
  const path = join(place.folder, `${archives}.zip`);
  await writeFile(path, archive);
  const fill: Parameters<typeof unpacked>[1] = async (tree, options) => {
    await scanZip(path, limits, options.signal);
    await unpackZip(path, tree, options);
  };
  return unpacked(place.folder, fill, limits);
}

async function good(archive: Buffer) {
  const result = await unpack(archive);
  if ('code' in result) throw new Error(JSON.stringify(result));
  return result;
}

/** Changes the nth header that begins with a signature. */
function changed(archive: Buffer, signature: number, change: (header: Buffer) => void, nth = 0): Buffer {
  const copy = Buffer.from(archive);
  const magic = Buffer.alloc(4);
  magic.writeUInt32LE(signature);
  let at = -1;
  for (let found = -1; found < nth; found += 1) at = copy.indexOf(magic, at + 1);
  change(copy.subarray(at));
  return copy;
}

const two = zipOf({ 'a.txt': bytes('some text, some text, some text'), 'b.txt': [bytes('stored'), { level: 0 }] });

describe('a zip', () => {
  test('keeps permissions, links, folders and names', async () => {
    const { folder, entries } = await good(
      zipOf({
        'a/run.sh': [bytes('x'), unix(0o104755)],
        'a/link': [bytes('run.sh'), unix(0o120777)],
        'empty/': [new Uint8Array(), unix(0o040750)],
        'grüße.txt': bytes('plain'),
        'win\\dows.txt': bytes('y'),
      }),
    );
    expect((await lstat(join(folder, 'a/run.sh'))).mode & 0o7777).toBe(0o755);
    expect((await stat(join(folder, 'grüße.txt'))).mode & 0o7777).toBe(0o644);
    expect((await stat(join(folder, 'empty'))).mode & 0o7777).toBe(0o750);
    expect(await readlink(join(folder, 'a/link'))).toBe('run.sh');
    expect(await readFile(join(folder, 'win/dows.txt'), 'utf8')).toBe('y');
    expect(entries).toBe(7);
  });

  test('may be empty', async () => {
    expect(await good(zipOf({}))).toMatchObject({ entries: 0 });
  });

  test.each<[string, Zippable]>([
    ['an absolute path', { '/etc/passwd': bytes('x') }],
    ['a path that climbs out', { '../x': bytes('x') }],
    ['a path that climbs out by backslashes', { 'a\\..\\..\\x': bytes('x') }],
    ['a name with a zero byte', { 'a\0b': bytes('x') }],
    ['the same file twice', { a: bytes('x'), './a': bytes('y') }],
    ['a link that leads out', { a: [bytes('../x'), unix(0o120777)] }],
    ['a link without an end', { a: [bytes('x'.repeat(5000)), unix(0o120777)] }],
    ['a fifo', { a: [bytes(''), unix(0o010644)] }],
    ['a device', { a: [bytes(''), unix(0o020644)] }],
    ['a file through a link', { a: [bytes('b'), unix(0o120777)], 'a/x': bytes('x') }],
  ])('is refused, and blamed, for %s', async (_what, files) => {
    expect(await unpack(zipOf(files))).toMatchObject({ code: 'restore/unsafe-path', blames: 'backup' });
  });

  test('is refused when entries share the same bytes', async () => {
    const overlapping = changed(two, CENTRAL_HEADER, (header) => header.writeUInt32LE(0, 42), 1);
    const sameName = zipOf({ 'a.txt': bytes('x'), 'b.txt': bytes('x') });
    const quoted = changed(
      sameName,
      CENTRAL_HEADER,
      (header) => {
        header.writeUInt32LE(0, 42);
        header.write('a.txt', 46);
      },
      1,
    );
    for (const archive of [overlapping, quoted]) {
      expect(await unpack(archive)).toMatchObject({ code: 'restore/unsafe-archive', blames: 'backup' });
    }
    expect(await unpack(quoted)).toMatchObject({ message: expect.stringContaining('share the same bytes') as string });
  });

  test.each<[string, number, (header: Buffer) => void]>([
    ['size', LOCAL_HEADER, (header) => header.writeUInt32LE(7, 18)],
    ['unpacked size', LOCAL_HEADER, (header) => header.writeUInt32LE(7, 22)],
    ['checksum', LOCAL_HEADER, (header) => header.writeUInt32LE(7, 14)],
    ['name', LOCAL_HEADER, (header) => header.write('c.txt', 30)],
    ['method', LOCAL_HEADER, (header) => header.writeUInt16LE(0, 8)],
    ['number of entries', END, (header) => header.writeUInt16LE(1, 10)],
  ])('is refused when it lies about a %s', async (_what, signature, change) => {
    expect(await unpack(changed(two, signature, change))).toMatchObject({
      code: 'restore/unsafe-archive',
      blames: 'backup',
    });
  });

  test('is damaged when both of its tables state a size that the content has not', async () => {
    const once = changed(two, LOCAL_HEADER, (header) => header.writeUInt32LE(7, 22));
    const both = changed(once, CENTRAL_HEADER, (header) => header.writeUInt32LE(7, 24));
    expect(await unpack(both)).toMatchObject({ code: 'restore/archive-damaged', blames: 'backup' });
  });

  test('is damaged when a bit of its content is flipped, stored or compressed, or it is cut off', async () => {
    const damaged = { code: 'restore/archive-damaged', blames: 'backup' };
    const stored = changed(two, LOCAL_HEADER, (header) => header.write('S', 35), 1);
    expect(await unpack(stored)).toMatchObject({ ...damaged, message: expect.stringContaining('b.txt') as string });
    expect(await unpack(changed(two, LOCAL_HEADER, (header) => header.fill(0x55, 40, 44)))).toMatchObject(damaged);
    for (const end of [20, two.length - 30, two.length - 1]) {
      expect(await unpack(two.subarray(0, end))).toMatchObject(damaged);
    }
  });

  test('is not blamed for encryption, methods and sizes that drillbook does not take', async () => {
    const encrypted = changed(two, CENTRAL_HEADER, (header) => header.writeUInt16LE(1, 8));
    const strong = changed(two, CENTRAL_HEADER, (header) => header.writeUInt16LE(0x41, 8));
    const lzma = changed(two, CENTRAL_HEADER, (header) => header.writeUInt16LE(14, 10));
    for (const archive of [encrypted, strong])
      expect(await unpack(archive)).toMatchObject({ code: 'restore/encrypted-archive', blames: 'environment' });
    expect(await unpack(lzma)).toMatchObject({ code: 'restore/unsupported-archive', blames: 'environment' });

    const zeros = zipOf({ a: new Uint8Array(2 * 1024 * 1024) });
    const bomb = { code: 'restore/archive-bomb', blames: 'environment' };
    expect(await unpack(zeros, { ...UNPACK_LIMITS, ratio: 100, ratioFrom: 1024 * 1024 })).toMatchObject(bomb);
    expect(await unpack(two, { ...UNPACK_LIMITS, entries: 1 })).toMatchObject(bomb);
  });
});
