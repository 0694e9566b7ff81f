import { expect, test } from 'vitest';
import type { Schedule } from '../../src/runbook/drill.ts';
import { staleSince } from '../../src/schedule/stale.ts';
import { timetable } from './simulated-years.ts';

const schedule: Schedule = {
  recurrence: { kind: 'day', at: 180 },
  timezone: 'UTC',
  jitter: 0,
  windows: [],
  blackouts: [],
};
const since = '2026-11-01T12:00:00.000Z';

function at(now: string, verifiedAt?: string) {
  return staleSince(
    { schedule, drill: 'nightly', since, ...(verifiedAt !== undefined && { verifiedAt }) },
    now,
    timetable,
  );
}

test.each([
  ['after one due that nobody verified', '2026-11-03T02:59:00.000Z', undefined],
  ['while the second one may still be verified', '2026-11-04T02:59:59.000Z', undefined],
])('a proof is not stale %s', (_, now, verifiedAt) => {
  expect(at(now, verifiedAt)).toBeUndefined();
});

test('a proof is stale a day after the second due that did not renew it, by the first one', () => {
  expect(at('2026-11-04T03:00:00.000Z')).toEqual({ due: '2026-11-02T03:00:00.000Z' });
  expect(at('2026-11-09T03:00:00.000Z')).toEqual({ due: '2026-11-07T03:00:00.000Z' });
});

test('what was verified at the due or later is not stale, what was before is', () => {
  expect(at('2026-11-09T03:00:00.000Z', '2026-11-07T03:00:00.000Z')).toBeUndefined();
  expect(at('2026-11-09T03:00:00.000Z', '2026-11-07T02:59:59.000Z')).toEqual({ due: '2026-11-07T03:00:00.000Z' });
});

test('a due whose beginning a blackout took is not held against anybody', () => {
  const blackouts = [{ from: '2026-11-02T00:00:00.000Z', until: '2026-11-08T00:00:00.000Z' }];
  const of = { schedule: { ...schedule, blackouts }, drill: 'nightly', since };
  expect(staleSince(of, '2026-11-07T12:00:00.000Z', timetable)).toBeUndefined();
});
