import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { HEADER_BYTES, type SqliteHeader, parseHeader } from './sqlite-header.ts';

/** A database file as it lies in a source, with what a crash left beside it. */
export interface DatabaseFiles {
  readonly file: string;
  readonly isGzip: boolean;
  readonly bytes: number;
  readonly modifiedAt: Date;
  /** Not there when it is empty, or says itself that it no longer counts. */
  readonly wal?: SideFile;
  readonly journal?: SideFile;
  /** Absent where there is none. */
  readonly header?: SqliteHeader;
}

/** A `-wal` or a `-journal`. A `-shm` is no part of a backup: it is made anew from the `-wal`. */
export interface SideFile {
  readonly file: string;
  readonly bytes: number;
  readonly modifiedAt: Date;
}

/** Looks at a database file and its companions. Reads little. Rejects with what the file system says. */
export async function lookAtDatabase(file: string): Promise<DatabaseFiles> {
  const { size, mtime } = await stat(file);
  const isGzip = file.endsWith('.gz');
  const [wal, journal, header] = await Promise.all([
    isGzip ? undefined : sideFile(`${file}-wal`),
    isGzip ? undefined : sideFile(`${file}-journal`),
    isGzip ? gzipHeader(file) : plainHeader(file),
  ]);
  return {
    file,
    isGzip,
    bytes: size,
    modifiedAt: mtime,
    ...(wal && { wal }),
    ...(journal && { journal }),
    ...(header && { header }),
  };
}

async function sideFile(file: string): Promise<SideFile | undefined> {
  const found = await stat(file).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (!found?.isFile() || found.size === 0) return undefined;
  // A journal that a finished transaction keeps begins with zeros (journal_mode=persist).
  if ((await readAt(file, 0, 1))[0] === 0) return undefined;
  return { file, bytes: found.size, modifiedAt: found.mtime };
}

async function plainHeader(file: string): Promise<SqliteHeader | undefined> {
  return parseHeader(await readAt(file, 0, HEADER_BYTES));
}

/** Of what is no gzip, or a damaged one, there is no header either. */
async function gzipHeader(file: string): Promise<SqliteHeader | undefined> {
  const packed = createReadStream(file, { highWaterMark: 4096 });
  const unpacked = packed.pipe(createGunzip());
  packed.on('error', (error) => unpacked.destroy(error));
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of unpacked as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= HEADER_BYTES) break;
    }
  } catch (error) {
    if (!isGzipError(error)) throw error;
  } finally {
    packed.destroy();
  }
  return parseHeader(Buffer.concat(chunks));
}

/** Whether a stream of gzip itself is bad: zlib's own codes begin like this (nodejs.org/api/zlib.html). */
export function isGzipError(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code?.startsWith('Z_') === true;
}

/** Up to `length` bytes of a file from `position` on. */
export async function readAt(file: string, position: number, length: number): Promise<Buffer> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
