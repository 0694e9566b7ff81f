import type { RecoveryPoint } from '../catalog/recovery-point.ts';
import type { Instant } from '../support/time.ts';
import type { Proven, RecordedPoint } from './point-history.ts';

/** What people look for among recovery points; what is absent excludes nothing. */
export interface PointSearch {
  /** Captured then or later. */
  readonly after?: Instant;
  /** Captured earlier. */
  readonly before?: Instant;
  readonly tag?: string;
  readonly consistency?: RecoveryPoint['consistency'];
  readonly proven?: boolean;
}

/** A recovery point of a source that was asked, or of draws, with what drills made of it. */
export interface SearchedPoint {
  readonly id: string;
  readonly capturedAt: Instant;
  readonly timesDrawn: number;
  /** When it was last restored and verified, and by which drill; null: never. */
  readonly proven: Proven | null;
  /** Start of the last drill that saw it; null: none did. */
  readonly lastSeen: Instant | null;
  readonly tags?: readonly string[];
  readonly consistency?: RecoveryPoint['consistency'];
}

/** Whether a point is one that is looked for. Of a point that no draw chose, tags and consistency may be unknown. */
export function isSearched(point: SearchedPoint, search: PointSearch): boolean {
  const { after, before, tag, consistency, proven } = search;
  return (
    (after === undefined || point.capturedAt >= after) &&
    (before === undefined || point.capturedAt < before) &&
    (tag === undefined || (point.tags ?? []).includes(tag)) &&
    (consistency === undefined || point.consistency === consistency) &&
    (proven === undefined || (point.proven !== null) === proven)
  );
}

/** A point as draws have seen it. */
export function recordedPoint({
  id,
  capturedAt,
  timesDrawn,
  lastSeen,
  proven,
  described,
}: RecordedPoint): SearchedPoint {
  const point = { id, capturedAt, timesDrawn, proven: proven ?? null, lastSeen };
  return described ? { ...point, tags: described.tags, consistency: described.consistency } : point;
}

/** The points of a source that was asked, with what drills made of each. */
export function listedPoints(
  listed: readonly RecoveryPoint[],
  recorded: readonly RecordedPoint[],
): readonly (RecoveryPoint & SearchedPoint)[] {
  const known = new Map(recorded.map((point) => [`${point.capturedAt} ${point.id}`, point]));
  return listed.map((point) => {
    const was = known.get(`${point.capturedAt} ${point.id}`);
    return { ...point, timesDrawn: was?.timesDrawn ?? 0, proven: was?.proven ?? null, lastSeen: was?.lastSeen ?? null };
  });
}
