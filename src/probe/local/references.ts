import { createHash } from 'node:crypto';
import { ProblemError } from '../../diagnostics/problem-error.ts';
import { filesOf, normalName } from '../files/file-inside.ts';
import { filesProblem } from '../files/files-probe.ts';
import type { Observation } from '../observation.ts';

/** 128 bits: two paths of a thousand million have the same ones with a chance of 1 in 10^21. */
const SHORT = { outputLength: 16 };

/** Counts which of the paths that a database names are files of a restored folder. */
export interface ReferenceCount {
  /** Takes in a path; no path at all names no file, and is not counted. */
  take(path: string | null): void;
  seen(): Extract<Observation, { kind: 'references' }>;
}

/**
 * Begins to count. However a path is spelled, it is counted once; one that leaves the folder, or is absolute, is missing.
 * Paths are kept as hashes only, so that a million of them take some 60 MB however long they are.
 *
 * Its methods and itself throw ProblemError when the folder cannot be looked at.
 */
export function countReferences(folder: string, signal: AbortSignal): ReferenceCount {
  const fileAt = asProblem(() => filesOf(folder), signal);
  const known = new Set<string>();
  let missing = 0;
  return {
    take(path) {
      if (path === null) return;
      const name = createHash('shake128', SHORT)
        .update(normalName(path) ?? path)
        .digest('binary');
      if (known.has(name)) return;
      known.add(name);
      if (asProblem(() => fileAt(path), signal) === undefined) missing += 1;
    },
    seen: () => ({ kind: 'references', named: known.size, missing }),
  };
}

function asProblem<T>(look: () => T, signal: AbortSignal): T {
  try {
    return look();
  } catch (error) {
    throw new ProblemError(filesProblem(error, signal), error);
  }
}
