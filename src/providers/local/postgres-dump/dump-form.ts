import { createReadStream } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Readable, Transform, pipeline } from 'node:stream';
import * as zlib from 'node:zlib';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ARCHIVE_HEADER_BYTES, ARCHIVE_MAGIC, type ArchiveHeader, parseArchiveHeader } from './archive-header.ts';
import { emptyDump, truncatedDump, unsupportedDump } from './dump-problems.ts';
import { SCRIPT_HEADER_BYTES, type ScriptHeader, endsWhole, parseScriptHeader } from './script-header.ts';

/** How a plain dump is compressed. */
export type Compression = 'none' | 'gzip' | 'zstd';

/** A dump, and how it is stored. */
export type DumpForm =
  | { readonly kind: 'plain'; readonly path: string; readonly compression: Compression; readonly header: ScriptHeader }
  | { readonly kind: 'custom' | 'tar' | 'directory'; readonly path: string; readonly header: ArchiveHeader };

export type RecognisedDump =
  | { readonly kind: 'dump'; readonly form: DumpForm }
  | { readonly kind: 'unusable'; readonly problem: Problem }
  /** Something else, which is no concern of a restore. */
  | { readonly kind: 'none' };

const NONE: RecognisedDump = { kind: 'none' };
const TABLE_OF_CONTENTS = 'toc.dat';
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const UTF_16_MARK = Buffer.from([0xff, 0xfe]);
/** How people call dumps. */
const DUMP_NAME = /^[^.].*\.(?:(?:sql|pgsql|dump|pgdump|backup)(?:\.(?:gz|zst))?|tar)$/i;
/** Tars of pg_basebackup and its tablespaces, and the history file of a base backup in a WAL archive. */
const NAME_BESIDE_WAL = /^(?:(?:base|pg_wal|\d+)\.tar|[0-9A-F]{24}\..*)$/;
/** Rows and large objects in a directory: a table's number comes after those of all that the catalog holds. */
const DIRECTORY_DATA = /^(?:(?:\d{4,}|blob_\d+)\.dat(?:\.(?:gz|lz4|zst))?|blobs(?:_\d+)?\.toc)$/;
/** What may lie beside them: a copy of the table of contents that was never finished, and what a tar has besides. */
const BESIDE_DIRECTORY_DATA = /^(?:\..*|toc\.dat\..*|restore\.sql)$/;
/** A header of tar (POSIX "ustar Interchange Format"): the entry's name, and the words that tell a tar. */
const TAR = { block: 512, magicAt: 257, magic: 'ustar', nameBytes: 100 };

/**
 * Tells what a file holds, by its first bytes and, where it is cheap, its last. Its name says nothing, unless that is
 * all there is: a file that holds nothing is a dump that was never written, where it is called like one.
 */
export async function recogniseDumpFile(path: string): Promise<RecognisedDump> {
  const head = await readPart(path, 0, SCRIPT_HEADER_BYTES);
  if (isBlank(head)) return blank(path);
  if (head.subarray(0, ARCHIVE_MAGIC.length).equals(ARCHIVE_MAGIC)) return archive('custom', path, head);
  if (isDumpTar(head)) return archive('tar', path, head.subarray(TAR.block));
  if (head.subarray(0, 2).equals(GZIP_MAGIC)) return compressed(path, 'gzip');
  if (head.subarray(0, 4).equals(ZSTD_MAGIC)) return compressed(path, 'zstd');
  if (head.subarray(0, 2).equals(UTF_16_MARK)) return inUtf16(head);
  const header = parseScriptHeader(head.toString('latin1'));
  if (header === undefined) return NONE;
  if (!endsWhole(await readTail(path), header)) {
    return {
      kind: 'unusable',
      problem: truncatedDump("its last line ('PostgreSQL database dump complete') is missing"),
    };
  }
  return { kind: 'dump', form: { kind: 'plain', path, compression: 'none', header } };
}

/** Tells whether a folder is a dump in directory form, or what is left of one. */
export async function recogniseDumpFolder(path: string): Promise<RecognisedDump> {
  const names = await readdir(path);
  if (!names.includes(TABLE_OF_CONTENTS)) return isLeftOfDirectory(names) ? withoutContents('missing') : NONE;
  const head = await readPart(join(path, TABLE_OF_CONTENTS), 0, ARCHIVE_HEADER_BYTES);
  if (head.length === 0) return withoutContents('empty');
  return head.subarray(0, ARCHIVE_MAGIC.length).equals(ARCHIVE_MAGIC) ? archive('directory', path, head) : NONE;
}

/**
 * The script in a plain dump's file; errors of the file and of its compression are errors of the stream. Whoever stops
 * reading destroys it.
 */
export function openPlainDump(path: string, compression: Compression, onBytes?: (bytes: number) => void): Readable {
  const source = createReadStream(path, { highWaterMark: 1024 * 1024 });
  const counter = new Transform({
    readableHighWaterMark: 1024 * 1024,
    transform(chunk: Buffer, _, pass) {
      onBytes?.(chunk.length);
      pass(null, chunk);
    },
  });
  const unpacker = unpackerOf(compression);
  const ignore = (): void => {};
  if (unpacker === undefined) return pipeline(source, counter, ignore);
  return pipeline(source, counter, unpacker, ignore);
}

/** Whether this Node can read a compression. */
export function canUnpack(compression: Compression): boolean {
  return compression !== 'zstd' || createZstdDecompress !== undefined;
}

/** Part of node:zlib from Node 22.15 and 23.8 on. */
const { createZstdDecompress } = zlib as { createZstdDecompress?: () => zlib.Gunzip };

