import { type Lease, type LeasePorts, takeLease, whileHeld } from '../store/lease.ts';
import { type Instant, type Millis, addMillis } from '../support/time.ts';
import { type Decision, type MissedFire, lateness } from './decide.ts';
import { type Begun, type Fire, type FireRecord, type Ledger, fireName } from './ledger.ts';

/** A fire under way, as its drills are told. */
export interface RunningFire extends Fire {
  /** When it was first begun. */
  readonly startedAt: Instant;
  /** Where it was begun later than is tolerated. */
  readonly lateBy?: Millis;
}

/** `unfinished`: it is tried again, after a rest that grows. */
export type FireEnd =
  | { readonly kind: 'finished'; readonly drillIds: readonly string[] }
  | { readonly kind: 'unfinished'; readonly because: string };

/** What people are told of a schedule that was not kept; each at least once. */
export type ScheduleOccasion =
  | {
      readonly kind: 'late';
      readonly fire: Fire;
      readonly plannedAt: Instant;
      readonly lateBy: Millis;
      /** Absent: it waits yet. */
      readonly startedAt?: Instant;
    }
  | { readonly kind: 'missed'; readonly drill: string; readonly fires: readonly MissedFire[] };

export interface FirePorts extends LeasePorts {
  readonly ledger: Ledger;
  /**
   * Runs the drills of a fire, or resumes them, or finds that they are finished: it may be asked any number of times, but
   * never twice at once. When the signal aborts it ends soon, with all torn down. A throw is as `unfinished`.
   */
  runFire(fire: RunningFire, signal: AbortSignal): Promise<FireEnd>;
  told(occasion: ScheduleOccasion): Promise<void>;
  /** Hears of what went wrong and will be tried again. */
  trouble(error: unknown, fire?: Fire): void;
}

/** What became of a fire here: `refused` by its lease or its runbooks' turns, or `lost` to others while it was carried. */
export type Carried = 'ended' | 'unfinished' | 'refused' | 'lost';

/** Nobody who is told keeps a scheduler from its work for longer. */
const TELLING_MS = 60_000;

/** Begins a fire, or resumes it, and stays with it to its end; one that somebody else carries is left alone. */
export async function carryFire(
  ports: FirePorts,
  decision: Extract<Decision, { do: 'begin' | 'resume' }>,
  { signal, abandoned }: { signal: AbortSignal; abandoned: (runbook: string) => Fire | undefined },
): Promise<Carried> {
  const { fire } = decision;
  const { ledger, clock } = ports;
  const taken = await leaseOnOpen(ports, fire);
  if (taken === undefined) return 'refused';
  const { lease, record } = taken;
  const known = record.begun ?? (decision.do === 'resume' ? decision.begun : undefined);
  const runbooks = known?.runbooks ?? (decision.do === 'begin' ? decision.runbooks : []);
  if (signal.aborted || !(await takeTurns(ledger, fire, runbooks, abandoned))) {
    await lease.release();
    return 'refused';
  }
  const begun = known ?? begunNow(decision, clock.now(), runbooks);
  if (!(await lease.stillHeld())) return 'lost';
  if (known === undefined) await ledger.begin(fire, begun);
  const running: RunningFire = { ...fire, startedAt: begun.startedAt, ...lateByOf(begun) };
  const { result, isHeld } = await whileHeld(lease, { clock, signal }, async (signal) => {
    const [end] = await Promise.all([runSafely(ports, running, signal), tellOfLate(ports, fire, begun)]);
    return end;
  });
  if (!isHeld || !(await lease.stillHeld())) return 'lost';
  if (result.kind === 'unfinished') {
    await lease.release();
    return 'unfinished';
  }
  const { startedAt, lateBy } = running;
  const { drillIds } = result;
  await ledger.end(fire, { how: 'ran', startedAt, endedAt: clock.now(), ...(lateBy && { lateBy }), drillIds });
  await ledger.tidy(fire);
  return 'ended';
}

/** Says of a fire that waits that it is late, if nobody has. */
export async function tellLate(ports: FirePorts, fire: Fire, plannedAt: Instant): Promise<void> {
  const taken = await leaseOnOpen(ports, fire);
  if (taken === undefined) return;
  const { lease, record } = taken;
  const lateBy = lateness(plannedAt, ports.clock.now());
  if (!record.begun && !record.isLateTold && lateBy !== undefined) {
    await tell(ports, { kind: 'late', fire, plannedAt, lateBy });
    await ports.ledger.markLateTold(fire);
  }
  await lease.release();
}

