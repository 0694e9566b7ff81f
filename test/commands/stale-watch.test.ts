import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ReportsPlace, reportsPlace } from '../../src/commands/reports-place.ts';
import type { ScheduledDrillFile } from '../../src/commands/scheduled-drills.ts';
import { staleWatch } from '../../src/commands/stale-watch.ts';
import { tellOfSchedule } from '../../src/commands/tell-of-schedule.ts';
import type { NotificationTarget } from '../../src/runbook/runbook.ts';
import { scheduleOf } from '../schedule/schedules.ts';
import { timetable } from '../schedule/simulated-years.ts';
import { aPassedDrill, aShop } from '../support/journal-builder.ts';
import { type Receiver, startReceiver, statuses } from '../support/receiver.ts';
import { type Workplace, workplace } from '../support/workplace.ts';

let place: Workplace;
let hook: Receiver;
let reports: ReportsPlace;
let drills: readonly ScheduledDrillFile[];

beforeEach(async () => {
  place = await workplace();
  hook = await startReceiver(statuses(200));
  reports = reportsPlace('reports', place.io) as ReportsPlace;
  drills = [aNightly([told(hook.url)])];
});
afterEach(async () => {
  await hook.stop();
  await place.remove();
});

function told(url: string): NotificationTarget {
  return { kind: 'webhook', id: 'webhook-1', url, on: ['late', 'missed', 'stale'] };
}

function aNightly(notify: readonly NotificationTarget[]): ScheduledDrillFile {
  const runbook = aShop({ owner: 'platform-team', notify });
  return {
    drill: {
      name: 'nightly',
      file: '/drills/nightly.yaml',
      runbooks: [runbook.file],
      objectives: {},
      concurrency: 1,
      schedule: scheduleOf({ kind: 'day', at: 180 }),
      notify,
    },
    runbooks: [runbook],
  };
}

const watch = () => staleWatch({ drills, reports, io: place.io, timetable });
const heard = () => hook.received.map(({ body }) => JSON.parse(body) as { occasion: string });

test('a runbook that two dues have not verified is told as stale once, by whoever watches, and again at the next due', async () => {
  await watch()('2026-11-20T12:00:00.000Z');
  await watch()('2026-11-23T02:00:00.000Z');
  expect(heard()).toEqual([]);
  const [one, other] = [watch(), watch()];
  await one('2026-11-23T03:00:00.000Z');
  expect(heard()).toMatchObject([{ occasion: 'stale' }]);
  await other('2026-11-23T04:00:00.000Z');
  await one('2026-11-23T05:00:00.000Z');
  expect(heard()).toHaveLength(1);
  expect(place.stderr()).toBe(
    "stale: 'shop': no drill since 2026-11-21T03:00:00.000Z, when 'nightly' was due, has verified it\n",
  );
  await other('2026-11-24T03:00:00.000Z');
  expect(heard()).toHaveLength(2);
});

test('a runbook that was verified is not stale until two more dues have passed', async () => {
  await watch()('2026-11-18T12:00:00.000Z');
  // It ended on the 20th, just after three.
  await place.journal('shop-20261120t030000z-0a1b2c', aPassedDrill().events);
  await watch()('2026-11-22T02:59:00.000Z');
  expect(heard()).toEqual([]);
  await watch()('2026-11-23T03:00:00.000Z');
  expect(heard()).toMatchObject([{ occasion: 'stale' }]);
});

test('the drills are read once an hour at most', async () => {
  let reads = 0;
  reports = { ...reports, fetch: async () => Promise.resolve(void (reads += 1)) };
  const watching = watch();
  for (const at of ['12:00:00', '12:00:10', '12:59:59', '13:00:00']) await watching(`2026-11-20T${at}.000Z`);
  expect(reads).toBe(2);
});

const fire = { drill: 'nightly', due: '2026-11-20T03:00:00.000Z' };
const late = { kind: 'late', fire, plannedAt: '2026-11-20T03:10:00.000Z', lateBy: 720_000 } as const;

test('of a late fire it is told by how much it began late, or that it waits', async () => {
  await tellOfSchedule({ ...late, startedAt: '2026-11-20T03:22:00.000Z' }, drills, place.io);
  await tellOfSchedule(late, drills, place.io);
  const words = "late: 'nightly', due 2026-11-20T03:00:00.000Z: it was to begin at 2026-11-20T03:10:00.000Z and";
  expect(place.stderr()).toBe(`${words} began late by 12m\n${words} waits, late by 12m\n`);
  expect(heard()).toMatchObject([
    { occasion: 'late', drill: 'nightly', due: fire.due },
    { occasion: 'late', drill: 'nightly', due: fire.due },
  ]);
});

test('of missed fires it is told one by one, and what cannot be sent is said on stderr', async () => {
  const deaf = await startReceiver(statuses(404));
  const fires = ['18', '19'].map((day) => ({ due: `2026-11-${day}T03:00:00.000Z`, because: 'it was due again' }));
  await tellOfSchedule({ kind: 'missed', drill: 'nightly', fires }, drills, place.io);
  expect(heard().map(({ occasion }) => occasion)).toEqual(['missed', 'missed']);
  await tellOfSchedule(
    { kind: 'missed', drill: 'nightly', fires: fires.slice(1) },
    [aNightly([told(deaf.url)])],
    place.io,
  );
  await deaf.stop();
  expect(place.stderr()).toMatch(/^missed: 'nightly', due 2026-11-18T03:00:00\.000Z: it was due again\n[^]*404/);
});
