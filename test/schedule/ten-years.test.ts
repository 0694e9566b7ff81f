import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Recurrence, Schedule } from '../../src/runbook/drill.ts';
import { TOLERATED_MS } from '../../src/schedule/decide.ts';
import { type FireEnded, fireName, ledgerOn } from '../../src/schedule/ledger.ts';
import type { ScheduledDrill } from '../../src/schedule/scheduler.ts';
import { folderStore } from '../../src/store/folder-store.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import type { Clock } from '../../src/support/clock.ts';
import { sha256Hex } from '../../src/support/sha256-hex.ts';
import { type Instant, instantOf } from '../../src/support/time.ts';
import { type Simulated, type WorldFire, simulate, timetable, walkedDues } from './simulated-years.ts';
import { isWhole } from '../support/whole.ts';

const MINUTE = 60_000;
/** A dead scheduler on another host is known to be dead after ten minutes; it may have been killed again and again. */
const NOT_BEGUN_MS = 14 * MINUTE;

interface TestDrill extends ScheduledDrill {
  readonly drill: { readonly name: string; readonly schedule: Schedule };
  /** When it is due, said once more for who finds that out by walking through the days. */
  readonly means: (day: Date) => boolean;
  readonly at: number;
}

function drill(
  name: string,
  [recurrence, timezone, more]: [Recurrence, string, Partial<Schedule>?],
  [means, at]: [(day: Date) => boolean, number],
  runbooks: readonly string[],
): TestDrill {
  const schedule: Schedule = { recurrence, timezone, jitter: 0, windows: [], blackouts: [], ...more };
  return { drill: { name, schedule }, means, at, runbooks };
}

const nights = [{ days: ['monday', 'tuesday', 'wednesday', 'thursday', 'friday'] as const, from: 1200, until: 360 }];
/** Every year, when nobody is there. */
const holidays = Array.from({ length: 12 }, (_, n) => ({
  from: `${2026 + n}-12-20T00:00:00.000Z`,
  until: `${2027 + n}-01-03T00:00:00.000Z`,
}));

const DRILLS: readonly TestDrill[] = [
  drill(
    'quarterly',
    [{ kind: 'quarter', month: 1, day: 'last', at: 150 }, 'Europe/Vienna', { jitter: 7_200_000, windows: nights }],
    [(day) => day.getUTCMonth() % 3 === 0 && isLastOfMonth(day), 150],
    ['books', 'orders', 'mails'],
  ),
  drill(
    'monthly',
    [{ kind: 'month', day: 1, at: 120 }, 'America/New_York', { windows: nights, blackouts: holidays }],
    [(day) => day.getUTCDate() === 1, 120],
    ['mails', 'books'],
  ),
  drill(
    'weekly',
    [{ kind: 'week', weekday: 'sunday', at: 150 }, 'Europe/Vienna', { jitter: 3_600_000, blackouts: holidays }],
    [(day) => day.getUTCDay() === 0, 150],
    ['orders'],
  ),
  drill(
    'daily',
    [{ kind: 'day', at: 150 }, 'America/New_York', { jitter: 1_800_000, blackouts: holidays }],
    [() => true, 150],
    ['clicks'],
  ),
  drill(
    'by-cron',
    [{ kind: 'cron', expression: '45 2 * * 0,3' }, 'Europe/Vienna'],
    [(day) => [0, 3].includes(day.getUTCDay()), 165],
    ['clicks', 'orders'],
  ),
];

function isLastOfMonth(day: Date): boolean {
  return new Date(day.getTime() + 86_400_000).getUTCDate() === 1;
}

/** Given, so that it is the same each time; another one is another ten years. */
const SEED = Number(process.env['DRILLBOOK_SEED'] ?? 20_261_121);

/** With `npm run test:whole` ten. */
const YEARS = isWhole ? 10 : 1;

