import { createHash } from 'node:crypto';
import { lstat, readFile, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** One hash over every path, mode, size, time of change and content below a folder. */
export async function treeHash(folder: string): Promise<string> {
  const hash = createHash('sha256');
  const paths = (await readdir(folder, { recursive: true })).sort();
  for (const path of paths) {
    const file = join(folder, path);
    const { mode, size, mtimeMs } = await lstat(file);
    hash.update(JSON.stringify([path, mode, size, mtimeMs]));
    const found = await lstat(file);
    if (found.isSymbolicLink()) hash.update(await readlink(file));
    if (found.isFile()) hash.update(await readFile(file));
  }
  return hash.digest('hex');
}

/** The text of every file below a folder. */
export async function textsBelow(folder: string): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    texts.set(file, await readFile(file, 'latin1'));
  }
  return texts;
}
