import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Recurrence, Schedule } from '../../src/runbook/drill.ts';
import { duesBetween, nextFire } from '../../src/schedule/next-fire.ts';
import { type Instant, addMillis, epochMillisOf, instantOf } from '../../src/support/time.ts';
import { anyRecurrence, scheduleOf } from './schedules.ts';
import { firesByWalking } from './walked-year.ts';

const AT_THREE = 180;

function dues(schedule: Schedule, after: string, until: string): readonly string[] {
  return duesBetween(schedule, after, until).map((due) => due.replace(':00.000Z', 'Z'));
}

function daily(at: number): Recurrence {
  return { kind: 'day', at };
}

function cron(expression: string): Recurrence {
  return { kind: 'cron', expression };
}

describe('a schedule by the calendar', () => {
  it.each<[string, Recurrence, readonly string[]]>([
    [
      'the first of the first month of each quarter',
      { kind: 'quarter', month: 1, day: 1, at: AT_THREE },
      ['2026-01-01T03:00Z', '2026-04-01T03:00Z', '2026-07-01T03:00Z', '2026-10-01T03:00Z'],
    ],
    [
      'a day past the end of the second month: its last',
      { kind: 'quarter', month: 2, day: 31, at: 0 },
      ['2026-02-28T00:00Z', '2026-05-31T00:00Z', '2026-08-31T00:00Z', '2026-11-30T00:00Z'],
    ],
    [
      'the last day of the third month',
      { kind: 'quarter', month: 3, day: 'last', at: 1439 },
      ['2026-03-31T23:59Z', '2026-06-30T23:59Z', '2026-09-30T23:59Z', '2026-12-31T23:59Z'],
    ],
    [
      'the first Sunday of the second month',
      { kind: 'quarter', month: 2, day: 'sunday', at: AT_THREE },
      ['2026-02-01T03:00Z', '2026-05-03T03:00Z', '2026-08-02T03:00Z', '2026-11-01T03:00Z'],
    ],
  ])('has %s', (_, recurrence, expected) => {
    expect(dues(scheduleOf(recurrence), '2025-12-31T23:59:59Z', '2026-12-31T23:59:59Z')).toEqual(expected);
  });

  it('has months, weeks and days', () => {
    expect(
      dues(scheduleOf({ kind: 'month', day: 30, at: 60 }), '2028-01-15T00:00:00Z', '2028-04-01T00:00:00Z'),
    ).toEqual(['2028-01-30T01:00Z', '2028-02-29T01:00Z', '2028-03-30T01:00Z']);
    expect(
      dues(scheduleOf({ kind: 'month', day: 'last', at: 60 }), '2026-01-31T01:00:00Z', '2026-03-31T01:00:00Z'),
    ).toEqual(['2026-02-28T01:00Z', '2026-03-31T01:00Z']);
    expect(
      dues(scheduleOf({ kind: 'week', weekday: 'monday', at: 60 }), '2026-02-02T01:00:00Z', '2026-02-20T00:00:00Z'),
    ).toEqual(['2026-02-09T01:00Z', '2026-02-16T01:00Z']);
    expect(dues(scheduleOf(daily(0)), '2026-02-27T12:00:00Z', '2026-03-01T00:00:00Z')).toEqual([
      '2026-02-28T00:00Z',
      '2026-03-01T00:00Z',
    ]);
  });

  it('is in its timezone, also where the hour is not whole', () => {
    expect(nextFire(scheduleOf(daily(AT_THREE), 'Asia/Kathmandu'), '2026-06-01T00:00:00.000Z')).toBe(
      '2026-06-01T21:15:00.000Z',
    );
  });

  it('may never be due again', () => {
    expect(nextFire(scheduleOf(cron('0 0 30 2 *')), '2026-01-01T00:00:00.000Z')).toBeUndefined();
    expect(nextFire(scheduleOf(cron('0 */2 30 2 *'), 'Europe/Vienna'), '2026-01-01T00:00:00.000Z')).toBeUndefined();
  });
});

describe('a time that the clock jumps over', () => {
  it.each([
    ['Europe/Vienna', 150, '2026-03-28T12:00:00Z', ['2026-03-29T01:00Z', '2026-03-30T00:30Z']],
    ['America/New_York', 150, '2026-03-07T12:00:00Z', ['2026-03-08T07:00Z', '2026-03-09T06:30Z']],
    ['Australia/Lord_Howe', 130, '2026-10-03T12:00:00Z', ['2026-10-03T15:30Z', '2026-10-04T15:10Z']],
    // Samoa had no 30 December 2011: what was due then is due as the 31st begins, and that day's own follows.
    ['Pacific/Apia', 180, '2011-12-29T14:00:00Z', ['2011-12-30T10:00Z', '2011-12-30T13:00Z']],
  ])('is due at the jump: %s', (timezone, at, after, expected) => {
    expect(dues(scheduleOf(daily(at), timezone), after, addMillis(after, 2 * 86_400_000)).slice(0, 2)).toEqual(
      expected,
    );
  });

  it('is due once, however many of a cron it jumps over', () => {
    expect(
      dues(scheduleOf(cron('*/15 2 * * *'), 'Europe/Vienna'), '2026-03-28T12:00:00Z', '2026-03-29T12:00:00Z'),
    ).toEqual(['2026-03-29T01:00Z']);
  });

  it('makes no cron of every hour lose its rhythm', () => {
    expect(
      dues(scheduleOf(cron('30 * * * *'), 'Europe/Vienna'), '2026-03-28T23:30:00Z', '2026-03-29T02:30:00Z'),
    ).toEqual(['2026-03-29T00:30Z', '2026-03-29T01:30Z', '2026-03-29T02:30Z']);
  });
});

