import { createHash } from 'node:crypto';
import type { TreeEntry } from '../observation.ts';
import { fileReader } from './read-to-end.ts';
import { walkFiles } from './walk-files.ts';

/**
 * Every file below a folder with its size, SHA-256 and permission bits, by path. One file is open at a time; what grows
 * is the list.
 *
 * Rejects with what the system says when a file or folder cannot be read, or with the signal's reason.
 */
export async function readTree(folder: string, signal: AbortSignal): Promise<readonly TreeEntry[]> {
  const reader = fileReader(signal);
  const entries: TreeEntry[] = [];
  for await (const { path, place } of walkFiles(folder)) {
    const hash = createHash('sha256');
    const { bytes, mode } = await reader.readToEnd(place, (chunk) => hash.update(chunk));
    entries.push({ path, bytes, sha256: hash.digest('hex'), mode });
  }
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}
