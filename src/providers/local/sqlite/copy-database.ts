import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { type DatabaseFiles, isGzipError } from './database-files.ts';

const CHUNK = 1024 * 1024;

/** Where the copy of a database lies in a folder. */
export function copyOf({ file, isGzip }: Pick<DatabaseFiles, 'file' | 'isGzip'>, folder: string): string {
  return join(folder, isGzip ? basename(file, '.gz') : basename(file));
}

/**
 * Copies a database, with what a crash left beside it, into a folder that is made anew. The source is only read.
 *
 * @param onBytes told the bytes as stored
 * @throws ProblemError `restore/damaged-archive`
 */
export async function copyDatabase(
  files: DatabaseFiles,
  folder: string,
  { signal, onBytes }: { readonly signal: AbortSignal; readonly onBytes: (bytes: number) => void },
): Promise<string> {
  const target = copyOf(files, folder);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const copy = async (from: string, to: string, isGzip = false): Promise<void> => {
    const source = createReadStream(from, { highWaterMark: CHUNK });
    source.on('data', (chunk) => onBytes(chunk.length));
    const written = createWriteStream(to, { mode: 0o600, flags: 'wx' });
    await (isGzip ? pipeline(source, createGunzip(), written, { signal }) : pipeline(source, written, { signal }));
  };
  try {
    await copy(files.file, target, files.isGzip);
  } catch (error) {
    throw isGzipError(error) ? new ProblemError(damagedArchive(files.file), error) : error;
  }
  if (files.wal) await copy(files.wal.file, `${target}-wal`);
  if (files.journal) await copy(files.journal.file, `${target}-journal`);
  return target;
}

function damagedArchive(file: string): Problem {
  return {
    code: 'restore/damaged-archive',
    message: `'${file}' cannot be unpacked: it is cut off or damaged`,
    hint: 'Restore another recovery point, and look at the job that makes the backups.',
    blames: 'backup',
  };
}
