import type { Recurrence, Schedule, Weekday } from '../runbook/drill.ts';
import { type Instant, epochMillisOf, instantOf } from '../support/time.ts';
import { unreachable } from '../support/unreachable.ts';
import { type CronExpression, nextWallTime, parseCron } from './cron-expression.ts';
import { type WallTime, firstMomentAt, steadyAt, wallTimeAt } from './wall-time.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

/** 0 is Sunday, as in `Date`. */
export const WEEKDAYS: readonly Weekday[] = [
  'sunday',
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
];

/**
 * The next moment after this one at which a drill is due, before jitter and windows; `undefined` where none ever comes.
 *
 * Where the clock is changed: a time that it jumps over is due once, at the moment of the jump; one that it shows twice
 * is due the first time. A cron whose hour begins with '*' is due whenever the clock shows a time that it means, so that
 * one of every hour keeps its rhythm: the hour that is repeated has it twice, that which is skipped not at all. Both are
 * what Vixie's cron does, which calls the latter wildcard jobs.
 *
 * @param schedule a valid one; a cron expression or a timezone that is none is a bug, and thrown
 */
export function nextFire(schedule: Schedule, after: Instant): Instant | undefined {
  const { recurrence, timezone } = schedule;
  const moment = epochMillisOf(after);
  if (recurrence.kind !== 'cron') {
    return inWords(nextOnce((wall) => nextInCalendar(recurrence, wall), timezone, moment));
  }
  const cron = cronOf(recurrence.expression);
  return inWords(
    cron.throughTheDay
      ? nextWheneverShown(cron, timezone, moment)
      : nextOnce((wall) => nextWallTime(cron, wall), timezone, moment),
  );
}

/** All moments at which a drill is due, later than `after` and not later than `until`. */
export function duesBetween(schedule: Schedule, after: Instant, until: Instant): Instant[] {
  const dues: Instant[] = [];
  const last = epochMillisOf(until);
  let due = nextFire(schedule, after);
  while (due !== undefined && epochMillisOf(due) <= last) {
    dues.push(due);
    due = nextFire(schedule, due);
  }
  return dues;
}

function inWords(moment: number | undefined): Instant | undefined {
  return moment === undefined ? undefined : instantOf(moment);
}

/** Each time on the wall once. A later time is never due before an earlier one, so the first that is due after is it. */
function nextOnce(
  next: (after: WallTime) => WallTime | undefined,
  timezone: string,
  after: number,
): number | undefined {
  let wall = next(wallTimeAt(timezone, after));
  while (wall !== undefined) {
    const due = firstMomentAt(timezone, wall);
    // What the clock shows for the second time was due the first time.
    if (due > after) return due;
    wall = next(wall);
  }
  return undefined;
}

/** More than any expression needs to match again, whatever its timezone skips. */
const LONGEST_SEARCH = 50 * 366 * DAY;

/** Between two changes of the clock, wall and time go side by side. */
function nextWheneverShown(cron: CronExpression, timezone: string, after: number): number | undefined {
  let from = after;
  while (from < after + LONGEST_SEARCH) {
    const { offset, until } = steadyAt(timezone, from);
    const wall = nextWallTime(cron, from === after ? from + offset : from + offset - 1);
    // A cron that matches no time of any calendar matches none after a change either.
    if (wall === undefined) return undefined;
    if (wall - offset < until) return wall - offset;
    from = until;
  }
  return undefined;
}

function cronOf(expression: string): CronExpression {
  const parsed = parseCron(expression);
  if (parsed.kind === 'wrong')
    throw new Error(`the cron expression '${expression}': ${parsed.field} ${parsed.because}`);
  return parsed.cron;
}

type CalendarRecurrence = Exclude<Recurrence, { kind: 'cron' }>;

/** The first time after this one, by calendar alone. */
function nextInCalendar(recurrence: CalendarRecurrence, after: WallTime): WallTime {
  const date = new Date(after);
  for (let ahead = 0; ; ahead += 1) {
    const wall = dayOf(recurrence, date, ahead) + recurrence.at * MINUTE;
    if (wall > after) return wall;
  }
}

/** Midnight of the day in the period that is so many ahead of the one that holds a date. */
function dayOf(recurrence: CalendarRecurrence, date: Date, ahead: number): WallTime {
  const year = date.getUTCFullYear();
  const month = date.getUTCMonth();
  switch (recurrence.kind) {
    case 'quarter':
      return dayInMonth(year, month - (month % 3) + 3 * ahead + recurrence.month - 1, recurrence.day);
    case 'month':
      return dayInMonth(year, month + ahead, recurrence.day);
    case 'week': {
      const untilThen = (WEEKDAYS.indexOf(recurrence.weekday) - date.getUTCDay() + 7) % 7;
      return Date.UTC(year, month, date.getUTCDate() + untilThen + 7 * ahead);
    }
    case 'day':
      return Date.UTC(year, month, date.getUTCDate() + ahead);
    default:
      return unreachable(recurrence);
  }
}

function dayInMonth(year: number, month: number, day: number | Weekday | 'last'): WallTime {
  const first = Date.UTC(year, month, 1);
  const days = (Date.UTC(year, month + 1, 1) - first) / DAY;
  if (day === 'last') return first + (days - 1) * DAY;
  if (typeof day === 'number') return first + (Math.min(day, days) - 1) * DAY;
  const untilThen = (WEEKDAYS.indexOf(day) - new Date(first).getUTCDay() + 7) % 7;
  return first + untilThen * DAY;
}
