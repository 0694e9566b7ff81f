import { randomUUID } from 'node:crypto';
import { type Dirent } from 'node:fs';
import { link, mkdir, open, readFile, readdir, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { instantOf } from '../support/time.ts';
import { assertKey, assertPrefix, byKey, isSegment } from './keys.ts';
import type { Store, StoredEntry } from './store.ts';

/** '~' is in no key, so that nothing in here is ever listed. */
const UNFINISHED = '~unfinished';
/** What lies unfinished for longer was left by a process that died. */
const LEFT_AFTER_MS = 24 * 3_600_000;

/**
 * Texts as files of a folder, which is made when first written to; it may be shared by hosts (NFS).
 *
 * A text is written and flushed beside the others first, then linked or renamed to where its key says, so that it
 * appears whole or, where the disk is full, not at all. The file system must know hard links.
 */
export function folderStore(root: string): Store {
  let isTidied = false;
  const fileOf = (key: string) => {
    assertKey(key);
    return join(root, ...key.split('/'));
  };
  const put = async (file: string, text: string, move: (unfinished: string) => Promise<boolean>) => {
    await makeFolder(dirname(file));
    const unfinished = join(root, UNFINISHED, randomUUID());
    await makeFolder(dirname(unfinished));
    try {
      await writeFile(unfinished, text, { mode: 0o600, flush: true, flag: 'wx' });
      if (!isTidied) await removeLeft(dirname(unfinished), unfinished);
      isTidied = true;
      const isMoved = await move(unfinished);
      if (isMoved) await syncFolder(dirname(file));
      return isMoved;
    } finally {
      await unlink(unfinished).catch(ignoreMissing);
    }
  };
  return {
    async create(key, text) {
      const file = fileOf(key);
      return put(file, text, async (unfinished) => linkOnce(unfinished, file));
    },
    async write(key, text) {
      const file = fileOf(key);
      await put(file, text, async (unfinished) => {
        await rename(unfinished, file);
        return true;
      });
    },
    async read(key) {
      return readFile(fileOf(key), 'utf8').catch(ignoreMissing);
    },
    async list(prefix) {
      assertPrefix(prefix);
      const entries: StoredEntry[] = [];
      await collect(join(root, ...prefix.split('/')), prefix, entries);
      return entries.sort(byKey);
    },
    async remove(key) {
      await unlink(fileOf(key)).catch(ignoreMissing);
    },
  };
}

/** Gives a file its name unless something has it already. */
async function linkOnce(unfinished: string, file: string): Promise<boolean> {
  try {
    await link(unfinished, file);
    return true;
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
    // Over NFS a link whose answer was lost is asked for again and then refused, by itself: the count tells (open(2), O_EXCL).
    return (await stat(unfinished)).nlink === 2;
  }
}

/** Adds all texts below a folder to `entries`; what vanishes meanwhile is not there. */
async function collect(folder: string, prefix: string, entries: StoredEntry[]): Promise<void> {
  const found: Dirent[] = (await readdir(folder, { withFileTypes: true }).catch(ignoreMissing)) ?? [];
  for (const entry of found) {
    if (!isSegment(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      await collect(path, `${prefix}${entry.name}/`, entries);
    } else {
      const facts = await stat(path).catch(ignoreMissing);
      if (facts === undefined) continue;
      entries.push({ key: prefix + entry.name, bytes: facts.size, modifiedAt: instantOf(facts.mtimeMs) });
    }
  }
}

/** Makes a folder and those above it, durably. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

/** Removes what dead processes left unfinished; by the clock of the file system, which may be another host's. */
async function removeLeft(folder: string, justWritten: string): Promise<void> {
  const now = (await stat(justWritten)).mtimeMs;
  for (const name of await readdir(folder)) {
    const facts = await stat(folder + sep + name).catch(ignoreMissing);
    if (facts && now - facts.mtimeMs > LEFT_AFTER_MS) await unlink(folder + sep + name).catch(ignoreMissing);
  }
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** No such file, or a text where a folder would have to be, or a folder where a text would. */
function ignoreMissing(error: unknown): undefined {
  if (!['ENOENT', 'ENOTDIR', 'EISDIR'].some((code) => isCode(error, code))) throw error;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
