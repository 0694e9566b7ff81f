import { stat } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import type { RecoveryPoint, RecoveryPointListing } from '../../../catalog/recovery-point.ts';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { PostgresRestore } from '../../../runbook/restore-spec.ts';
import { type BackupForm, recogniseBackup } from './backup-form.ts';
import { readBackupHistory, walFolderOf } from './backup-history.ts';
import { describeBackup } from './describe-backup.ts';

/** How many folders below the source a backup may lie. */
const DEEPEST = 2;

type Found = { readonly id: string } & (
  { readonly kind: 'backup'; readonly form: BackupForm } | { readonly kind: 'unusable'; readonly problem: Problem }
);

/**
 * All base backups and copies of data folders in a source: the folder itself, or folders up to two levels below it.
 * A point's id is its path from the source (the folder's own name when the source itself is the backup). What cannot
 * be restored is listed with its reason; one bad backup hides no other. Reads only.
 *
 * @throws ProblemError `restore/source-unreadable` when the source itself cannot be read
 */
export async function listBaseBackups(spec: PostgresRestore, signal: AbortSignal): Promise<RecoveryPointListing> {
  const source = resolve(spec.source);
  const walFolder = await walFolderOf(spec);
  const isSource = await stat(source).then(
    (found) => found.isDirectory(),
    (error: unknown) => {
      throw new ProblemError(sourceUnreadable(source, codeOf(error)), error);
    },
  );
  if (!isSource) throw new ProblemError(sourceUnreadable(source, 'it is no folder'));
  const history = await readBackupHistory(walFolder);
  const points: RecoveryPoint[] = [];
  const unusable: { id: string; problem: Problem }[] = [];
  for (const found of await findBackups(source, source, DEEPEST, walFolder)) {
    signal.throwIfAborted();
    const described = found.kind === 'backup' ? await describeBackup(found.id, found.form, history, signal) : found;
    if ('problem' in described) unusable.push({ id: found.id, problem: described.problem });
    else points.push(described.point);
  }
  return { points, unusable };
}

async function findBackups(source: string, folder: string, levels: number, walFolder?: string): Promise<Found[]> {
  const id = relative(source, folder) || basename(source);
  let recognised;
  try {
    recognised = await recogniseBackup(folder);
  } catch (error) {
    const problem = sourceUnreadable(folder, codeOf(error));
    if (folder === source) throw new ProblemError(problem, error);
    return [{ id, kind: 'unusable', problem }];
  }
  if (recognised.kind !== 'none') return [{ id, ...recognised }];
  if (levels === 0) return [];
  const below = recognised.folders.map((name) => join(folder, name)).filter((child) => child !== walFolder);
  return (await Promise.all(below.map((child) => findBackups(source, child, levels - 1, walFolder)))).flat();
}

function sourceUnreadable(folder: string, why: string): Problem {
  return {
    code: 'restore/source-unreadable',
    message: `'${folder}' cannot be read: ${why}`,
    hint: "Correct 'source' in the runbook, or let the user that runs drillbook read the folder.",
    blames: 'environment',
  };
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown error';
}
