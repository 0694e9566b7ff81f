import { createReadStream } from 'node:fs';
import { Transform, type Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Gunzip, createGunzip } from 'node:zlib';
import { type Header, extract } from 'tar-stream';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { FileTree } from './file-tree.ts';
import { type UnpackLimits, exceedsRatio } from './limits.ts';
import { archiveBomb, codeOf, damagedArchive, sourceUnreadable, unsafePath, unsupported } from './refusals.ts';

/** How an archive is unpacked. */
export interface UnpackOptions {
  readonly signal: AbortSignal;
  readonly limits: UnpackLimits;
  /** Told how many bytes of the archive, as stored, have just been read. */
  readonly onBytes: (bytes: number) => void;
}

/** An archive of the form `tar` or `tar.gz`. */
export interface TarArchive {
  readonly path: string;
  readonly gzip: boolean;
}

const BLOCK = 512;
const SMALL = 1024 * 1024;
/** Accepts what was written before POSIX, when only the checksum told a header; tar-stream's types leave it out. */
const ALSO_OLD_FORMATS = { allowUnknownFormat: true } as Parameters<typeof extract>[0];
/** All that tar-stream says of an archive; whatever else is thrown is no proof against a backup. */
const BAD_TAR = /tar header|invalid header|header exceeds|unexpected end of data/i;

/**
 * Unpacks a tar in bounded memory: POSIX and GNU, gzip of any number of members.
 *
 * @throws ProblemError where it is damaged, cut off, refused or cannot be read; what the disk refuses is thrown as it is
 */
export async function unpackTar({ path, gzip }: TarArchive, tree: FileTree, options: UnpackOptions): Promise<void> {
  const { signal, onBytes, limits } = options;
  const source = createReadStream(path, { highWaterMark: SMALL });
  let unread: unknown;
  source.on('error', (error) => (unread = error));
  source.on('data', (chunk) => onBytes(chunk.length));
  const gunzip = gzip ? createGunzip({ chunkSize: 256 * 1024 }) : undefined;
  const end = watchEnd(path, gunzip, limits);
  const entries = extract(ALSO_OLD_FORMATS);
  const sink = entries as unknown as Writable;
  const feeding = gunzip
    ? pipeline(source, gunzip, end.stream, sink, { signal })
    : pipeline(source, end.stream, sink, { signal });
  // The loop below ends by the same error; this only keeps it from counting as unhandled before then.
  feeding.catch(() => {});
  try {
    for await (const entry of entries) {
      end.sawEntry(entry.header);
      await place(entry.header, entry as AsyncIterable<Buffer>, tree, path);
      (entry as unknown as Readable).resume();
    }
    await feeding;
    end.assertWhole();
  } catch (error) {
    signal.throwIfAborted();
    if (unread !== undefined) throw new ProblemError(sourceUnreadable(path, codeOf(unread)), error);
    throw isOfArchive(error) ? new ProblemError(damagedArchive(path, error.message), error) : error;
  } finally {
    source.destroy();
  }
}

async function place(header: Header, content: AsyncIterable<Buffer>, tree: FileTree, archive: string): Promise<void> {
  const { name, type, size } = header;
  const target = (header.linkname as string | null) ?? '';
  const facts = { mode: header.mode, modifiedAt: header.mtime };
  if (isSparse(header))
    throw new ProblemError(unsupported(archive, 'it stores files with holes as GNU tar --sparse does'));
  switch (type) {
    case 'file':
    case 'contiguous-file':
      return tree.writeFile(name, facts, size > SMALL ? content : await collected(content));
    case 'directory':
      return tree.makeFolder(name, facts);
    case 'symlink':
      return tree.makeSymlink(name, target);
    case 'link':
      return tree.makeHardLink(name, target);
    case 'character-device':
    case 'block-device':
    case 'fifo':
      throw new ProblemError(unsafePath(name, `is a ${type}, which is no file`));
    default:
      throw new ProblemError(unsupported(archive, 'it holds entries of a kind that only the tar that made it knows'));
  }
}

async function collected(content: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Written by GNU tar in POSIX format: under a made-up name, with a map of the holes before the content. */
function isSparse(header: Header): boolean {
  const pax = header.pax as Readonly<Record<string, string>> | null | undefined;
  return Object.keys(pax ?? {}).some((key) => key.startsWith('GNU.sparse.'));
}

interface EndWatch {
  readonly stream: Transform;
  sawEntry(header: Header): void;
  assertWhole(): void;
}

/**
 * Looks at the unpacked bytes as they pass: how many they are, and whether they end as a tar ends, in a block of zeros
 * after the last entry (POSIX wants two; some write one). Without it the archive was cut off between two entries, which
 * tar-stream takes for its end.
 */
function watchEnd(archive: string, gunzip: Gunzip | undefined, limits: UnpackLimits): EndWatch {
  let bytes = 0;
  let lastEntryEnds = 0;
  let tail = Buffer.alloc(0);
  const stream = new Transform({
    highWaterMark: SMALL,
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      tail = Buffer.from(
        chunk.length >= BLOCK ? chunk.subarray(-BLOCK) : Buffer.concat([tail, chunk]).subarray(-BLOCK),
      );
      const isBomb = gunzip !== undefined && exceedsRatio(bytes, gunzip.bytesWritten, limits);
      const why = `it becomes more than ${limits.ratio} times as large as it is stored`;
      done(isBomb ? new ProblemError(archiveBomb(archive, why)) : null, chunk);
    },
  });
  return {
    stream,
    sawEntry(header) {
      const { byteOffset } = header as Header & { readonly byteOffset: number };
      lastEntryEnds = byteOffset + Math.ceil(header.size / BLOCK) * BLOCK;
    },
    assertWhole() {
      const isWhole = bytes - lastEntryEnds >= BLOCK && tail.length === BLOCK && tail.every((byte) => byte === 0);
      if (!isWhole) throw new ProblemError(damagedArchive(archive, 'it is cut off: the end of the archive is missing'));
    },
  };
}

function isOfArchive(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined ? BAD_TAR.test(error.message) : code.startsWith('Z_') && code !== 'Z_MEM_ERROR';
}
