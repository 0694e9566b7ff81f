import type { AllowedWindow, Blackout, Schedule } from '../runbook/drill.ts';
import { type Instant, epochMillisOf, instantOf } from '../support/time.ts';
import { WEEKDAYS, nextFire } from './next-fire.ts';
import { firstMomentAt, shownAt, steadyAt, wallTimeAt } from './wall-time.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

/** When a drill that is due begins, or that it does not. */
export type Beginning =
  | { readonly kind: 'at'; readonly at: Instant }
  /** A sentence without capital and full stop. */
  | { readonly kind: 'never'; readonly because: string };

/**
 * When a drill that is due at a moment begins: put off by its jitter, then until the first moment that lies in a window
 * and in no blackout. Where none is left before it is due again, this time it never begins.
 *
 * The jitter is evenly spread over the schedule's, or over the time until it is due again where that is shorter, and
 * decided by name and moment alone, so that everybody who asks is told the same.
 */
export function begin(
  schedule: Schedule,
  due: Instant,
  drillName: string,
  sha256Hex: (text: string) => string,
): Beginning {
  const next = nextFire(schedule, due);
  const until = next === undefined ? Infinity : epochMillisOf(next);
  const from = epochMillisOf(due);
  const longest = Math.min(schedule.jitter, until - from);
  const hash = sha256Hex(JSON.stringify([drillName, instantOf(from)]));
  const at = firstAllowed(schedule, from + Math.floor(longest * share(hash)));
  if (at !== undefined && at < until) return { kind: 'at', at: instantOf(at) };
  return { kind: 'never', because: whyNever(schedule, from, next) };
}

/** The first moment at which a drill may begin, this one or a later one; `undefined` where none ever comes. */
export function allowedFrom(schedule: Schedule, moment: Instant): Instant | undefined {
  const at = firstAllowed(schedule, epochMillisOf(moment));
  return at === undefined ? undefined : instantOf(at);
}

/** 48 bits of a hash as a number from 0, below 1. */
function share(hex: string): number {
  return Number.parseInt(hex.slice(0, 12), 16) / 2 ** 48;
}

/** Every turn ends a blackout or comes to a window's opening, so that the blackouts' number bounds them. */
function firstAllowed(schedule: Schedule, from: number): number | undefined {
  let at: number | undefined = from;
  while (at !== undefined) {
    const blackout = blackoutAt(schedule, at);
    if (blackout !== undefined) at = epochMillisOf(blackout.until);
    else if (isInWindow(schedule, at)) return at;
    else at = nextOpening(schedule, at);
  }
  return undefined;
}

function blackoutAt({ blackouts }: Schedule, moment: number): Blackout | undefined {
  return blackouts.find(({ from, until }) => epochMillisOf(from) <= moment && moment < epochMillisOf(until));
}

/** By what the clock shows: hours that it shows twice are allowed twice, those that it skips never come. */
function isInWindow({ windows, timezone }: Schedule, moment: number): boolean {
  if (windows.length === 0) return true;
  const wall = wallTimeAt(timezone, moment);
  const midnight = Math.floor(wall / DAY) * DAY;
  return windows.some((window) =>
    // One that reaches over midnight may have opened the day before.
    [midnight, midnight - DAY].some((day) => {
      const { opens, closes } = hoursOf(window, day);
      return opensOn(window, day) && opens <= wall && wall < closes;
    }),
  );
}

/** More than any clock skips the hours of a window in a row: a change of summer time comes twice a year. */
const DAYS_SEARCHED = 400;

/** The first moment after this one at which a window is open. */
function nextOpening(schedule: Schedule, after: number): number | undefined {
  const { windows, timezone } = schedule;
  const today = Math.floor(wallTimeAt(timezone, after) / DAY) * DAY;
  const change = steadyAt(timezone, after).until;
  // From yesterday on, to which a clock that is put back at midnight returns.
  for (let ahead = -1; ahead <= DAYS_SEARCHED; ahead += 1) {
    const day = today + ahead * DAY;
    const openings = windows
      .filter((window) => opensOn(window, day))
      .flatMap((window) => momentsOf(timezone, hoursOf(window, day).opens));
    // A clock that is changed may come to stand within a window.
    if (change < firstMomentAt(timezone, day + DAY)) openings.push(change);
    const open = openings.filter((moment) => moment > after && isInWindow(schedule, moment));
    if (open.length > 0) return Math.min(...open);
  }
  return undefined;
}

function momentsOf(timezone: string, wall: number): readonly number[] {
  const shown = shownAt(timezone, wall);
  return shown.kind === 'shown' ? shown.moments.filter((moment) => moment !== undefined) : [shown.jump];
}

function opensOn({ days }: AllowedWindow, midnight: number): boolean {
  return days.includes(WEEKDAYS[new Date(midnight).getUTCDay()]!);
}

function hoursOf(
  { from, until }: AllowedWindow,
  midnight: number,
): { readonly opens: number; readonly closes: number } {
  return {
    opens: midnight + from * MINUTE,
    closes: midnight + until * MINUTE + (until < from ? DAY : 0),
  };
}

function whyNever({ windows, blackouts }: Schedule, due: number, next: Instant | undefined): string {
  const until = next === undefined ? Infinity : epochMillisOf(next);
  const inTheWay = blackouts.filter((one) => epochMillisOf(one.from) < until && epochMillisOf(one.until) > due);
  const reasons = new Set(inTheWay.flatMap(({ because }) => (because === undefined ? [] : [`'${because}'`])));
  const places = [
    ...(windows.length > 0 ? ['in an allowed window'] : []),
    ...(inTheWay.length > 0 ? ['outside the blackouts'] : []),
  ].join(' and ');
  const period = next === undefined ? `from ${instantOf(due)} on` : `between ${instantOf(due)} and ${next}`;
  const told = reasons.size === 0 ? '' : ` (${[...reasons].join(', ')})`;
  return `no moment ${period}${next === undefined ? '' : ', when it is due again,'} lies ${places}${told}`;
}
