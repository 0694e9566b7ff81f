import { type Instant, type Millis, millisBetween } from '../support/time.ts';
import type { RecoveryPoint } from './recovery-point.ts';

/** Something about a source's recovery points that the objective does not allow. */
export interface RecoveryPointFinding {
  readonly kind: 'none' | 'gap' | 'stale';
  readonly message: string;
}

/** Where a disaster would have lost more than the RPO: between two points, or since the newest one. */
export function findGaps(of: {
  points: readonly RecoveryPoint[];
  now: Instant;
  rpo: Millis | undefined;
}): readonly RecoveryPointFinding[] {
  const { rpo, now } = of;
  const times = of.points.map(({ capturedAt }) => capturedAt).sort();
  const newest = times.at(-1);
  if (newest === undefined) return [{ kind: 'none', message: 'there is no usable recovery point at all' }];
  if (rpo === undefined) return [];
  const gaps = times.slice(1).flatMap((until, index) => {
    const from = times[index] ?? until;
    const gap = millisBetween(from, until);
    return gap > rpo
      ? [
          {
            kind: 'gap' as const,
            message: `${inMinutes(gap)} between ${from} and ${until}, more than the RPO of ${inMinutes(rpo)}`,
          },
        ]
      : [];
  });
  const age = millisBetween(newest, now);
  const isStale = age > rpo;
  return isStale
    ? [
        ...gaps,
        {
          kind: 'stale',
          message: `the newest recovery point is ${inMinutes(age)} old, more than the RPO of ${inMinutes(rpo)}`,
        },
      ]
    : gaps;
}

function inMinutes(millis: Millis): string {
  return `${Math.ceil(millis / 60_000)} min`;
}
