import { unreachable } from '../support/unreachable.ts';
import { parseDateOrMoment } from './date-or-moment.ts';
import type { Recurrence, Schedule, Weekday } from './drill.ts';
import { parseDuration } from './duration.ts';
import { must } from './must.ts';
import { parseTimeOfDay } from './time-of-day.ts';
import { type WrittenCalendar, type WrittenSchedule, WEEKDAY_WORDS } from './written-schedule.ts';

/** A written schedule in which nothing is wrong. */
export function normaliseSchedule(written: WrittenSchedule): Schedule {
  const { timezone = 'UTC', jitter, windows = [], blackouts = [] } = written;
  const moment = (text: string) => must(parseDateOrMoment(text, timezone), text);
  return {
    recurrence: 'cron' in written ? { kind: 'cron', expression: written.cron.trim() } : inCalendar(written),
    timezone,
    jitter: jitter === undefined ? 0 : must(parseDuration(jitter), jitter),
    windows: windows.map(({ days, from, until }) => ({
      days: days ?? WEEKDAY_WORDS,
      from: timeOfDay(from),
      until: timeOfDay(until),
    })),
    blackouts: blackouts.map(({ from, until, because }) => ({
      from: moment(from),
      until: moment(until),
      ...(because !== undefined && { because }),
    })),
  };
}

function inCalendar(written: WrittenCalendar): Recurrence {
  const at = timeOfDay(written.at);
  const { every, month = 1, day = 1 } = written;
  switch (every) {
    case 'quarter':
      return { kind: 'quarter', month: month as 1 | 2 | 3, day, at };
    case 'month':
      return { kind: 'month', day: day as number | 'last', at };
    case 'week':
      return { kind: 'week', weekday: day as Weekday, at };
    case 'day':
      return { kind: 'day', at };
    default:
      return unreachable(every);
  }
}

function timeOfDay(text: string): number {
  return must(parseTimeOfDay(text), text);
}
