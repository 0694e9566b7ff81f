import type { RecoveryPoint, RecoveryPointListing } from '../catalog/recovery-point.ts';
import { byCapturedTimeAndId } from '../catalog/selection.ts';
import type { FoundRepository } from '../init/found.ts';
import type { LocalRestore } from '../runbook/restore-spec.ts';

/** A source as it was found, before it has a name. Paths are absolute. */
export interface FoundSource {
  readonly folder: string;
  readonly kind: LocalRestore['kind'];
  readonly points: readonly RecoveryPoint[];
  readonly wal?: { readonly folder: string; readonly isDefault: boolean };
  readonly repository?: UnnamedRepository;
}

/** A repository before it is said where its password lies. */
export type UnnamedRepository =
  | Omit<Extract<FoundRepository, { tool: 'restic' }>, 'passwordFile'>
  | (Omit<Extract<FoundRepository, { tool: 'pgbackrest' }>, 'passwordFile'> & { readonly isEncrypted: boolean });

/** Everything that a folder was found to hold. */
export interface FoundInFolder {
  readonly sources: readonly FoundSource[];
  readonly unusable: readonly (RecoveryPointListing['unusable'][number] & { readonly folder: string })[];
  /** Sets of files that could be restored, but cannot be told apart from what lies beside them. */
  readonly leftOver: readonly RecoveryPoint[];
}

/** The newest of a source's points. */
export function newestOf({ points }: FoundSource): RecoveryPoint | undefined {
  return points.toSorted(byCapturedTimeAndId).at(-1);
}
