import type { Drill } from '../runbook/drill.ts';
import { lookAtLease } from '../store/lease.ts';
import { type Instant, addMillis, millisBetween } from '../support/time.ts';
import { type Carried, type FirePorts, carryFire, missFires, restAfter, tellLate } from './carry-fire.ts';
import {
  type Decision,
  type DrillFacts,
  type OpenFire,
  type Timetable,
  type Turn,
  decide,
  quietUntil,
} from './decide.ts';
import { type Fire, fireName } from './ledger.ts';

export interface ScheduledDrill {
  readonly drill: Pick<Drill, 'name' | 'schedule'>;
  /** Names of its runbooks, of which each is drilled once at a time, whoever's drill it is. */
  readonly runbooks: readonly string[];
}

export interface SchedulerPorts extends FirePorts {
  readonly timetable: Timetable;
  readonly drills: readonly ScheduledDrill[];
}

/** One of any number that share a ledger. */
export interface Scheduler {
  /**
   * Looks what is due and sets it going; resolves when it has been set going, not when it has ended. Asked again while it
   * looks, it looks once. Nothing begins when the signal has aborted, and what was set going with it ends.
   *
   * @returns the moment before which there is nothing new to see; `undefined` where nothing will ever be due
   */
  tick(signal: AbortSignal): Promise<Instant | undefined>;
  /** Resolves when nothing that it has set going is under way. */
  idle(): Promise<void>;
  /** The fires that it carries. */
  underWay(): readonly Fire[];
}

/** How often all that is known of a drill is listed, to find what another scheduler knew by another schedule and left. */
const LISTED_EVERY_MS = 7 * 86_400_000;
/** How often there is something new to see while something is open. */
const LOOKED_EVERY_MS = 60_000;
/** After as many dues it is noted that all before have ended, so that none is asked about when a scheduler starts. */
const SETTLED_AFTER = 20;
/** So many are said to be missed at once, and the rest at the next look: their leases must not grow old meanwhile. */
const MISSED_AT_ONCE = 300;

/** What a scheduler keeps in mind of one drill; all of it can be had anew from the ledger. */
interface Memory {
  readonly open: Set<Instant>;
  /** Those up to `until`, in order, as far back as the first open one. */
  dues: readonly Instant[];
  until: Instant;
  nextDue: Instant | undefined;
  listedAt: Instant;
  unsettled: number;
}

interface Mind {
  readonly memories: Map<string, Memory>;
  readonly carried: Map<string, { readonly fire: Fire; readonly task: Promise<void> }>;
  readonly resting: Map<string, { readonly until: Instant; readonly tries: number }>;
  /** There is nothing new to see before; `undefined`: who knows. */
  quietUntil: Instant | undefined;
  lookedAt: Instant;
}

export function openScheduler(ports: SchedulerPorts): Scheduler {
  const mind: Mind = {
    memories: new Map(),
    carried: new Map(),
    resting: new Map(),
    quietUntil: undefined,
    lookedAt: '',
  };
  let looking: Promise<Instant | undefined> | undefined;
  return {
    async tick(signal) {
      looking ??= look(ports, mind, signal).finally(() => {
        looking = undefined;
      });
      return looking;
    },
    async idle() {
      while (mind.carried.size > 0) await Promise.all([...mind.carried.values()].map(async ({ task }) => task));
    },
    underWay: () => [...mind.carried.values()].map(({ fire }) => fire),
  };
}

async function look(ports: SchedulerPorts, mind: Mind, signal: AbortSignal): Promise<Instant | undefined> {
  if (signal.aborted) return undefined;
  const now = ports.clock.now();
  if (isQuiet(mind, now)) return mind.quietUntil;
  mind.lookedAt = now;
  const drills: DrillFacts[] = [];
  for (const scheduled of ports.drills) {
    try {
      drills.push(await lookAtDrill(ports, mind, scheduled, now));
    } catch (error) {
      // What is wrong with one drill must not keep the others from theirs.
      ports.trouble(error);
    }
  }
  const turns = await turnsOf(ports, drills);
  const abandoned = (runbook: string) => (turns.get(runbook)?.isAbandoned ? turns.get(runbook)?.fire : undefined);
  if (signal.aborted) return undefined;
  const facts = { now, drills, turns };
  for (const decision of decide(facts, ports.timetable)) setGoing(ports, mind, decision, { signal, abandoned });
  const isAllSeen = drills.length === ports.drills.length;
  const soon = addMillis(now, LOOKED_EVERY_MS);
  const opens = isAllSeen ? quietUntil(facts, ports.timetable) : soon;
  const moments = [...mind.memories.values()].flatMap(({ nextDue }) => nextDue ?? []);
  if (opens !== undefined) moments.push(opens > soon ? opens : soon);
  mind.quietUntil = moments.toSorted()[0];
  return mind.quietUntil;
}

/** A clock that was put back is no reason to sleep until it is as late again. */
function isQuiet({ quietUntil, lookedAt, carried }: Mind, now: Instant): boolean {
  return quietUntil !== undefined && lookedAt <= now && now < quietUntil && carried.size === 0;
}

