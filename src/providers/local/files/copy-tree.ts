import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { lstat, opendir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { FileTree } from './file-tree.ts';
import type { UnpackLimits } from './limits.ts';
import { archiveBomb, codeOf, sourceUnreadable, unsafePath } from './refusals.ts';
import type { UnpackOptions } from './unpack-tar.ts';

/** A folder of files, counted. */
export interface MeasuredTree {
  readonly entries: number;
  readonly bytes: number;
}

const CHUNK = 1024 * 1024;
const SMALL_FILES_AT_ONCE = 50;

interface WalkedEntry {
  readonly path: string;
  readonly from: string;
  readonly kind: 'file' | 'folder' | 'link' | 'other';
}

/**
 * Counts what a folder holds.
 *
 * @throws ProblemError `restore/archive-bomb`, `restore/source-unreadable`
 */
export async function measureTree(root: string, limits: UnpackLimits, signal: AbortSignal): Promise<MeasuredTree> {
  let entries = 0;
  let bytes = 0;
  for await (const { from, kind } of walk(root, '')) {
    signal.throwIfAborted();
    entries += 1;
    if (kind === 'file') bytes += (await reading(from, async () => lstat(from))).size;
    if (entries > limits.entries)
      throw new ProblemError(archiveBomb(root, `it has more than ${limits.entries} entries`));
  }
  return { entries, bytes };
}

/**
 * Copies a folder in bounded memory. The source is only read; no link in it is followed.
 *
 * @throws ProblemError where it is refused or cannot be read; what the disk refuses is thrown as it is
 */
export async function copyTree(root: string, tree: FileTree, { signal, onBytes }: UnpackOptions): Promise<void> {
  let done = 0;
  for await (const { path, from, kind } of walk(root, '')) {
    signal.throwIfAborted();
    const { mode, mtime } = await reading(from, async () => lstat(from));
    if (kind === 'folder') tree.makeFolder(path, { mode });
    else if (kind === 'link') tree.makeSymlink(path, await reading(from, async () => readlink(from)));
    else if (kind === 'file') await tree.writeFile(path, { mode, modifiedAt: mtime }, contentOf(from, onBytes, signal));
    else throw new ProblemError(unsafePath(path, 'is neither a file, a folder nor a link'));
    done += 1;
    // Reading small files blocks; signals are heard in between.
    if (done % SMALL_FILES_AT_ONCE === 0) await setImmediate();
  }
}

/** Every entry below a folder, each folder before what it holds; folders are listed bit by bit. */
async function* walk(folder: string, prefix: string): AsyncIterable<WalkedEntry> {
  const entries = await reading(folder, async () => opendir(folder, { bufferSize: 256 }));
  for await (const entry of entries) {
    const path = prefix + entry.name;
    const from = join(folder, entry.name);
    const isFolder = entry.isDirectory();
    yield {
      path,
      from,
      kind: isFolder ? 'folder' : entry.isFile() ? 'file' : entry.isSymbolicLink() ? 'link' : 'other',
    };
    if (isFolder) yield* walk(from, `${path}/`);
  }
}

async function* contentOf(from: string, onBytes: (bytes: number) => void, signal: AbortSignal): AsyncIterable<Buffer> {
  // A file that was exchanged for a link, or for a fifo, since it was listed is not followed and not waited for.
  const file = readingNow(from, () => openSync(from, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK));
  try {
    const { size } = fstatSync(file);
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, size + 1));
    for (;;) {
      const length = readingNow(from, () => readSync(file, buffer, 0, buffer.length, null));
      if (length === 0) return;
      yield buffer.subarray(0, length);
      onBytes(length);
      if (length === CHUNK) await setImmediate();
      signal.throwIfAborted();
    }
  } finally {
    closeSync(file);
  }
}

async function reading<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new ProblemError(sourceUnreadable(path, codeOf(error)), error);
  }
}

function readingNow<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new ProblemError(sourceUnreadable(path, codeOf(error)), error);
  }
}
