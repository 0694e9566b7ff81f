import { realpathSync, statSync } from 'node:fs';
import { join, posix, sep } from 'node:path';

/**
 * Tells which paths are files of a folder. A path starts at the folder; an absolute one, one that leaves it (also by way
 * of a link) and one that is no file are none. Blocks for some microseconds.
 *
 * @throws what the system says when the folder itself cannot be looked at
 */
export function filesOf(folder: string): (path: string) => string | undefined {
  const root = realpathSync.native(folder);
  return (path) => {
    const name = normalName(path);
    if (name === undefined) return undefined;
    try {
      // What is not there is told without an error, which takes ten times as long: it may be a million files.
      if (!statSync(join(root, name), { throwIfNoEntry: false })?.isFile()) return undefined;
      const place = realpathSync.native(join(root, name));
      return place.startsWith(root + sep) ? place : undefined;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP' || code === 'ENAMETOOLONG') return undefined;
      throw error;
    }
  };
}

/** One spelling of a path below a folder; `undefined` for what leaves it or names no file. */
export function normalName(path: string): string | undefined {
  if (path === '' || path.includes('\0') || path.startsWith('/')) return undefined;
  const name = posix.normalize(path);
  return name === '.' || name === '..' || name.startsWith('../') || name.endsWith('/') ? undefined : name;
}
