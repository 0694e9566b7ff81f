import type { Schedule } from '../runbook/drill.ts';
import { type Instant, type Millis, millisBetween } from '../support/time.ts';
import { type Begun, type Fire, isSameFire } from './ledger.ts';
import type { Beginning } from './windows.ts';

/** What schedules mean, as `next-fire.ts` and `windows.ts` know it. */
export interface Timetable {
  nextFire(schedule: Schedule, after: Instant): Instant | undefined;
  duesBetween(schedule: Schedule, after: Instant, until: Instant): readonly Instant[];
  begin(schedule: Schedule, due: Instant, drillName: string): Beginning;
  /** The first moment from this one on at which a drill may begin. */
  allowedFrom(schedule: Schedule, moment: Instant): Instant | undefined;
}

/** A fire that was begun later than this after the moment at which it was to begin is late. */
export const TOLERATED_MS = 5 * 60_000;

/** A fire that is due and has not ended. */
export interface OpenFire {
  readonly due: Instant;
  readonly begun?: Begun;
  readonly isLateTold: boolean;
  /** Somebody who lives is at it, or it rests after it could not be finished. */
  readonly isTaken: boolean;
}

export interface DrillFacts {
  readonly name: string;
  /** Absent: it has none any more. */
  readonly schedule?: Schedule;
  readonly runbooks: readonly string[];
  /** In order. */
  readonly open: readonly OpenFire[];
  /** In order, up to now: at least those after the first open one, ended or not. */
  readonly dues: readonly Instant[];
}

/** Whose turn a runbook is. */
export interface Turn {
  readonly fire: Fire;
  /** Nobody will ever end it: its drill is unknown and nobody is at it. */
  readonly isAbandoned: boolean;
}

export interface Facts {
  readonly now: Instant;
  readonly drills: readonly DrillFacts[];
  /** By the names of runbooks; those that are nobody's turn are not in it. */
  readonly turns: ReadonlyMap<string, Turn>;
}

export interface MissedFire {
  readonly due: Instant;
  readonly because: string;
}

export type Decision =
  | { readonly do: 'begin'; readonly fire: Fire; readonly plannedAt: Instant; readonly runbooks: readonly string[] }
  | { readonly do: 'resume'; readonly fire: Fire; readonly begun: Begun }
  | { readonly do: 'miss'; readonly drill: string; readonly fires: readonly MissedFire[] }
  | { readonly do: 'tell-late'; readonly fire: Fire; readonly plannedAt: Instant };

/**
 * What is to be done now. Each fire that was begun is resumed; of those of a drill that were not, the newest that has a
 * moment to begin at begins when that moment has come, a window is open, and it is the turn of none of its runbooks; the
 * others are missed. Who has waited longer is first.
 */
export function decide(facts: Facts, timetable: Timetable): Decision[] {
  const decisions: Decision[] = [];
  const ready: Ready[] = [];
  for (const drill of facts.drills) {
    const missed: MissedFire[] = [];
    for (const { due, begun, isTaken, isLateTold } of drill.open) {
      const fire = { drill: drill.name, due };
      if (isTaken) continue;
      if (begun !== undefined) {
        decisions.push({ do: 'resume', fire, begun });
        continue;
      }
      const prospect = prospectOf(drill, due, timetable);
      if (prospect.kind === 'never') missed.push({ due, because: prospect.because });
      else if (prospect.at <= facts.now) ready.push({ fire, plannedAt: prospect.at, isLateTold, ...prospect, drill });
    }
    if (missed.length > 0) decisions.push({ do: 'miss', drill: drill.name, fires: missed });
  }
  return [...decisions, ...inTurn(ready, facts, timetable)];
}

/** The moment until which `decide` will say nothing, unless another scheduler does something; now or later. */
export function quietUntil({ now, drills }: Facts, timetable: Timetable): Instant | undefined {
  const moments = drills.flatMap((drill) =>
    drill.open.map(({ due, begun, isTaken }) => {
      if (isTaken || begun !== undefined) return now;
      const prospect = prospectOf(drill, due, timetable);
      if (prospect.kind === 'never') return now;
      const from = prospect.at > now ? prospect.at : now;
      return timetable.allowedFrom(prospect.schedule, from) ?? now;
    }),
  );
  return moments.toSorted()[0];
}

/** Whether what is late at a moment is so by more than is tolerated; then by how much. */
export function lateness(plannedAt: Instant, at: Instant): Millis | undefined {
  const late = millisBetween(plannedAt, at);
  return late > TOLERATED_MS ? late : undefined;
}

interface Ready {
  readonly fire: Fire;
  readonly plannedAt: Instant;
  readonly isLateTold: boolean;
  readonly drill: DrillFacts;
  readonly schedule: Schedule;
}

type Prospect =
  | { readonly kind: 'at'; readonly at: Instant; readonly schedule: Schedule }
  | { readonly kind: 'never'; readonly because: string };

/** When a fire that was not begun is to begin, unless its drill is due again already and can begin then. */
function prospectOf({ name, schedule, dues }: DrillFacts, due: Instant, timetable: Timetable): Prospect {
  if (schedule === undefined) return { kind: 'never', because: 'its drill has no schedule any more' };
  const beginning = timetable.begin(schedule, due, name);
  if (beginning.kind === 'never') return beginning;
  const newer = dues.findLast((other) => other > due && timetable.begin(schedule, other, name).kind === 'at');
  if (newer !== undefined) return { kind: 'never', because: `it was due again at ${newer} before it had begun` };
  return { ...beginning, schedule };
}

function inTurn(ready: readonly Ready[], { now, turns }: Facts, timetable: Timetable): Decision[] {
  const waitedFor = new Set<string>();
  return ready.toSorted(byPlannedMoment).flatMap((one): Decision[] => {
    const { fire, plannedAt, drill, isLateTold, schedule } = one;
    const tellLate: Decision[] =
      lateness(plannedAt, now) === undefined || isLateTold ? [] : [{ do: 'tell-late', fire, plannedAt }];
    const allowedAt = timetable.allowedFrom(schedule, now);
    if (allowedAt === undefined || allowedAt > now) return tellLate;
    const isBusy = drill.runbooks.some((runbook) => waitedFor.has(runbook) || isOthersTurn(turns.get(runbook), fire));
    // Who is due later does not overtake, or one of many runbooks would wait for ever.
    for (const runbook of drill.runbooks) waitedFor.add(runbook);
    return isBusy ? tellLate : [{ do: 'begin', fire, plannedAt, runbooks: drill.runbooks }];
  });
}

function isOthersTurn(turn: Turn | undefined, fire: Fire): boolean {
  return turn !== undefined && !turn.isAbandoned && !isSameFire(turn.fire, fire);
}

function byPlannedMoment(a: Ready, b: Ready): number {
  const [x, y] = [a, b].map(({ plannedAt, fire }) => `${plannedAt} ${fire.drill}`) as [string, string];
  return x < y ? -1 : x > y ? 1 : 0;
}
