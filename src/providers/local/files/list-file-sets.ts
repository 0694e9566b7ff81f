import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { RecoveryPoint, RecoveryPointListing } from '../../../catalog/recovery-point.ts';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { FilesRestore } from '../../../runbook/restore-spec.ts';
import { type FilesForm, type Recognised, recogniseFiles } from './archive-form.ts';
import { capturedAt } from './captured-at.ts';
import { codeOf, sourceUnreadable, unsupported } from './refusals.ts';

/**
 * All sets of files in a source: each folder and each archive in it, or the source itself where it is an archive or
 * holds neither. A point's id is its name. Links, other files and names that begin with a dot (unfinished copies, what
 * tools keep for themselves) are no recovery points. Reads only.
 *
 * @throws ProblemError `restore/source-unreadable` when the source itself cannot be read
 */
export async function listFileSets(spec: FilesRestore, signal: AbortSignal): Promise<RecoveryPointListing> {
  const source = resolve(spec.source);
  const found = await findSets(source, signal);
  const points: RecoveryPoint[] = [];
  const unusable: { id: string; problem: Problem }[] = [];
  for (const { path, recognised } of found) {
    signal.throwIfAborted();
    const id = basename(path);
    const described = recognised.kind === 'files' ? await describe(id, recognised.form) : recognised;
    if ('problem' in described) unusable.push({ id, problem: described.problem });
    else points.push(described.point);
  }
  return { points, unusable };
}

interface FoundSet {
  readonly path: string;
  readonly recognised: Exclude<Recognised, { kind: 'none' }>;
}

async function findSets(source: string, signal: AbortSignal): Promise<readonly FoundSet[]> {
  const itself = await recogniseFiles(source);
  if (itself.kind === 'none') {
    return [
      {
        path: source,
        recognised: { kind: 'unusable', problem: unsupported(source, 'it is neither a folder nor an archive') },
      },
    ];
  }
  if (itself.kind === 'unusable') {
    if (itself.problem.code === 'restore/source-unreadable') throw new ProblemError(itself.problem);
    return [{ path: source, recognised: itself }];
  }
  if (itself.form.kind !== 'folder') return [{ path: source, recognised: itself }];
  const entries = await entriesOf(source);
  const found: FoundSet[] = [];
  for (const entry of entries) {
    signal.throwIfAborted();
    if (entry.name.startsWith('.') || !(entry.isFile() || entry.isDirectory())) continue;
    const path = join(source, entry.name);
    const recognised = await recogniseFiles(path);
    if (recognised.kind !== 'none') found.push({ path, recognised });
  }
  const holdsFiles = entries.some((entry) => entry.isFile());
  return found.length === 0 && holdsFiles ? [{ path: source, recognised: itself }] : found;
}

async function entriesOf(source: string): Promise<readonly Dirent[]> {
  try {
    const entries = await readdir(source, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw new ProblemError(sourceUnreadable(source, codeOf(error)), error);
  }
}

async function describe(
  id: string,
  { kind, path }: FilesForm,
): Promise<{ readonly point: RecoveryPoint } | { readonly problem: Problem }> {
  try {
    const { mtimeMs, size } = await stat(path);
    const what = kind === 'folder' ? 'time of change of the folder itself' : 'time of change of the archive';
    const captured = capturedAt(id, { at: Math.floor(mtimeMs), what });
    return {
      point: {
        id,
        provider: 'local',
        kind: 'files',
        location: path,
        ...captured,
        availableAt: captured.capturedAt,
        // Files are copied one after another, while others may write to them.
        consistency: 'crash',
        format: kind === 'folder' ? 'folder' : `archive (${kind})`,
        engine: { name: 'files', version: kind },
        ...(kind !== 'folder' && { bytes: size }),
        tags: [],
      },
    };
  } catch (error) {
    return { problem: sourceUnreadable(path, codeOf(error)) };
  }
}