describe('a time that the clock shows twice', () => {
  it.each([
    ['Europe/Vienna', 150, '2026-10-24T12:00:00Z', ['2026-10-25T00:30Z', '2026-10-26T01:30Z']],
    ['America/New_York', 90, '2026-10-31T12:00:00Z', ['2026-11-01T05:30Z', '2026-11-02T06:30Z']],
    ['Australia/Lord_Howe', 105, '2026-04-04T12:00:00Z', ['2026-04-04T14:45Z', '2026-04-05T15:15Z']],
  ])('is due the first time: %s', (timezone, at, after, expected) => {
    expect(dues(scheduleOf(daily(at), timezone), after, addMillis(after, 2 * 86_400_000))).toEqual(expected);
  });

  it('is due once also for who asks between the two', () => {
    expect(nextFire(scheduleOf(daily(150), 'Europe/Vienna'), '2026-10-25T00:45:00.000Z')).toBe(
      '2026-10-26T01:30:00.000Z',
    );
    expect(nextFire(scheduleOf(cron('*/15 2 * * *'), 'Europe/Vienna'), '2026-10-25T01:10:00.000Z')).toBe(
      '2026-10-26T01:00:00.000Z',
    );
  });

  it('is due twice for a cron of every hour', () => {
    expect(
      dues(scheduleOf(cron('0 * * * *'), 'Europe/Vienna'), '2026-10-24T23:00:00Z', '2026-10-25T02:00:00Z'),
    ).toEqual(['2026-10-25T00:00Z', '2026-10-25T01:00Z', '2026-10-25T02:00Z']);
  });
});

describe('a year walked from five minutes to five minutes', () => {
  it.each([
    ['Europe/Vienna', 2026],
    ['America/New_York', 2026],
    ['Australia/Lord_Howe', 2026],
    ['Pacific/Apia', 2011],
    ['Asia/Kathmandu', 2026],
  ])('has the same dues: %s in %i', (timezone, year) => {
    for (const { expression, fires } of firesByWalking(timezone, year)) {
      const [after, until] = [`${year - 1}-12-31T23:59:59.999Z`, `${year}-12-31T23:59:00.000Z`];
      expect(duesBetween(scheduleOf(cron(expression), timezone), after, until), expression).toEqual(fires);
    }
  });
});

const moment = fc
  .integer({ min: Date.parse('2009-01-01T00:00Z'), max: Date.parse('2036-01-01T00:00Z') })
  .map((millis) => instantOf(millis));

describe('whatever the schedule', () => {
  it('the next due is later than the moment, and the next for anybody who asks in between', () => {
    fc.assert(
      fc.property(anyRecurrence, moment, fc.double({ min: 0, max: 1, noNaN: true }), (schedule, after, between) => {
        const due = nextFire(schedule, after)!;
        expect(epochMillisOf(due)).toBeGreaterThan(epochMillisOf(after));
        expect(nextFire(schedule, addMillis(due, -1))).toBe(due);
        const asked = epochMillisOf(after) + Math.floor(between * (epochMillisOf(due) - epochMillisOf(after) - 1));
        expect(nextFire(schedule, instantOf(asked))).toBe(due);
      }),
      { numRuns: 400 },
    );
  });

  it('the dues of ten years are those that are asked for one by one, each later than the one before', () => {
    fc.assert(
      fc.property(anyRecurrence.filter(isSeldom), moment, (schedule, after) => {
        const until = addMillis(after, 3653 * 86_400_000);
        const all = duesBetween(schedule, after, until);
        const middle = all[Math.floor(all.length / 2)];
        if (middle === undefined) return;
        expect([...duesBetween(schedule, after, middle), ...duesBetween(schedule, middle, until)]).toEqual(all);
        expect(all.every((due, index) => index === 0 || due > all[index - 1]!)).toBe(true);
        expect(nextFire(schedule, all.at(-1)!)! > until).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it('a due is at the time that the recurrence says, unless the clock just jumped over it', () => {
    fc.assert(
      fc.property(anyRecurrence, moment, (schedule, after) => {
        const { recurrence, timezone } = schedule;
        if (recurrence.kind === 'cron') return;
        const due = nextFire(schedule, after)!;
        if (minutesShown(timezone, due) !== recurrence.at) {
          expect(hasJumped(timezone, due)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });
});

function isSeldom({ recurrence }: Schedule): boolean {
  return recurrence.kind !== 'cron' || !/[*/,-]/.test(recurrence.expression.split(' ').slice(0, 2).join(''));
}

/** Minutes since midnight, by another library than the code's. */
function minutesShown(timeZone: string, instant: Instant): number {
  const shown = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const [hour, minute] = shown.format(epochMillisOf(instant)).split(':').map(Number);
  return hour! * 60 + minute!;
}

function hasJumped(timezone: string, instant: Instant): boolean {
  const [before, then] = [minutesShown(timezone, addMillis(instant, -1)), minutesShown(timezone, instant)];
  return (before + 1) % 1440 !== then || timezone === 'Pacific/Apia';
}
