import { type Stats, accessSync, constants, lchownSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Problem } from '../../../diagnostics/problem.ts';

/**
 * Hands folders to the uid that a sandbox at L0 runs as when drillbook runs as root, and says whether that uid gets to
 * them; `undefined` when it does.
 *
 * Symbolic links are handed over themselves, never followed.
 */
export function rootDropProblem(
  paths: {
    readonly readOnly: readonly string[];
    readonly writable: readonly string[];
    readonly command: readonly string[];
  },
  uid: number,
): Problem | undefined {
  for (const path of paths.writable) handOver(path, uid);
  const program = paths.command[0]?.startsWith('/') ? [paths.command[0]] : [];
  for (const path of [...paths.writable, ...paths.readOnly, ...program]) {
    const barrier = barrierTo(path, uid);
    if (barrier !== undefined) return cannotDrop(path, barrier, uid);
  }
  return undefined;
}

function handOver(path: string, uid: number): void {
  lchownSync(path, uid, uid);
  if (!lstatSync(path).isDirectory()) return;
  for (const name of readdirSync(path)) handOver(join(path, name), uid);
}

/** The first folder on the way, or the path itself, that the uid cannot enter or read. */
function barrierTo(path: string, uid: number): string | undefined {
  const above: string[] = [];
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    above.unshift(folder);
    if (folder === dirname(folder)) break;
  }
  const closed = above.find((folder) => !allows(statSync(folder), uid, constants.X_OK));
  if (closed !== undefined) return closed;
  accessSync(path);
  const self = statSync(path);
  const wanted = self.isDirectory() ? constants.R_OK | constants.X_OK : constants.R_OK;
  return allows(self, uid, wanted) ? undefined : path;
}

/** By the classic permission bits, which is all that POSIX promises. */
function allows(stats: Stats, uid: number, wanted: number): boolean {
  const shift = stats.uid === uid ? 6 : stats.gid === uid ? 3 : 0;
  return ((stats.mode >> shift) & wanted) === wanted;
}

function cannotDrop(path: string, barrier: string, uid: number): Problem {
  return {
    code: 'sandbox/root-cannot-drop',
    message: `unable to run a server as uid ${uid} on '${path}': that user may not enter '${barrier}'`,
    hint: `Run drillbook as an ordinary user, or let others enter '${barrier}' (chmod o+x), or choose another 'sandbox.folder'.`,
    blames: 'environment',
  };
}
