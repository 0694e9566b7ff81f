import { Temporal } from 'temporal-polyfill';

/** What the clock on a wall shows, in milliseconds since 1970 as if it hung in Greenwich. */
export type WallTime = number;

/** When a wall shows a time: once, twice where the clock is put back, or never, since it jumps over that time. */
export type Shown =
  | { readonly kind: 'shown'; readonly moments: readonly [first: number, second?: number] }
  /** `jump`: the moment at which the clock jumps over it. */
  | { readonly kind: 'skipped'; readonly jump: number };

/** Whether it is the name of a timezone: 'Europe/Vienna', 'UTC', but no bare offset, which knows no summer. */
export function isTimezone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    zonedAt(name, 0);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** A time in which the clocks of a timezone are left alone. */
export interface Steady {
  /** The first moment of it. */
  readonly from: number;
  /** The first moment after it, at which they are put forward or back; `Infinity` where they never are again. */
  readonly until: number;
  /** How far a wall is ahead of Greenwich, in milliseconds. */
  readonly offset: number;
}

/** Asking for them takes a hundred times as long as all else that is done with one. They never change. */
const known = new Map<string, Steady[]>();

/** The time in which the clocks are left alone that holds a moment, in milliseconds since the epoch. */
export function steadyAt(timezone: string, moment: number): Steady {
  const steadies = known.get(timezone) ?? [];
  const found = steadies.find(({ from, until }) => from <= moment && moment < until);
  if (found) return found;
  const zoned = zonedAt(timezone, moment);
  const asked: Steady = {
    from: zonedAt(timezone, moment + 1).getTimeZoneTransition('previous')?.epochMilliseconds ?? -Infinity,
    until: zoned.getTimeZoneTransition('next')?.epochMilliseconds ?? Infinity,
    offset: Math.round(zoned.offsetNanoseconds / 1e6),
  };
  known.set(timezone, [...steadies, asked]);
  return asked;
}

/** What a wall in the timezone shows at a moment, in milliseconds since the epoch. */
export function wallTimeAt(timezone: string, moment: number): WallTime {
  return moment + steadyAt(timezone, moment).offset;
}

/** No clock is that far from Greenwich, nor was any in a hundred years. */
const FARTHEST = 24 * 3_600_000;

/** When a wall in the timezone shows a time. */
export function shownAt(timezone: string, wall: WallTime): Shown {
  const moments: number[] = [];
  let jump: number | undefined;
  let steady = steadyAt(timezone, wall - FARTHEST);
  while (steady.from <= wall + FARTHEST) {
    const moment = wall - steady.offset;
    if (moment >= steady.from && moment < steady.until) moments.push(moment);
    if (steady.until === Infinity) break;
    const next = steadyAt(timezone, steady.until);
    if (moment >= steady.until && wall - next.offset < steady.until) jump = steady.until;
    steady = next;
  }
  const [first, second] = moments;
  if (first !== undefined) return { kind: 'shown', moments: second === undefined ? [first] : [first, second] };
  if (jump === undefined) throw new Error(`the clocks of '${timezone}' neither show nor skip a time`);
  return { kind: 'skipped', jump };
}

/** The first moment at which the wall shows a time; where the clock jumps over it, the moment of the jump. */
export function firstMomentAt(timezone: string, wall: WallTime): number {
  const shown = shownAt(timezone, wall);
  return shown.kind === 'shown' ? shown.moments[0] : shown.jump;
}

function zonedAt(timezone: string, moment: number): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(moment).toZonedDateTimeISO(timezone);
}
