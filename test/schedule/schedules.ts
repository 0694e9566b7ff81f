import fc from 'fast-check';
import type { Recurrence, Schedule, Weekday } from '../../src/runbook/drill.ts';

/** A schedule with nothing but when it recurs. */
export function scheduleOf(recurrence: Recurrence, timezone = 'UTC', more: Partial<Schedule> = {}): Schedule {
  return { recurrence, timezone, jitter: 0, windows: [], blackouts: [], ...more };
}

const DAYS: readonly Weekday[] = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

export const anyWeekday = fc.constantFrom(...DAYS);

const anyTimezone = fc.constantFrom(
  'Europe/Vienna',
  'America/New_York',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Asia/Kathmandu',
  // Put back at one minute past midnight until 2011, to the day before.
  'America/St_Johns',
  // Jumps over midnight.
  'America/Santiago',
  'Africa/Casablanca',
  'UTC',
);

const minuteOfDay = fc.oneof(fc.integer({ min: 0, max: 1439 }), fc.integer({ min: 0, max: 240 }));
const dayOfMonth = fc.oneof(fc.integer({ min: 1, max: 31 }), fc.constant<'last'>('last'));

const expression = fc.oneof(
  fc.constantFrom('0 * * * *', '*/15 * * * *', '0 */2 * * *', '*/10 2 * * *', '30 0 * * *', '0 3 1 */3 *', '5 2 * * 0'),
  fc
    .tuple(fc.integer({ min: 0, max: 59 }), fc.integer({ min: 0, max: 4 }), fc.constantFrom('*', '1', '29', '31'))
    .map(([minute, hour, day]) => `${minute} ${hour} ${day} * *`),
);

const recurrence: fc.Arbitrary<Recurrence> = fc.oneof(
  fc.record({
    kind: fc.constant<'quarter'>('quarter'),
    month: fc.constantFrom<1 | 2 | 3>(1, 2, 3),
    day: fc.oneof(dayOfMonth, anyWeekday),
    at: minuteOfDay,
  }),
  fc.record({ kind: fc.constant<'month'>('month'), day: dayOfMonth, at: minuteOfDay }),
  fc.record({ kind: fc.constant<'week'>('week'), weekday: anyWeekday, at: minuteOfDay }),
  fc.record({ kind: fc.constant<'day'>('day'), at: minuteOfDay }),
  fc.record({ kind: fc.constant<'cron'>('cron'), expression }),
);

/** Any way to recur in any timezone, without windows. */
export const anyRecurrence: fc.Arbitrary<Schedule> = fc
  .tuple(recurrence, anyTimezone)
  .map(([one, timezone]) => scheduleOf(one, timezone));
