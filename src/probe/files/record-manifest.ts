import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FilesManifest } from '../../checks/manifest-format.ts';
import type { Problem } from '../../diagnostics/problem.ts';
import type { Instant } from '../../support/time.ts';
import type { TreeEntry } from '../observation.ts';
import { readTree } from './read-tree.ts';

export interface FilesRecording {
  /** Absolute path of the living folder; only read. */
  readonly folder: string;
  readonly at: Instant;
  /** The recovery point that holds this very state, when the caller knows it. */
  readonly recoveryPointId?: string;
}

/**
 * Records what a restore of this moment must contain: every file of a living folder. A folder has no snapshot: files that
 * come, go or grow meanwhile make it a problem, for such a manifest would describe no moment at all.
 */
export async function recordFilesManifest(
  { folder, at, recoveryPointId }: FilesRecording,
  signal: AbortSignal,
): Promise<FilesManifest | Problem> {
  try {
    const entries = await readTree(folder, signal);
    const changed = await changedSince(folder, entries, Date.parse(at));
    if (changed !== undefined) return unsteady(folder, `'${changed}' was written to meanwhile`);
    return {
      manifest: 1,
      kind: 'files',
      moment: { at, ...(recoveryPointId !== undefined && { recoveryPointId }) },
      entries,
    };
  } catch (error) {
    const { code, syscall, path = folder } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    return unsteady(folder, `'${path}' cannot be read: ${code}`);
  }
}

async function changedSince(folder: string, entries: readonly TreeEntry[], since: number): Promise<string | undefined> {
  for (const { path, bytes } of entries) {
    const { size, ctimeMs } = await lstat(join(folder, path));
    if (size !== bytes || ctimeMs >= since) return path;
  }
  return undefined;
}

function unsteady(folder: string, why: string): Problem {
  return {
    code: 'manifest/unreadable-files',
    message: `unable to record a manifest of '${folder}': ${why}`,
    hint: 'Record as a user that may read every file, while nothing writes to the folder, or record a snapshot of it.',
    blames: 'environment',
  };
}
