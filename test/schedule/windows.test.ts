import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AllowedWindow, Blackout, Schedule } from '../../src/runbook/drill.ts';
import { nextFire } from '../../src/schedule/next-fire.ts';
import { allowedFrom, begin } from '../../src/schedule/windows.ts';
import { sha256Hex } from '../../src/support/sha256-hex.ts';
import { addMillis, epochMillisOf, instantOf } from '../../src/support/time.ts';
import { anyRecurrence, anyWeekday, scheduleOf } from './schedules.ts';

const HOUR = 3_600_000;
const EVERY_DAY = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
const DAILY = { kind: 'day', at: 180 } as const;

const beginning = (schedule: Schedule, due: string) => begin(schedule, due, 'quarterly', sha256Hex);

describe('a drill that is due', () => {
  it('begins at once where nothing is said', () => {
    expect(beginning(scheduleOf(DAILY), '2026-02-02T03:00:00.000Z')).toEqual({
      kind: 'at',
      at: '2026-02-02T03:00:00.000Z',
    });
  });

  it('waits for its window to open', () => {
    const nights: AllowedWindow = { days: ['saturday', 'sunday'], from: 60, until: 300 };
    const schedule = scheduleOf({ kind: 'month', day: 1, at: 720 }, 'Europe/Vienna', { windows: [nights] });
    // The first of July 2026 is a Wednesday.
    expect(beginning(schedule, '2026-07-01T10:00:00.000Z')).toEqual({ kind: 'at', at: '2026-07-03T23:00:00.000Z' });
  });

  it('begins within a window that reaches over midnight, on the day after too', () => {
    const night: AllowedWindow = { days: ['friday'], from: 1320, until: 120 };
    const schedule = scheduleOf({ kind: 'week', weekday: 'saturday', at: 60 }, 'UTC', { windows: [night] });
    expect(beginning(schedule, '2026-07-04T01:00:00.000Z')).toMatchObject({ at: '2026-07-04T01:00:00.000Z' });
    expect(allowedFrom(schedule, '2026-07-04T02:00:00.000Z')).toBe('2026-07-10T22:00:00.000Z');
  });

  it('waits for the end of a blackout, and of the one behind it', () => {
    const blackouts: Blackout[] = [
      { from: '2026-12-24T00:00:00.000Z', until: '2027-01-02T00:00:00.000Z' },
      { from: '2026-12-20T00:00:00.000Z', until: '2026-12-25T00:00:00.000Z' },
    ];
    const schedule = scheduleOf({ kind: 'month', day: 21, at: 180 }, 'UTC', { blackouts });
    expect(beginning(schedule, '2026-12-21T03:00:00.000Z')).toEqual({ kind: 'at', at: '2027-01-02T00:00:00.000Z' });
  });

  it('never begins where no moment is left before it is due again, and says why', () => {
    const schedule = scheduleOf(DAILY, 'UTC', {
      windows: [{ days: [...EVERY_DAY], from: 60, until: 300 }],
      blackouts: [{ from: '2026-12-20T00:00:00.000Z', until: '2027-01-07T00:00:00.000Z', because: 'year end' }],
    });
    expect(beginning(schedule, '2026-12-21T03:00:00.000Z')).toEqual({
      kind: 'never',
      because:
        "no moment between 2026-12-21T03:00:00.000Z and 2026-12-22T03:00:00.000Z, when it is due again, lies in an allowed window and outside the blackouts ('year end')",
    });
    expect(beginning(schedule, '2026-12-19T03:00:00.000Z')).toMatchObject({ kind: 'at' });
    // A blackout's end is no part of it; a due time's own moment belongs to that one.
    const whole = { blackouts: [{ from: '2026-12-20T00:00:00.000Z', until: '2026-12-22T03:00:00.000Z' }] };
    expect(beginning(scheduleOf(DAILY, 'UTC', whole), '2026-12-21T03:00:00.000Z')).toMatchObject({
      kind: 'never',
      because:
        'no moment between 2026-12-21T03:00:00.000Z and 2026-12-22T03:00:00.000Z, when it is due again, lies outside the blackouts',
    });
  });
});

describe('jitter', () => {
  const schedule = scheduleOf(DAILY, 'UTC', { jitter: HOUR });
  const dues = Array.from({ length: 2_000 }, (_, day) => addMillis('2026-01-01T03:00:00.000Z', day * 24 * HOUR));
  const delayOf = (due: string, name = 'quarterly'): number => {
    const found = begin(schedule, due, name, sha256Hex);
    return found.kind === 'at' ? epochMillisOf(found.at) - epochMillisOf(due) : Number.NaN;
  };

  it('is spread evenly, below its length', () => {
    const tenths = Array.from({ length: 10 }, () => 0);
    for (const due of dues) tenths[Math.floor((delayOf(due) / HOUR) * 10)]! += 1;
    expect(tenths).toHaveLength(10);
    // 200 each; a fair draw leaves this range once in a hundred thousand.
    expect(tenths.filter((count) => count < 140 || count > 260)).toEqual([]);
  });

  it('is the same for who asks again, and another for another drill and another time', () => {
    expect(dues.slice(0, 50).map((due) => delayOf(due))).toEqual(dues.slice(0, 50).map((due) => delayOf(due)));
    expect(new Set(dues.slice(0, 50).map((due) => delayOf(due))).size).toBe(50);
    expect(delayOf(dues[0]!)).not.toBe(delayOf(dues[0]!, 'weekly'));
  });

  it('never puts a drill off until it is due again', () => {
    const long = scheduleOf(DAILY, 'UTC', { jitter: 240 * HOUR });
    expect(dues.slice(0, 200).filter((due) => beginning(long, due).kind === 'never')).toEqual([]);
  });
});

