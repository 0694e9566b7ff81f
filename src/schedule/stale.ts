import type { Schedule } from '../runbook/drill.ts';
import { type Instant, type Millis, addMillis } from '../support/time.ts';
import type { Timetable } from './decide.ts';

/** A schedule by which a proof has grown too old. */
export interface StaleSince {
  /** The due that should have renewed it: what was verified before it is stale. */
  readonly due: Instant;
}

/** How long back dues are looked for: a little more than two of the longest recurrence. */
const LOOK_BACK: Millis = 400 * 86_400_000;
/** How long after the moment at which it was to begin a drill is waited for. */
const PATIENCE: Millis = 86_400_000;

/**
 * The due by which a runbook should have been verified again; `undefined` while its proof is young enough.
 *
 * A proof is stale when two dues in a row have not renewed it, the last of them a day ago or more: one drill that did not
 * pass is told of by itself. What has not been scheduled for so long yet is not stale.
 *
 * @param since when the schedule was first kept
 */
export function staleSince(
  of: { readonly schedule: Schedule; readonly drill: string; readonly since: Instant; readonly verifiedAt?: Instant },
  now: Instant,
  timetable: Pick<Timetable, 'duesBetween' | 'begin'>,
): StaleSince | undefined {
  const { schedule, drill, since, verifiedAt } = of;
  const from = [since, addMillis(now, -LOOK_BACK)].toSorted().at(-1) ?? since;
  const waitedFor = timetable.duesBetween(schedule, from, now).filter((due) => {
    const beginning = timetable.begin(schedule, due, drill);
    return beginning.kind === 'at' && addMillis(beginning.at, PATIENCE) <= now;
  });
  const due = waitedFor.at(-2);
  if (due === undefined || (verifiedAt !== undefined && verifiedAt >= due)) return undefined;
  return { due };
}
