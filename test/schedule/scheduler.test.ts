import { expect, test } from 'vitest';
import type { Schedule } from '../../src/runbook/drill.ts';
import type { FireEnd, RunningFire, ScheduleOccasion } from '../../src/schedule/carry-fire.ts';
import { type Fire, ledgerOn } from '../../src/schedule/ledger.ts';
import { type ScheduledDrill, type SchedulerPorts, openScheduler } from '../../src/schedule/scheduler.ts';
import type { Liveness } from '../../src/store/lease.ts';
import { type StoreCall, memoryStore } from '../../src/store/memory-store.ts';
import { sha256Hex } from '../../src/support/sha256-hex.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { leasePorts } from '../store/lease-ports.ts';
import { scheduleOf } from './schedules.ts';
import { timetable } from './simulated-years.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const never = new AbortController().signal;

function drill(
  name: string,
  runbooks = [name],
  schedule: Schedule = scheduleOf({ kind: 'day', at: 180 }),
): ScheduledDrill {
  return { drill: { name, schedule }, runbooks };
}

/** At two in the night, an hour before what is daily is due. */
function world(hook: (call: StoreCall) => Promise<void> = async () => Promise.resolve()) {
  const clock = fakeClock(Date.parse('2026-11-20T02:00:00.000Z'));
  const store = memoryStore({ clock, hook });
  const ledger = ledgerOn(store, sha256Hex);
  const ran: (RunningFire & { readonly by: string; readonly at: string })[] = [];
  const told: ScheduleOccasion[] = [];
  const troubles: string[] = [];
  const alive: Record<string, Liveness> = {};
  const scheduler = (by: string, drills: readonly ScheduledDrill[], more: Partial<SchedulerPorts> = {}) => {
    const runFire = more.runFire ?? finished;
    return openScheduler({
      ...leasePorts(by, { store, clock, alive }),
      ledger,
      timetable,
      drills,
      told: async (occasion) => void (await Promise.resolve(told.push(occasion))),
      trouble: (error) => void troubles.push(String(error)),
      ...more,
      runFire: async (fire, signal) => {
        ran.push({ ...fire, by, at: clock.now() });
        return runFire(fire, signal);
      },
    });
  };
  return { clock, store, ledger, ran, told, troubles, alive, scheduler };
}

async function finished({ drill }: Fire): Promise<FireEnd> {
  return Promise.resolve({ kind: 'finished', drillIds: [drill] });
}

/** Ends when it is told to, as a drill does that tears down first. */
async function untilTold(_fire: Fire, signal: AbortSignal): Promise<FireEnd> {
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
  return { kind: 'unfinished', because: 'it was told to end' };
}

async function died(): Promise<never> {
  return new Promise<never>(() => {});
}

test('a fire is run at its moment, once, and has its end in the ledger', async () => {
  const { clock, scheduler, ran, ledger } = world();
  const one = scheduler('a', [drill('shop')]);
  expect(await one.tick(never)).toBe('2026-11-20T03:00:00.000Z');
  clock.advance(HOUR);
  for (let looks = 0; looks < 3; looks += 1) {
    await one.tick(never);
    await one.idle();
    clock.advance(MINUTE);
  }
  expect(ran).toMatchObject([
    { drill: 'shop', due: '2026-11-20T03:00:00.000Z', startedAt: '2026-11-20T03:00:00.000Z' },
  ]);
  expect(await ledger.ended({ drill: 'shop', due: '2026-11-20T03:00:00.000Z' })).toMatchObject({
    how: 'ran',
    drillIds: ['shop'],
  });
});

test('of two schedulers that look at the same moments one begins, each time', async () => {
  const { clock, scheduler, ran, troubles } = world();
  const both = ['a', 'b'].map((by) => scheduler(by, [drill('shop'), drill('books')]));
  for (let day = 0; day < 20; day += 1) {
    await Promise.all(both.map(async (one) => one.tick(never)));
    clock.advance(DAY);
    await Promise.all(both.map(async (one) => one.tick(never)));
    await Promise.all(both.map(async (one) => one.idle()));
  }
  expect(ran.map(({ drill, due }) => `${drill} ${due}`).toSorted()).toEqual(
    [...new Set(ran.map(({ drill, due }) => `${drill} ${due}`))].toSorted(),
  );
  expect([ran.length, troubles]).toEqual([40, []]);
});