async function lookAtDrill(
  ports: SchedulerPorts,
  mind: Mind,
  { drill, runbooks }: ScheduledDrill,
  now: Instant,
): Promise<DrillFacts> {
  const { name, schedule } = drill;
  const memory = await remember(ports, mind, drill, now);
  const open: OpenFire[] = [];
  for (const due of [...memory.open].toSorted().filter((due) => due <= now)) {
    const fire = await lookAtFire(ports, mind, { drill: name, due }, now);
    if (fire === undefined) memory.open.delete(due);
    else open.push(fire);
  }
  const first = open[0]?.due;
  memory.dues = memory.dues.filter((due, at) => at === memory.dues.length - 1 || (first !== undefined && due > first));
  if (schedule && open.length === 0 && memory.open.size === 0 && memory.unsettled >= SETTLED_AFTER) {
    await ports.ledger.settle(name, schedule, memory.until);
    memory.unsettled = 0;
  }
  return { name, ...(schedule && { schedule }), runbooks, open, dues: memory.dues };
}

/** What is known of a drill, brought up to now. */
async function remember(
  ports: SchedulerPorts,
  mind: Mind,
  drill: ScheduledDrill['drill'],
  now: Instant,
): Promise<Memory> {
  const { ledger, timetable } = ports;
  const { name, schedule } = drill;
  const memory = mind.memories.get(name) ?? (await firstMemory(ports, drill, now));
  if (millisBetween(memory.listedAt, now) >= LISTED_EVERY_MS) {
    for (const due of await ledger.known(name)) memory.open.add(due);
    memory.listedAt = now;
  }
  mind.memories.set(name, memory);
  if (schedule === undefined || memory.nextDue === undefined || memory.nextDue > now) return memory;
  const dues = timetable.duesBetween(schedule, memory.until, now);
  memory.dues = [...memory.dues, ...dues];
  for (const due of dues) memory.open.add(due);
  memory.unsettled += dues.length;
  memory.until = now;
  memory.nextDue = timetable.nextFire(schedule, now);
  return memory;
}

async function firstMemory(
  { ledger, timetable }: SchedulerPorts,
  { name, schedule }: ScheduledDrill['drill'],
  now: Instant,
): Promise<Memory> {
  const since = schedule === undefined ? now : await ledger.openSince(name, schedule, now);
  const nextDue = schedule && timetable.nextFire(schedule, since);
  const open = new Set(await ledger.known(name));
  return { open, dues: [], until: since, nextDue, listedAt: now, unsettled: 0 };
}

/** `undefined` of one that has ended. */
async function lookAtFire(ports: SchedulerPorts, mind: Mind, fire: Fire, now: Instant): Promise<OpenFire | undefined> {
  const name = fireName(fire);
  if (mind.carried.has(name)) return { due: fire.due, isLateTold: false, isTaken: true };
  const record = await ports.ledger.look(fire);
  if (record === undefined) return undefined;
  const { begun, isLateTold, entries } = record;
  const isResting = (mind.resting.get(name)?.until ?? now) > now;
  // What is this scheduler's, but which it does not carry, is of a task that broke off: to be taken anew.
  const isTaken = isResting || (await lookAtLease(ports, name, entries)).kind === 'held';
  return { due: fire.due, ...(begun && { begun }), isLateTold, isTaken };
}

async function turnsOf(ports: SchedulerPorts, drills: readonly DrillFacts[]): Promise<ReadonlyMap<string, Turn>> {
  const turns = new Map<string, Turn>();
  const wanted = drills.filter(({ open }) => open.some(({ isTaken }) => !isTaken));
  for (const runbook of new Set(wanted.flatMap(({ runbooks }) => runbooks))) {
    const fire = await ports.ledger.turnOf(runbook);
    if (fire !== undefined) turns.set(runbook, { fire, isAbandoned: await isAbandoned(ports, fire) });
  }
  return turns;
}

async function isAbandoned(ports: SchedulerPorts, fire: Fire): Promise<boolean> {
  if (ports.drills.some(({ drill }) => drill.name === fire.drill)) return false;
  const name = fireName(fire);
  return (await lookAtLease(ports, name, await ports.store.list(`${name}/`))).kind === 'free';
}

type Going = Parameters<typeof carryFire>[2];

function setGoing(ports: SchedulerPorts, mind: Mind, decision: Decision, going: Going): void {
  switch (decision.do) {
    case 'begin':
    case 'resume':
      keep(ports, mind, [decision.fire], async () => {
        noteEnd(ports, mind, decision.fire, await carryFire(ports, decision, going));
      });
      return;
    case 'tell-late':
      keep(ports, mind, [decision.fire], async () => tellLate(ports, decision.fire, decision.plannedAt));
      return;
    case 'miss': {
      const fires = decision.fires.slice(0, MISSED_AT_ONCE);
      const all = fires.map(({ due }) => ({ drill: decision.drill, due }));
      keep(ports, mind, all, async () => missFires(ports, decision.drill, fires));
    }
  }
}

/** Has a task done that nobody else here does anything for the same fires meanwhile. */
function keep(ports: SchedulerPorts, mind: Mind, fires: readonly Fire[], work: () => Promise<void>): void {
  const task = work()
    .catch((error: unknown) => {
      ports.trouble(error, fires[0]);
    })
    .finally(() => {
      for (const fire of fires) mind.carried.delete(fireName(fire));
    });
  for (const fire of fires) mind.carried.set(fireName(fire), { fire, task });
}

function noteEnd(ports: SchedulerPorts, mind: Mind, fire: Fire, carried: Carried): void {
  const name = fireName(fire);
  if (carried !== 'unfinished') {
    mind.resting.delete(name);
    // What waited for its turn need not wait for the next look that is due.
    if (carried === 'ended') mind.quietUntil = undefined;
    return;
  }
  const tries = (mind.resting.get(name)?.tries ?? 0) + 1;
  mind.resting.set(name, { until: restAfter(tries, ports.clock.now()), tries });
}
