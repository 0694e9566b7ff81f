import type { Schedule } from '../../src/runbook/drill.ts';
import type { RunningFire, FireEnd, ScheduleOccasion } from '../../src/schedule/carry-fire.ts';
import type { Timetable } from '../../src/schedule/decide.ts';
import { type Fire, fireName, ledgerOn } from '../../src/schedule/ledger.ts';
import { duesBetween, nextFire } from '../../src/schedule/next-fire.ts';
import { type ScheduledDrill, type SchedulerPorts, openScheduler } from '../../src/schedule/scheduler.ts';
import { allowedFrom, begin } from '../../src/schedule/windows.ts';
import type { Liveness, Owner } from '../../src/store/lease.ts';
import type { Store } from '../../src/store/store.ts';
import type { Clock } from '../../src/support/clock.ts';
import { sha256Hex } from '../../src/support/sha256-hex.ts';
import { type Instant, instantOf } from '../../src/support/time.ts';

export const timetable: Timetable = {
  nextFire,
  duesBetween,
  allowedFrom,
  begin: (schedule, due, name) => begin(schedule, due, name, sha256Hex),
};

/** Numbers from 0, below 1, the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Lookout {
  readonly isOver: () => boolean;
  readonly isAtRest: () => boolean;
  readonly rest: () => Promise<void>;
}

/** A clock that goes to the next sleeper's moment once everybody awaits something. */
function fastClock(start: Instant, { isOver, isAtRest, rest }: Lookout) {
  let now = Date.parse(start);
  let nowInWords = start;
  const sleepers = new Set<{ at: number; wake: () => void }>();
  const clock: Clock = {
    now: () => nowInWords,
    monotonic: () => now,
    async sleep(millis, signal) {
      if (signal?.aborted) return;
      await new Promise<void>((resolve) => {
        const sleeper = {
          at: now + millis,
          wake: () => {
            sleepers.delete(sleeper);
            signal?.removeEventListener('abort', sleeper.wake);
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', sleeper.wake);
      });
    },
  };
  const runUntil = async (end: Instant) => {
    for (;;) {
      await new Promise(setImmediate);
      while (!isAtRest()) {
        await rest();
        await new Promise(setImmediate);
      }
      let at = Infinity;
      for (const sleeper of sleepers) at = Math.min(at, sleeper.at);
      if (at > Date.parse(end) || isOver()) return;
      now = Math.max(now, at);
      nowInWords = instantOf(now);
      // All of a moment at once, so that they meet at every step of theirs.
      for (const sleeper of sleepers) if (sleeper.at <= now) sleeper.wake();
    }
  };
  return { clock, runUntil };
}

/** One life of a scheduler, from a start to a kill. After it, none of its calls has an effect nor an answer. */
interface Life {
  readonly owner: Owner;
  readonly from: Instant;
  until?: Instant;
  /** It is killed at so many calls from now. */
  fuse?: { calls: number; readonly when: 'before' | 'after' };
}

export interface WorldFire {
  readonly fire: Fire;
  readonly runbooks: readonly string[];
  starts: number;
  startedAt: Instant;
  completions: number;
  completedAt?: Instant;
  /** Who was told that it is finished. */
  finishedFor?: Life;
  leftToDo: number;
  by?: Life;
}

export interface SimulationOptions {
  readonly seed: number;
  readonly store: (clock: Clock) => Store;
  readonly drills: readonly ScheduledDrill[];
  readonly from: Instant;
  readonly until: Instant;
  readonly kills: number;
  /** Kills come up to then; behind it both schedulers live. */
  readonly killsUntil: Instant;
}

/** What was seen from outside, by which the schedulers are judged. */
export interface Simulated {
  readonly fires: ReadonlyMap<string, WorldFire>;
  readonly lives: readonly Life[];
  readonly wrongs: readonly string[];
  readonly told: readonly ScheduleOccasion[];
  readonly kills: number;
  readonly resumed: number;
  readonly store: Store;
}

const MINUTE = 60_000;
const DAY = 86_400_000;

/** Two schedulers on one ledger, killed and started again at random, and the drills that they run. */
export async function simulate(options: SimulationOptions): Promise<Simulated> {
  const random = seeded(options.seed);
  let inFlight = 0;
  let rested = () => {};
  const { clock, runUntil } = fastClock(options.from, {
    // What has gone wrong so often would go on for ever.
    isOver: () => wrongs.length > 20,
    isAtRest: () => inFlight === 0,
    rest: async () => new Promise((resolve) => (rested = resolve)),
  });
  const store = options.store(clock);
  const ledger = ledgerOn(store, sha256Hex);
  const fires = new Map<string, WorldFire>();
  const occupied = new Map<string, string>();
  const lives: Life[] = [];
  const wrongs: string[] = [];
  const told: ScheduleOccasion[] = [];
  const current: (Life | undefined)[] = [undefined, undefined];
  const owed = [0, 0];
  let kills = 0;
  let resumed = 0;
  let downFor = (): number => 5_000 * Math.exp(random() * Math.log((20 * DAY) / 5_000));

  const wrong = (what: string) => wrongs.push(`${clock.now()}: ${what}`);
  const never = async () => new Promise<never>(() => {});
  const die = (life: Life, slot: number) => {
    life.until = clock.now();
    current[slot] = undefined;
    kills += 1;
    const down = downFor();
    void clock.sleep(down).then(() => startLife(slot));
  };
  const arm = (life: Life, slot: number) => {
    if (life.fuse !== undefined || owed[slot] === 0) return;
    owed[slot]! -= 1;
    life.fuse = { calls: Math.floor(random() ** 2 * 60), when: random() < 0.5 ? 'before' : 'after' };
  };
  /** A call of a port: what may be cut off before and after its effect. */
  const call = async <T>(life: Life, slot: number, effect: () => Promise<T>): Promise<T> => {
    if (life.until !== undefined) return never();
    const isLast = life.fuse !== undefined && life.fuse.calls-- <= 0;
    if (isLast && life.fuse?.when === 'before') {
      die(life, slot);
      return never();
    }
    const result = await effect();
    if (life.until !== undefined) return never();
    if (isLast) {
      die(life, slot);
      return never();
    }
    return result;
  };
  const counted = async <T>(effect: () => Promise<T>): Promise<T> => {
    inFlight += 1;
    try {
      for (let turns = Math.floor(random() * 4); turns > 0; turns -= 1) await Promise.resolve();
      return await effect();
    } finally {
      inFlight -= 1;
      if (inFlight === 0) rested();
    }
  };

  /** The drills of a fire, which go on where they were cut off. */
  const runFire = async (life: Life, nap: Clock['sleep'], fire: RunningFire, signal: AbortSignal): Promise<FireEnd> => {
    const name = fireName(fire);
    const { runbooks } = options.drills.find(({ drill }) => drill.name === fire.drill)!;
    const known = fires.get(name);
    const one: WorldFire = known ?? { fire, runbooks, starts: 0, startedAt: clock.now(), completions: 0, leftToDo: 0 };
    if (one.by !== undefined && one.by.until === undefined) wrong(`'${name}' is run twice`);
    if (one.finishedFor === life) wrong(`'${name}' is run again by one that knows that it is finished`);
    const isDone = one.completedAt !== undefined;
    if (known === undefined) {
      one.starts += 1;
      one.leftToDo = random() < 0.002 ? random() * 6 * 60 * MINUTE : (0.5 + random() * 3) * MINUTE;
      fires.set(name, one);
    } else resumed += 1;
    if (!isDone) {
      for (const runbook of runbooks) {
        const by = occupied.get(runbook);
        if (by !== undefined && by !== name) wrong(`'${name}' begins a drill of '${runbook}' while '${by}' has one`);
        occupied.set(runbook, name);
      }
    }
    one.by = life;
    while (one.leftToDo > 0 && !signal.aborted) {
      const nextNap = Math.min(one.leftToDo, 30 * MINUTE);
      await nap(nextNap, signal);
      one.leftToDo -= nextNap;
    }
    delete one.by;
    if (signal.aborted) {
      wrong(`'${name}' was lost by one who lives`);
      return { kind: 'unfinished', because: 'lost' };
    }
    if (!isDone) {
      one.completions += 1;
      one.completedAt = clock.now();
      for (const runbook of runbooks) occupied.delete(runbook);
    }
    one.finishedFor = life;
    return { kind: 'finished', drillIds: runbooks.map((runbook) => `${runbook}-${fire.due}`) };
  };

  const startLife = (slot: number) => {
    const instance = `life-${lives.length}`;
    const host = random() < 0.5 ? 'shared-host' : `host-${slot}`;
    const owner: Owner = { host, bootId: host, pidNamespace: '', pid: lives.length, startTime: '1', instance };
    const life: Life = { owner, from: clock.now() };
    lives.push(life);
    current[slot] = life;
    arm(life, slot);
    const ports = portsOf(life, slot);
    void (async () => {
      const scheduler = openScheduler(ports);
      const signal = new AbortController().signal;
      for (;;) {
        const next = await scheduler.tick(signal);
        const wait = Date.parse(next ?? options.until) - Date.parse(clock.now());
        // Looks at whole minutes, as a cron does, and so often both at once.
        const then = Date.parse(clock.now()) + Math.max(wait, 1_000);
        await ports.clock.sleep(Math.ceil(then / MINUTE) * MINUTE - Date.parse(clock.now()));
      }
    })();
  };
  const portsOf = (life: Life, slot: number): SchedulerPorts => {
    const guarded = async <T>(effect: () => Promise<T>) => call(life, slot, effect);
    const own: Store = {
      create: async (key, text) => guarded(async () => counted(async () => store.create(key, text))),
      write: async (key, text) => guarded(async () => counted(async () => store.write(key, text))),
      read: async (key) => guarded(async () => counted(async () => store.read(key))),
      list: async (prefix) => guarded(async () => counted(async () => store.list(prefix))),
      remove: async (key) => guarded(async () => counted(async () => store.remove(key))),
    };
    const sleep: Clock['sleep'] = async (millis, signal) => guarded(async () => clock.sleep(millis, signal));
    return {
      store: own,
      clock: { ...clock, sleep },
      owner: life.owner,
      ledger: ledgerOn(own, sha256Hex),
      timetable,
      drills: options.drills,
      isAlive: async (holder) =>
        guarded(async (): Promise<Liveness> => {
          if (holder.host !== life.owner.host) return Promise.resolve('unknown');
          const isDead = lives.find(({ owner }) => owner.instance === holder.instance)?.until !== undefined;
          return Promise.resolve(isDead ? 'dead' : 'alive');
        }),
      runFire: async (fire, signal) =>
        guarded(async () => {
          if ((await counted(async () => ledger.ended(fire))) !== undefined) wrong(`'${fireName(fire)}' is run again`);
          return runFire(life, sleep, fire, signal);
        }),
      told: async (occasion) =>
        guarded(async () => {
          told.push(occasion);
          return Promise.resolve();
        }),
      trouble: (error) => wrong(`trouble: ${String(error)}`),
    };
  };

  const span = Date.parse(options.killsUntil) - Date.parse(options.from);
  let isBoth = false;
  for (let n = 0; n < options.kills; n += 1) {
    const at = random() * span;
    const slots = n % 8 === 0 && n + 1 < options.kills ? [0, 1] : [n % 2];
    if (isBoth) isBoth = false;
    else {
      isBoth = slots.length === 2;
      void clock.sleep(at).then(() => {
        for (const slot of slots) {
          owed[slot]! += 1;
          const life = current[slot];
          if (life !== undefined) arm(life, slot);
        }
      });
    }
  }
  void clock.sleep(span).then(() => (downFor = () => MINUTE));
  startLife(0);
  startLife(1);
  await runUntil(options.until);
  return { fires, lives, wrongs, told, kills, resumed, store };
}

/** Every moment from a day on that a wall shows at a time of days that are meant, found without the code under test. */
export function walkedDues(
  { timezone }: Schedule,
  { means, at }: { means: (day: Date) => boolean; at: number },
  { from, until }: { from: Instant; until: Instant },
): Instant[] {
  const dues: Instant[] = [];
  for (let day = Math.floor(Date.parse(from) / DAY) * DAY - DAY; day < Date.parse(until) + DAY; day += DAY) {
    if (!means(new Date(day))) continue;
    const wall = day + at * MINUTE;
    const [before, after] = [offsetAt(timezone, wall - DAY), offsetAt(timezone, wall + DAY)];
    let moment = wall - Math.max(before, after);
    // Half hour by half hour: what the clock jumps over is due when it jumps.
    while (moment + offsetAt(timezone, moment) < wall) moment = Math.floor(moment / (MINUTE * 30) + 1) * MINUTE * 30;
    const due = instantOf(moment);
    if (due > from && due <= until) dues.push(due);
  }
  return dues;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function offsetAt(timeZone: string, moment: number): number {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
    formats.set(timeZone, format);
  }
  const [day, month, year, hour, minute] = format.format(moment).match(/\d+/g)!.map(Number);
  return Date.UTC(year!, month! - 1, day, hour, minute) - Math.floor(moment / MINUTE) * MINUTE;
}