test('two drills of one runbook run one after the other, also when two schedulers begin them', async () => {
  const { clock, scheduler, ran } = world();
  let atOnce = 0;
  let most = 0;
  const runFire = async (fire: Fire): Promise<FireEnd> => {
    most = Math.max(most, (atOnce += 1));
    await clock.sleep(10 * MINUTE);
    atOnce -= 1;
    return finished(fire);
  };
  const names = ['x', 'y', 'z'];
  const both = ['a', 'b'].map((by) =>
    scheduler(
      by,
      names.map((name) => drill(name, ['orders', name])),
      { runFire },
    ),
  );
  for (const one of both) await one.tick(never);
  clock.advance(HOUR);
  for (let minute = 0; minute < 40; minute += 1) {
    await Promise.all(both.map(async (one) => one.tick(never)));
    await clock.sleep(MINUTE);
  }
  expect([most, ran.map(({ drill }) => drill)]).toEqual([1, names]);
});

test('nothing begins after the signal has aborted, also when it does while somebody looks', async () => {
  const stop = new AbortController();
  let isStopping = false;
  const { clock, scheduler, ran } = world(async () => {
    if (isStopping) stop.abort();
    return Promise.resolve();
  });
  const one = scheduler('a', [drill('shop')]);
  await one.tick(stop.signal);
  clock.advance(HOUR);
  isStopping = true;
  await one.tick(stop.signal);
  await one.tick(stop.signal);
  expect([stop.signal.aborted, one.underWay(), ran]).toEqual([true, [], []]);
});

test('what is under way is told to end, without a complaint, and another scheduler goes on with it at once', async () => {
  const stop = new AbortController();
  const { clock, scheduler, ran, troubles } = world();
  const one = scheduler('a', [drill('shop')], { runFire: untilTold });
  await one.tick(stop.signal);
  clock.advance(HOUR);
  await one.tick(stop.signal);
  expect(one.underWay()).toEqual([{ drill: 'shop', due: '2026-11-20T03:00:00.000Z' }]);
  await settled();
  stop.abort();
  await one.idle();
  const two = scheduler('b', [drill('shop')]);
  await two.tick(never);
  await two.idle();
  expect(ran.map(({ by, startedAt }) => [by, startedAt])).toEqual([
    ['a', ran[0]?.startedAt],
    ['b', ran[0]?.startedAt],
  ]);
  expect(troubles).toEqual([]);
});

