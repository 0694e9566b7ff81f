import { isAbsolute, relative, sep } from 'node:path';

/** Whether an absolute path lies in an absolute folder, at any depth. */
export function isBelow(home: string, path: string): boolean {
  const way = relative(home, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
