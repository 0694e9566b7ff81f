import { posix } from 'node:path';
import type { ListedFile } from '../checks/manifest-format.ts';

/** A line of `sha256sum`: a backslash in front tells that the name is escaped (coreutils manual, md5sum invocation). */
const LINE = /^(\\?)([0-9a-fA-F]{64}) [ *](.+)$/s;
const ESCAPED: Readonly<Record<string, string>> = { '\\\\': '\\', '\\n': '\n', '\\r': '\r' };

/**
 * The files of a list as `sha256sum` writes it, by their paths from the restored folder on.
 *
 * @param folder where the list lies in the restored folder: names in it start there
 * @returns why it is no such list, as the end of a sentence
 */
export function parseChecksumList(text: string, folder = '.'): readonly ListedFile[] | string {
  const files = new Map<string, string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === '') continue;
    const [, escaped, hash, written] = LINE.exec(line) ?? [];
    if (hash === undefined || written === undefined) return `line ${index + 1} is no line of sha256sum`;
    const name = escaped === '' ? written : written.replaceAll(/\\[\\nr]/g, (pair) => ESCAPED[pair] ?? pair);
    const path = posix.normalize(posix.join(folder, name));
    if (name.startsWith('/') || path === '..' || path.startsWith('../'))
      return `line ${index + 1} names a file outside of the folder that is restored`;
    const sha256 = hash.toLowerCase();
    if ((files.get(path) ?? sha256) !== sha256)
      return `line ${index + 1} gives a file another checksum than a line before`;
    files.set(path, sha256);
  }
  return [...files].map(([path, sha256]) => ({ path, sha256 }));
}