/** Until all that awaits a store has gone on; minutes may pass meanwhile. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < 3; turns += 1) await new Promise(setImmediate);
}

test('the fire of a scheduler that died is resumed by another one, as of when it was begun', async () => {
  const { clock, scheduler, ran, alive, ledger } = world();
  const one = scheduler('a', [drill('shop')], { runFire: died });
  await one.tick(never);
  clock.advance(HOUR);
  await one.tick(never);
  await settled();
  const two = scheduler('b', [drill('shop')]);
  await two.tick(never);
  expect(ran).toHaveLength(1);
  alive['a'] = 'dead';
  clock.advance(5 * MINUTE);
  await two.tick(never);
  await two.idle();
  expect(ran).toMatchObject([{ by: 'a' }, { by: 'b', startedAt: ran[0]?.startedAt }]);
  expect(await ledger.ended(ran[0]!)).toMatchObject({ how: 'ran', startedAt: ran[0]?.startedAt });
});

test.each<[string, () => Promise<FireEnd>]>([
  ['could not be finished', async () => Promise.resolve({ kind: 'unfinished', because: 'no space' })],
  ['threw', async () => Promise.reject(new Error('no space'))],
])(
  'a fire that %s is tried after a rest that doubles up to an hour, and each time it is heard of',
  async (_, runFire) => {
    const { clock, scheduler, ran, troubles } = world();
    const one = scheduler('a', [drill('shop')], { runFire });
    await one.tick(never);
    clock.advance(HOUR);
    for (let minute = 0; minute < 6 * 60; minute += 1) {
      await one.tick(never);
      await one.idle();
      clock.advance(MINUTE);
    }
    const tries = ran.map(({ at }) => Date.parse(at) / MINUTE);
    const rests = tries.slice(1).map((at, index) => at - tries[index]!);
    expect(rests).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
    expect(troubles).toEqual(ran.map(() => 'Error: no space'));
  },
);

test('a store that fails for one drill leaves the others going, and that one begins when it is well again', async () => {
  let isBroken = true;
  const { clock, scheduler, ran, troubles } = world(async ({ key }) => {
    if (isBroken && key.startsWith('ledger/broken/')) throw new Error('access denied');
    return Promise.resolve();
  });
  const known = scheduler('a', [drill('broken'), drill('sound')]);
  isBroken = false;
  await known.tick(never);
  isBroken = true;
  clock.advance(HOUR);
  const next = await known.tick(never);
  await known.idle();
  expect([ran.map(({ drill }) => drill), troubles, next]).toEqual([
    ['sound'],
    ['Error: access denied'],
    '2026-11-20T03:01:00.000Z',
  ]);
  isBroken = false;
  clock.advance(MINUTE);
  await known.tick(never);
  await known.idle();
  expect(ran.map(({ drill }) => drill)).toEqual(['sound', 'broken']);
});

test('what was due while nobody was there is missed, told together and once, but for the newest, which is late', async () => {
  const { clock, scheduler, ran, told, ledger } = world();
  await scheduler('a', [drill('shop')]).tick(never);
  clock.advance(3 * DAY + 2 * HOUR);
  for (const by of ['b', 'c']) {
    const one = scheduler(by, [drill('shop')]);
    await one.tick(never);
    await one.idle();
  }
  expect(ran).toMatchObject([{ due: '2026-11-23T03:00:00.000Z', lateBy: HOUR }]);
  expect(told.filter(({ kind }) => kind === 'late')).toMatchObject([{ fire: { due: '2026-11-23T03:00:00.000Z' } }]);
  const missed = told.flatMap((one) => (one.kind === 'missed' ? [one.fires.map(({ due }) => due)] : []));
  expect(missed).toEqual([['2026-11-20T03:00:00.000Z', '2026-11-21T03:00:00.000Z', '2026-11-22T03:00:00.000Z']]);
  expect(await ledger.ended({ drill: 'shop', due: '2026-11-21T03:00:00.000Z' })).toMatchObject({
    how: 'missed',
    because: 'it was due again at 2026-11-23T03:00:00.000Z before it had begun',
  });
});

test.each<[string, Schedule, number]>([
  [
    'a schedule that was edited while nobody was there owes nothing for that time',
    scheduleOf({ kind: 'cron', expression: '0 * * * *' }),
    0,
  ],
  [
    'a schedule that only has a new blackout owes what it owed',
    scheduleOf({ kind: 'day', at: 180 }, 'UTC', {
      blackouts: [{ from: '2027-01-01T00:00:00.000Z', until: '2027-01-02T00:00:00.000Z' }],
    }),
    2,
  ],
])('%s', async (_title, edited, missed) => {
  const { clock, scheduler, ran, told } = world();
  await scheduler('a', [drill('shop')]).tick(never);
  clock.advance(2 * DAY + 90 * MINUTE);
  const one = scheduler('b', [drill('shop', ['shop'], edited)]);
  await one.tick(never);
  await one.idle();
  expect(told.flatMap((one) => (one.kind === 'missed' ? one.fires : []))).toHaveLength(missed);
  expect(ran).toHaveLength(missed === 0 ? 0 : 1);
  clock.advance(30 * MINUTE);
  await one.tick(never);
  await one.idle();
  expect(ran.map(({ due }) => due)).toEqual([missed === 0 ? '2026-11-22T04:00:00.000Z' : '2026-11-22T03:00:00.000Z']);
});

test('a runbook whose fire nobody will ever end is free again, and not before its scheduler is dead', async () => {
  const { clock, scheduler, ran, alive } = world();
  const gone = scheduler('a', [drill('gone', ['orders'])], { runFire: died });
  await gone.tick(never);
  clock.advance(HOUR);
  await gone.tick(never);
  await settled();
  alive['a'] = 'alive';
  const stays = drill('stays', ['orders'], scheduleOf({ kind: 'cron', expression: '30 * * * *' }));
  const two = scheduler('b', [stays]);
  await two.tick(never);
  clock.advance(HOUR);
  await two.tick(never);
  await two.idle();
  expect(ran.map(({ drill }) => drill)).toEqual(['gone']);
  alive['a'] = 'dead';
  clock.advance(MINUTE);
  await two.tick(never);
  await two.idle();
  expect(ran.map(({ drill }) => drill)).toEqual(['gone', 'stays']);
});

test('who is told and never answers keeps nobody from what is due', async () => {
  const { clock, scheduler, ledger, troubles } = world();
  await scheduler('a', [drill('shop')]).tick(never);
  clock.advance(2 * DAY + 2 * HOUR);
  const one = scheduler('b', [drill('shop')], { told: died });
  await one.tick(never);
  await one.idle();
  const ends = ['2026-11-21T03:00:00.000Z', '2026-11-22T03:00:00.000Z'].map(async (due) =>
    ledger.ended({ drill: 'shop', due }),
  );
  expect(await Promise.all(ends)).toMatchObject([{ how: 'missed' }, { how: 'ran' }]);
  expect(troubles).toEqual([]);
});
