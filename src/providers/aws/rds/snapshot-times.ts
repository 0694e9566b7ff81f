import type { DBSnapshot } from '@aws-sdk/client-rds';
import { type Instant, type Millis, addMillis } from '../../../support/time.ts';

/** When a snapshot's data is from, how that is known, and since when it could be used. */
export interface SnapshotTimes {
  readonly capturedAt: Instant;
  readonly capturedAtSource: string;
  readonly availableAt: Instant;
}

const DAY: Millis = 86_400_000;

/**
 * The moments of a snapshot. `SnapshotCreateTime` alone is set anew when a snapshot is copied (AWS's API reference), so
 * of a copy it says when it could be used, and of its data only in default of anything better.
 *
 * @returns `undefined` when RDS tells no time at all
 */
export function timesOf(snapshot: DBSnapshot): SnapshotTimes | undefined {
  const captured = captureOf(snapshot);
  if (captured === undefined) return undefined;
  const capturedAt = captured.at.toISOString();
  const created = snapshot.SnapshotCreateTime?.toISOString() ?? capturedAt;
  return {
    capturedAt,
    capturedAtSource: captured.source,
    availableAt: created < capturedAt ? capturedAt : created,
  };
}

function captureOf(snapshot: DBSnapshot): { at: Date; source: string } | undefined {
  const { SnapshotDatabaseTime: data, OriginalSnapshotCreateTime: original, SnapshotCreateTime: created } = snapshot;
  if (data) return { at: data, source: 'SnapshotDatabaseTime (last transaction in the snapshot)' };
  if (original) return { at: original, source: 'OriginalSnapshotCreateTime (when the snapshot was first made)' };
  if (!created) return undefined;
  const source = isCopy(snapshot)
    ? 'SnapshotCreateTime of a copy (doubtful: when it was copied, its data is older)'
    : 'SnapshotCreateTime (when the snapshot was made)';
  return { at: created, source };
}

/** Whether it was copied from another snapshot. */
export function isCopy({ SourceDBSnapshotIdentifier: source }: DBSnapshot): boolean {
  return source !== undefined && source !== '';
}

/** When RDS may remove an automated snapshot at the earliest, by the retention of its instance in days. */
export function earliestRemoval(snapshot: DBSnapshot, retentionDays: number | undefined): Instant | undefined {
  const created = snapshot.SnapshotCreateTime?.toISOString();
  if (snapshot.SnapshotType !== 'automated' || created === undefined || !retentionDays) return undefined;
  return addMillis(created, retentionDays * DAY);
}
