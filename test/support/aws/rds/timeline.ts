import type { Millis } from '../../../../src/support/time.ts';

/** A status and how long it lasts; the last step of a timeline lasts for ever. */
export interface TimelineStep {
  readonly status: string;
  readonly for?: Millis;
  /** What `DescribeEvents` tells from the moment the step begins. */
  readonly event?: { readonly message: string; readonly categories?: readonly string[] };
}

export type Timeline = readonly TimelineStep[];

/** What a restored instance goes through unless a test says otherwise. */
export const USUAL_RESTORE: Timeline = [
  { status: 'creating', for: 3_000 },
  { status: 'backing-up', for: 1_000 },
  { status: 'available' },
];

/** Of an instance that is just there. */
export const AVAILABLE_AT_ONCE: Timeline = [{ status: 'available' }];

/** A restore that ends in `status` (e.g. `incompatible-restore`) after `after` ms of `creating`. */
export function failingRestore(status: string, after: Millis = 3_000): Timeline {
  return [
    { status: 'creating', for: after },
    { status, event: { message: `DB instance restore ended in ${status}`, categories: ['failure'] } },
  ];
}

/** A restore that never leaves `status`. */
export function stuckRestore(status = 'creating'): Timeline {
  return [{ status }];
}

/** A step that has begun, and when it did, in ms since the start. */
export interface BegunStep {
  readonly step: TimelineStep;
  readonly offset: Millis;
}

/** The steps that have begun `elapsed` ms after the start, the present one last. */
export function stepsBegun(timeline: Timeline, elapsed: Millis): readonly BegunStep[] {
  const begun: BegunStep[] = [];
  let offset = 0;
  for (const [index, step] of timeline.entries()) {
    if (index > 0 && offset > elapsed) break;
    begun.push({ step, offset });
    offset += step.for ?? Number.POSITIVE_INFINITY;
  }
  return begun;
}