test(`two schedulers killed ${YEARS * 20} times in ${YEARS} years begin and end every fire once (seed ${SEED})`, async () => {
  const span = { from: '2026-11-20T12:00:00.000Z', until: `${2026 + YEARS}-11-20T12:00:00.000Z` };
  const seen = await simulate({
    ...span,
    seed: SEED,
    store: (clock) => memoryStore({ clock }),
    drills: DRILLS,
    kills: YEARS * 20,
    killsUntil: `${2026 + YEARS}-06-01T00:00:00.000Z`,
  });
  const ends = await judge(seen, span);
  expect(seen.kills).toBe(YEARS * 20);
  expect(ends.filter(({ how }) => how === 'ran').length).toBeGreaterThan(YEARS * 400);
  expect(ends.filter(({ how }) => how === 'missed').length).toBeGreaterThan(YEARS * 10);
  expect(ends.filter((end) => end.how === 'ran' && end.lateBy !== undefined).length).toBeGreaterThan(YEARS);
  expect(seen.resumed).toBeGreaterThan(isWhole ? 5 : 0);
  // Some ten seconds of work, which a machine that does much else may not get in a minute.
}, 180_000);

test('two schedulers killed 8 times in five weeks keep to a ledger in a folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'drillbook-ledger-'));
  try {
    const span = { from: '2027-02-20T12:00:00.000Z', until: '2027-03-30T12:00:00.000Z' };
    const seen = await simulate({
      ...span,
      seed: 7,
      store: (clock) => datedBy(clock, folderStore(folder)),
      drills: DRILLS,
      kills: 8,
      killsUntil: '2027-03-20T00:00:00.000Z',
    });
    await judge(seen, span);
    expect(seen.kills).toBe(8);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

/** A file system's clock is the machine's; this one's is that of the simulation, or nobody would seem dead to anybody. */
function datedBy(clock: Clock, store: Store): Store {
  const writtenAt = new Map<string, Instant>();
  return {
    ...store,
    async create(key, text) {
      if (!writtenAt.has(key)) writtenAt.set(key, clock.now());
      return store.create(key, text);
    },
    async write(key, text) {
      writtenAt.set(key, clock.now());
      await store.write(key, text);
    },
    async list(prefix) {
      const entries = await store.list(prefix);
      return entries.map((entry) => ({ ...entry, modifiedAt: writtenAt.get(entry.key)! }));
    },
    async remove(key) {
      await store.remove(key);
      writtenAt.delete(key);
    },
  };
}

/** Asserts of every due what is promised, by what the world saw. */
async function judge(seen: Simulated, span: { from: Instant; until: Instant }): Promise<FireEnded[]> {
  expect(seen.wrongs).toEqual([]);
  const ledger = ledgerOn(seen.store, sha256Hex);
  const ends: FireEnded[] = [];
  const wrongs: string[] = [];
  const names = new Set<string>();
  const busy = occupations(seen.fires);
  for (const one of DRILLS) {
    const { name, schedule } = one.drill;
    const dues = walkedDues(schedule, one, span);
    // What is due at the very end may wait yet.
    for (const [at, due] of dues.slice(0, -2).entries()) {
      const fire = { drill: name, due };
      const end = await ledger.ended(fire);
      const ran = seen.fires.get(fireName(fire));
      names.add(fireName(fire));
      if (end === undefined) wrongs.push(`'${fireName(fire)}' has no end`);
      else {
        ends.push(end);
        const plan = timetable.begin(schedule, due, name);
        const until = end.how === 'ran' ? end.startedAt : dues[at + 1]!;
        const idle = plan.kind === 'at' ? longestIdle(one, { from: plan.at, until }, { seen, busy, self: ran }) : 0;
        const newer = dues.slice(at + 1).find((other) => timetable.begin(schedule, other, name).kind === 'at');
        if (end.how === 'ran' && newer !== undefined && Date.parse(end.startedAt) > Date.parse(newer) + MINUTE) {
          wrongs.push(`'${fireName(fire)}' was begun though its drill was due again`);
        }
        wrongs.push(...complaints(end, ran, idle, plan).map((what) => `'${fireName(fire)}' ${what}`));
      }
    }
    for (const due of dues.slice(-2)) names.add(fireName({ drill: name, due }));
    for (const missed of missedOf(seen, name))
      if (!dues.includes(missed)) wrongs.push(`'${missed}' was told, never due`);
  }
  for (const name of seen.fires.keys()) if (!names.has(name)) wrongs.push(`'${name}' was never due`);
  expect(wrongs).toEqual([]);
  return ends;
}

function complaints(
  end: FireEnded,
  ran: WorldFire | undefined,
  idle: number,
  plan: ReturnType<typeof timetable.begin>,
): string[] {
  const wrongs: string[] = [];
  if (idle > NOT_BEGUN_MS) wrongs.push(`was not begun for ${idle / MINUTE} minutes in which it could have been`);
  if (end.how === 'missed') {
    if (ran !== undefined) wrongs.push('is said to be missed and was begun');
    return wrongs;
  }
  if (plan.kind === 'never') return [...wrongs, 'had no moment to begin at and was begun'];
  if (ran === undefined) return [...wrongs, 'is said to have run and was never begun'];
  if (ran.starts !== 1 || ran.completions !== 1) wrongs.push(`was begun ${ran.starts}, ended ${ran.completions} times`);
  const late = Date.parse(end.startedAt) - Date.parse(plan.at);
  if (late < 0) wrongs.push('was begun too early');
  if (end.lateBy !== (late > TOLERATED_MS ? late : undefined)) wrongs.push(`was late by ${late}, said ${end.lateBy}`);
  return wrongs;
}

function missedOf(seen: Simulated, drill: string): Instant[] {
  return seen.told.flatMap((one) =>
    one.kind === 'missed' && one.drill === drill ? one.fires.map(({ due }) => due) : [],
  );
}

type Occupation = { readonly from: Instant; readonly until: Instant; readonly by: WorldFire };

function occupations(fires: ReadonlyMap<string, WorldFire>): Map<string, Occupation[]> {
  const busy = new Map<string, Occupation[]>();
  for (const by of fires.values()) {
    for (const runbook of by.runbooks) {
      const all = busy.get(runbook) ?? [];
      all.push({ from: by.startedAt, until: by.completedAt ?? '9999', by });
      busy.set(runbook, all);
    }
  }
  return busy;
}

/** The longest time in a row in which a scheduler was up, its runbooks were free and a drill was allowed to begin. */
function longestIdle(
  { drill, runbooks }: TestDrill,
  { from, until }: { from: Instant; until: Instant },
  { seen, busy, self }: { seen: Simulated; busy: Map<string, Occupation[]>; self: WorldFire | undefined },
): number {
  // Of most there is nothing to find out.
  if (Date.parse(until) - Date.parse(from) <= NOT_BEGUN_MS) return 0;
  const during = <T extends { from: Instant; until?: Instant }>(one: T) =>
    one.from < until && (one.until ?? '9') > from;
  const lives = seen.lives.filter(during);
  const others = runbooks.flatMap((runbook) => busy.get(runbook) ?? []).filter((one) => one.by !== self && during(one));
  const changes = [from, ...[...lives, ...others].flatMap((one) => [one.from, one.until ?? until])];
  let longest = 0;
  let since: number | undefined;
  const end = Date.parse(until);
  const steps = new Set(changes.map((one) => Date.parse(one)).filter((one) => one >= Date.parse(from) && one < end));
  for (let at = Date.parse(from); at < end; at += 5 * MINUTE) steps.add(at);
  const inOrder = [...steps].sort((a, b) => a - b);
  for (const [index, at] of inOrder.entries()) {
    const now = instantOf(at);
    const holds = (one: { from: Instant; until?: Instant }) => one.from <= now && now < (one.until ?? '9');
    const isUp = lives.some(holds) && !others.some(holds) && timetable.allowedFrom(drill.schedule, now) === now;
    if (!isUp) since = undefined;
    else {
      since ??= at;
      longest = Math.max(longest, (inOrder[index + 1] ?? end) - since);
    }
  }
  return longest;
}