describe('windows where the clock is changed', () => {
  const window = (from: number, until: number) =>
    scheduleOf(DAILY, 'Europe/Vienna', { windows: [{ days: ['sunday'], from, until }] });

  it('open at the jump when it skips their opening, and not at all when it skips them whole', () => {
    expect(allowedFrom(window(150, 300), '2026-03-28T12:00:00.000Z')).toBe('2026-03-29T01:00:00.000Z');
    expect(allowedFrom(window(120, 180), '2026-03-28T12:00:00.000Z')).toBe('2026-04-05T00:00:00.000Z');
  });

  it('open a second time when their hours are shown a second time', () => {
    expect(allowedFrom(window(60, 150), '2026-10-25T00:40:00.000Z')).toBe('2026-10-25T01:00:00.000Z');
    expect(allowedFrom(window(60, 150), '2026-10-25T01:30:00.000Z')).toBe('2026-11-01T00:00:00.000Z');
  });
});

const minute = fc.integer({ min: 0, max: 1439 });
const anyWindow = fc
  .record({ days: fc.uniqueArray(anyWeekday, { minLength: 1 }), from: minute, until: minute })
  .filter(({ from, until }) => from !== until);
const anyMoment = fc.integer({ min: Date.parse('2010-01-01T00:00Z'), max: Date.parse('2014-01-01T00:00Z') });
const anyBlackout = fc
  .tuple(anyMoment, fc.integer({ min: 1, max: 60 * 24 }))
  .map(([from, hours]) => ({ from: instantOf(from), until: instantOf(from + hours * HOUR) }));
const anySchedule = fc
  .record({
    base: anyRecurrence,
    jitter: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 48 * HOUR })),
    windows: fc.array(anyWindow, { maxLength: 3 }),
    blackouts: fc.array(anyBlackout, { maxLength: 4 }),
  })
  .map(({ base, ...more }): Schedule => ({ ...base, ...more }));

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const time = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  const format = formats.get(timeZone) ?? new Intl.DateTimeFormat('en-GB', { timeZone, weekday: 'long', ...time });
  formats.set(timeZone, format);
  return format;
}

/** By what another library shows: the day and the minute of it. */
function isOpen(schedule: Schedule, instant: string): boolean {
  const parts = new Map(
    formatOf(schedule.timezone)
      .formatToParts(epochMillisOf(instant))
      .map(({ type, value }) => [type, value]),
  );
  const now = Number(parts.get('hour')) * 60 + Number(parts.get('minute'));
  const today = EVERY_DAY.indexOf(parts.get('weekday')!.toLowerCase() as (typeof EVERY_DAY)[number]);
  const yesterday = EVERY_DAY[(today + 6) % 7]!;
  return (
    schedule.windows.length === 0 ||
    schedule.windows.some(({ days, from, until }) =>
      from < until
        ? days.includes(EVERY_DAY[today]!) && from <= now && now < until
        : (days.includes(EVERY_DAY[today]!) && from <= now) || (days.includes(yesterday) && now < until),
    )
  );
}

const isDark = ({ blackouts }: Schedule, instant: string): boolean =>
  blackouts.some(({ from, until }) => from <= instant && instant < until);

describe('whatever the schedule', () => {
  it('a drill begins in a window, outside of blackouts, when due or later, and before it is due again', () => {
    fc.assert(
      fc.property(anySchedule, anyMoment, (schedule, after) => {
        const due = nextFire(schedule, instantOf(after))!;
        const found = begin(schedule, due, 'one', sha256Hex);
        expect(begin(structuredClone(schedule), due, 'one', sha256Hex)).toEqual(found);
        if (found.kind === 'never') return;
        expect(isOpen(schedule, found.at)).toBe(true);
        expect(isDark(schedule, found.at)).toBe(false);
        expect(found.at >= due && found.at < nextFire(schedule, due)!).toBe(true);
      }),
      { numRuns: 600 },
    );
  });

  it('no quarter of an hour before it would have been allowed, nor any in vain where it never begins', () => {
    fc.assert(
      fc.property(anySchedule, anyMoment, (schedule, after) => {
        const due = nextFire(schedule, instantOf(after))!;
        const found = begin({ ...schedule, jitter: 0 }, due, 'one', sha256Hex);
        const end = found.kind === 'at' ? found.at : nextFire(schedule, due)!;
        const last = Math.min(epochMillisOf(end), epochMillisOf(due) + 40 * 24 * HOUR);
        for (let at = epochMillisOf(due); at < last; at += HOUR / 4) {
          const allowed = isOpen(schedule, instantOf(at)) && !isDark(schedule, instantOf(at));
          expect(allowed, instantOf(at)).toBe(false);
        }
      }),
      { numRuns: 60 },
    );
  });
});
