import type { RecoveryPoint } from '../../../catalog/recovery-point.ts';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { LocalRestore } from '../../../runbook/restore-spec.ts';
import { listLocalRecoveryPoints } from '../list-recovery-points.ts';

/** Where in the resource's folder a fetched backup lies. JSON-serialisable. */
export interface FetchedPlace {
  /** Absolute path of the backup, or of a folder with backups in it. */
  readonly path: string;
  /** What the kind is to take for its source: the same folder, or one above. */
  readonly source: string;
}

/** A fetched backup, as the listing of its kind describes it. */
export interface DescribedBackup {
  readonly point: RecoveryPoint;
  readonly warnings: readonly Problem[];
}

/**
 * Recognises what was fetched. Of several backups in one snapshot the newest is what it would recover.
 *
 * @param spec with the fetched place as its source, and no repository
 * @param drawn the recovery point as the tool listed it: its id and its tags stay, and a later moment is not believed
 * @throws ProblemError when it cannot be restored, or is no backup of the kind
 */
export async function describeFetched(
  spec: LocalRestore,
  { drawn, place, signal }: { drawn: RecoveryPoint; place: FetchedPlace; signal: AbortSignal },
): Promise<DescribedBackup> {
  const { path, source } = place;
  if (spec.kind === 'files' && path === source) {
    // The snapshot is the set, whatever archives lie in it.
    const engine = { name: 'files', version: 'folder' };
    return { point: { ...drawn, location: path, format: 'folder', engine }, warnings: [] };
  }
  const { points, unusable } = await listLocalRecoveryPoints(spec, signal);
  const [newest, ...older] = points.toSorted((a, b) => (a.capturedAt < b.capturedAt ? 1 : -1));
  const chosen = points.find(({ location }) => location === path) ?? newest;
  if (!chosen) throw new ProblemError(unusable[0]?.problem ?? noBackup(drawn.id, spec.kind));
  const isOther = chosen.location !== path && older.length > 0;
  return {
    point: { ...chosen, ...momentOf(drawn, chosen), id: drawn.id, tags: drawn.tags },
    warnings: [
      ...unusable.map(({ problem }) => problem),
      ...(isOther ? [several(drawn.id, chosen.id, older.length)] : []),
    ],
  };
}

function momentOf(
  drawn: RecoveryPoint,
  chosen: RecoveryPoint,
): Pick<RecoveryPoint, 'capturedAt' | 'capturedAtSource' | 'availableAt'> {
  const { capturedAt, capturedAtSource } = chosen.capturedAt < drawn.capturedAt ? chosen : drawn;
  return { capturedAt, capturedAtSource, availableAt: drawn.availableAt };
}

function noBackup(id: string, kind: string): Problem {
  return {
    code: 'restore/not-in-snapshot',
    message: `what was fetched of '${id}' is no backup of kind '${kind}'`,
    hint: "Correct 'path' of the repository or 'kind' in the runbook.",
    blames: 'environment',
  };
}

function several(id: string, chosen: string, others: number): Problem {
  return {
    code: 'restore/several-backups',
    message: `'${id}' holds ${others} more backup(s) beside '${chosen}', which is the newest and was restored`,
    hint: "Name one of them as 'path' of the repository, to restore always that one.",
    blames: 'environment',
  };
}
