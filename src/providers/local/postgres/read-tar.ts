import { createReadStream } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { type Header, extract } from 'tar-stream';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';

/** One entry, while the reader stands at it. */
export interface TarEntry {
  readonly header: Header;
  readonly content: AsyncIterable<Buffer>;
}

/** A tar file as `pg_basebackup` writes it. */
export interface TarFile {
  readonly file: string;
  readonly gzip: boolean;
}

/** Beyond this an entry that should hold a few lines is something else. */
const LARGEST_SMALL_ENTRY = 1024 * 1024;

/**
 * Reads a tar file's entries in order and in bounded memory. `visit` may leave the content unread, and stops the
 * reading by `'enough'`.
 *
 * @param onBytes told how many bytes of the file, as stored, have just been read
 * @throws ProblemError where the file is damaged or cannot be read
 */
export async function readTar(
  { file, gzip }: TarFile,
  visit: (entry: TarEntry) => Promise<'next' | 'enough'>,
  { signal, onBytes }: { signal: AbortSignal; onBytes?: (bytes: number) => void },
): Promise<void> {
  const entries = extract();
  const source = createReadStream(file, { highWaterMark: 1024 * 1024 });
  if (onBytes) source.on('data', (chunk) => onBytes(chunk.length));
  const sink = entries as unknown as Writable;
  const feeding = gzip ? pipeline(source, createGunzip(), sink, { signal }) : pipeline(source, sink, { signal });
  // The loop below ends by the same error; this only keeps it from counting as unhandled before then.
  feeding.catch(() => {});
  try {
    for await (const entry of entries) {
      if ((await visit({ header: entry.header, content: entry as AsyncIterable<Buffer> })) === 'enough') return;
      (entry as unknown as Readable).resume();
    }
    await feeding;
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof ProblemError ? error : tarError(file, error);
  } finally {
    source.destroy();
  }
}

/** The text and the time of the named small entries; stops as soon as it has all of them. */
export async function readSmallEntries(
  tar: TarFile,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, { readonly text: string; readonly modifiedAt: Date }>> {
  const found = new Map<string, { text: string; modifiedAt: Date }>();
  const visit = async ({ header, content }: TarEntry): Promise<'next' | 'enough'> => {
    const name = header.name.replace(/^\.\//, '');
    if (!names.includes(name) || (header.size ?? 0) > LARGEST_SMALL_ENTRY) return 'next';
    const chunks: Buffer[] = [];
    for await (const chunk of content) chunks.push(chunk);
    found.set(name, { text: Buffer.concat(chunks).toString('utf8'), modifiedAt: header.mtime ?? new Date(0) });
    return found.size === names.length ? 'enough' : 'next';
  };
  await readTar(tar, visit, { signal });
  return found;
}

function tarError(file: string, error: unknown): unknown {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  // What is written while reading (a full disk) is for the caller to judge.
  if (syscall !== undefined && code !== 'EACCES' && code !== 'EIO' && code !== 'EISDIR' && code !== 'ENOENT')
    return error;
  return new ProblemError(syscall === undefined ? damaged(file, message) : unreadable(file, code ?? ''), error);
}

function damaged(file: string, why: string): Problem {
  return {
    code: 'restore/archive-damaged',
    message: `'${file}' cannot be unpacked: ${why.toLowerCase()}`,
    hint: 'Take a new backup, and look at how this one was stored or copied: the archive is cut off or altered.',
    blames: 'backup',
  };
}

function unreadable(file: string, code: string): Problem {
  return {
    code: 'restore/source-unreadable',
    message: `'${file}' cannot be read: ${code}`,
    hint: 'Let the user that runs drillbook read the whole backup.',
    blames: 'environment',
  };
}