function unpackerOf(compression: Compression): zlib.Gunzip | undefined {
  if (compression === 'none') return undefined;
  if (compression === 'gzip') return zlib.createGunzip({ chunkSize: 256 * 1024 });
  if (createZstdDecompress === undefined) throw new Error('zstd is not to be had in this Node: ask canUnpack first');
  return createZstdDecompress();
}

function archive(kind: 'custom' | 'tar' | 'directory', path: string, head: Buffer): RecognisedDump {
  const header = parseArchiveHeader(head.subarray(0, ARCHIVE_HEADER_BYTES));
  if (header === 'damaged') return { kind: 'unusable', problem: damagedHeader(path) };
  if (header === 'too-new') {
    const problem = unsupportedDump('its form is newer than this drillbook', 'Update drillbook, or report this.');
    return { kind: 'unusable', problem };
  }
  return { kind: 'dump', form: { kind, path, header } };
}

async function compressed(path: string, compression: 'gzip' | 'zstd'): Promise<RecognisedDump> {
  if (!canUnpack(compression)) {
    // What it holds is not known; most of what lies in a folder of dumps is one.
    if (!/\.(sql|dump|pgsql)\.zst$/.test(path)) return NONE;
    return {
      kind: 'unusable',
      problem: unsupportedDump(
        `Node ${process.versions.node} does not read zstd`,
        'Run drillbook on Node 22.15 or newer, or compress dumps by gzip.',
      ),
    };
  }
  const head = await firstBytes(path, compression);
  if (head === undefined) return NONE;
  if (isBlank(head)) return blank(path);
  if (head.subarray(0, ARCHIVE_MAGIC.length).equals(ARCHIVE_MAGIC) || isDumpTar(head)) {
    const problem = unsupportedDump(
      'it is an archive that was compressed once more',
      'Decompress it: archives of pg_dump are compressed in themselves.',
    );
    return { kind: 'unusable', problem };
  }
  const header = parseScriptHeader(head.toString('latin1'));
  return header === undefined ? NONE : { kind: 'dump', form: { kind: 'plain', path, compression, header } };
}

/** None where nothing was packed; `undefined` when not even the first can be unpacked: then it is not known to be a dump. */
async function firstBytes(path: string, compression: Compression): Promise<Buffer | undefined> {
  const stream = openPlainDump(path, compression);
  const chunks: Buffer[] = [];
  let size = 0;
  let isBroken = false;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= SCRIPT_HEADER_BYTES) break;
    }
  } catch (error) {
    // A small dump that is cut off gives its first lines, and the restore finds the cut.
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw error;
    isBroken = true;
  }
  return size === 0 && isBroken ? undefined : Buffer.concat(chunks).subarray(0, SCRIPT_HEADER_BYTES);
}

/** Nothing but spaces and line ends, as UTF-8 or, behind its mark, as UTF-16. */
function isBlank(head: Buffer): boolean {
  const encoding = head.subarray(0, 2).equals(UTF_16_MARK) ? 'utf16le' : 'utf8';
  return head.toString(encoding).trim() === '';
}

function blank(path: string): RecognisedDump {
  const name = basename(path);
  if (!DUMP_NAME.test(name) || NAME_BESIDE_WAL.test(name)) return NONE;
  return { kind: 'unusable', problem: emptyDump(path) };
}

/** Whether a folder without a table of contents holds what pg_dump writes into one that has it, and nothing else. */
function isLeftOfDirectory(names: readonly string[]): boolean {
  const others = names.filter((name) => !DIRECTORY_DATA.test(name));
  return others.length < names.length && others.every((name) => BESIDE_DIRECTORY_DATA.test(name));
}

/** As a copy leaves it that was cut short, or a full disk: nobody can tell what the data beside it are of. */
function withoutContents(how: 'missing' | 'empty'): RecognisedDump {
  return {
    kind: 'unusable',
    problem: truncatedDump(`its table of contents ('${TABLE_OF_CONTENTS}') is ${how}`),
  };
}

function inUtf16(head: Buffer): RecognisedDump {
  if (parseScriptHeader(head.subarray(2).toString('utf16le')) === undefined) return NONE;
  const problem = unsupportedDump(
    'it is written in UTF-16, as PowerShell does it',
    "Let pg_dump write the file itself, by '--file'.",
  );
  // psql cannot load it either.
  return { kind: 'unusable', problem: { ...problem, blames: 'backup' } };
}

function isDumpTar(head: Buffer): boolean {
  if (head.length < TAR.block + ARCHIVE_MAGIC.length) return false;
  const name = head.toString('latin1', 0, TAR.nameBytes).replace(/\0.*$/s, '');
  const magic = head.toString('latin1', TAR.magicAt, TAR.magicAt + TAR.magic.length);
  const content = head.subarray(TAR.block, TAR.block + ARCHIVE_MAGIC.length);
  return magic === TAR.magic && name === TABLE_OF_CONTENTS && content.equals(ARCHIVE_MAGIC);
}

function damagedHeader(path: string): Problem {
  return {
    code: 'restore/archive-damaged',
    message: `'${path}' begins like an archive of pg_dump, and goes on like none`,
    hint: 'Take a new dump, and look at how this one was stored or copied: it is cut off or altered.',
    blames: 'backup',
  };
}

/** Blank lines and a last command may follow the line that is looked for. */
const TAIL_BYTES = 4096;

async function readTail(path: string): Promise<string> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const { buffer, bytesRead } = await handle.read(
      Buffer.alloc(TAIL_BYTES),
      0,
      TAIL_BYTES,
      Math.max(0, size - TAIL_BYTES),
    );
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function readPart(path: string, from: number, length: number): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, from);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