/** Ends fires that will not begin, and says so first, all together, that nobody hears of them is worse than twice. */
export async function missFires(ports: FirePorts, drill: string, fires: readonly MissedFire[]): Promise<void> {
  const { ledger, clock } = ports;
  const held: { fire: Fire; lease: Lease; missed: MissedFire }[] = [];
  for (const missed of fires) {
    const fire = { drill, due: missed.due };
    const taken = await leaseOnOpen(ports, fire);
    if (taken === undefined) continue;
    if (taken.record.begun === undefined) held.push({ fire, lease: taken.lease, missed });
    else await taken.lease.release();
  }
  if (held.length === 0) return;
  await tell(ports, { kind: 'missed', drill, fires: held.map(({ missed }) => missed) });
  for (const { fire, lease, missed } of held) {
    if (!(await lease.stillHeld())) continue;
    await ledger.end(fire, { how: 'missed', endedAt: clock.now(), because: missed.because });
    await ledger.tidy(fire);
  }
}

/** The lease on a fire that has not ended, and what is known of it now that nobody else changes it. */
async function leaseOnOpen(
  ports: FirePorts,
  fire: Fire,
): Promise<{ readonly lease: Lease; readonly record: FireRecord } | undefined> {
  const taken = await takeLease(ports, fireName(fire));
  if (taken.kind === 'refused') return undefined;
  const record = await ports.ledger.look(fire);
  if (record !== undefined) return { lease: taken.lease, record };
  // With its end its lease became nobody's.
  await ports.ledger.tidy(fire);
  return undefined;
}

/** All of them or none: who kept some while it waits for others might wait for one that waits for it. */
async function takeTurns(
  ledger: Ledger,
  fire: Fire,
  runbooks: readonly string[],
  abandoned: (runbook: string) => Fire | undefined,
): Promise<boolean> {
  for (const runbook of runbooks.toSorted()) {
    if (await ledger.takeTurn(runbook, fire, abandoned(runbook))) continue;
    for (const taken of runbooks) await ledger.giveTurnBack(taken, fire);
    return false;
  }
  return true;
}

function begunNow(decision: Decision, startedAt: Instant, runbooks: readonly string[]): Begun {
  return { startedAt, plannedAt: decision.do === 'begin' ? decision.plannedAt : startedAt, runbooks };
}

function lateByOf({ plannedAt, startedAt }: Begun): { readonly lateBy?: Millis } {
  const lateBy = lateness(plannedAt, startedAt);
  return lateBy === undefined ? {} : { lateBy };
}

async function runSafely(ports: FirePorts, running: RunningFire, signal: AbortSignal): Promise<FireEnd> {
  try {
    const end = await ports.runFire(running, signal);
    if (end.kind === 'unfinished' && !signal.aborted) ports.trouble(new Error(end.because), running);
    return end;
  } catch (error) {
    ports.trouble(error, running);
    return { kind: 'unfinished', because: error instanceof Error ? error.message : String(error) };
  }
}

/** Its drills do not wait for it: late is late enough. */
async function tellOfLate(ports: FirePorts, fire: Fire, begun: Begun): Promise<void> {
  const { lateBy } = lateByOf(begun);
  if (lateBy === undefined) return;
  try {
    if ((await ports.ledger.look(fire))?.isLateTold !== false) return;
    await tell(ports, { kind: 'late', fire, plannedAt: begun.plannedAt, lateBy, startedAt: begun.startedAt });
    await ports.ledger.markLateTold(fire);
  } catch (error) {
    ports.trouble(error, fire);
  }
}

async function tell(ports: FirePorts, occasion: ScheduleOccasion): Promise<void> {
  const done = new AbortController();
  const told = ports.told(occasion).catch((error: unknown) => {
    ports.trouble(error);
  });
  await Promise.race([told, ports.clock.sleep(TELLING_MS, done.signal)]);
  done.abort();
}

/** How long a fire that could not be finished rests, by how often it was tried: a minute, then twice as long, up to an hour. */
export function restAfter(tries: number, now: Instant): Instant {
  return addMillis(now, Math.min(60, 2 ** Math.min(tries - 1, 6)) * 60_000);
}
