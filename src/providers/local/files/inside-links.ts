import { lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { unsafePath } from './refusals.ts';

/** As many as Linux follows (path_resolution(7)): beyond, a link leads nowhere. */
const MOST_HOPS = 40;

/**
 * Checks that no symbolic link leads out of a folder, followed as the system follows it: by way of other links, which
 * may make of a harmless path one that leaves. What ends at nothing, or in a circle, is harmless.
 *
 * @param links paths from the folder on
 * @throws ProblemError `restore/unsafe-path`
 */
export function assertLinksStayInside(root: string, links: readonly string[]): void {
  for (const link of links) {
    if (leadsOut(root, link)) throw new ProblemError(unsafePath(link, 'is a link that leads out of the folder'));
  }
}

function leadsOut(root: string, link: string): boolean {
  const reached: string[] = [];
  const ahead = link.split('/').reverse();
  let hops = 0;
  for (let part = ahead.pop(); part !== undefined; part = ahead.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (reached.pop() === undefined) return true;
      continue;
    }
    const place = join(root, ...reached, part);
    if (!isLink(place)) {
      reached.push(part);
      continue;
    }
    hops += 1;
    if (hops > MOST_HOPS) return false;
    const target = readlinkSync(place);
    if (target.startsWith('/')) return true;
    ahead.push(...target.split('/').reverse());
  }
  return false;
}

function isLink(place: string): boolean {
  try {
    return lstatSync(place).isSymbolicLink();
  } catch {
    // Nothing is there (or below a file): the link ends at nothing.
    return false;
  }
}
