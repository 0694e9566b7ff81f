import type { Clock } from '../support/clock.ts';
import { type Instant, type Millis, millisBetween } from '../support/time.ts';
import { type Epoch, epochKey, makeEpoch, newestEpoch, releasedKey } from './epochs.ts';
import type { Store, StoredEntry } from './store.ts';

/** Who may hold a lease: one user of leases in one process of one boot of one host. */
export interface Owner {
  readonly host: string;
  readonly bootId: string;
  /** Pids are counted by namespace: containers of one host may have the same. */
  readonly pidNamespace: string;
  readonly pid: number;
  readonly startTime: string;
  /** Unique; it tells the leases of this user of leases from those of any other. */
  readonly instance: string;
}

export interface Holder extends Owner {
  readonly at: Instant;
}

/** What can be known of a holder's process from here; `unknown` of one that lives elsewhere. */
export type Liveness = 'alive' | 'dead' | 'unknown';

export interface LeasePorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly owner: Owner;
  isAlive(holder: Owner): Promise<Liveness>;
}

/** How often a holder says that it lives, for those who cannot see its process. */
const BEAT_EVERY_MS = 60_000;
/** A holder that nobody can see is dead when it has said nothing for longer. */
const DEAD_AFTER_MS = 10 * 60_000;
/** A holder whose word reaches nobody for longer takes itself for dead, well before others do. */
const GIVEN_UP_AFTER_MS = 8 * 60_000;

/** A name that is held, by this owner alone until it is released or others must take this owner for dead. */
export interface Lease {
  readonly name: string;
  readonly epoch: number;
  /** Whether it is this owner's yet; asked before what must not be done twice. */
  stillHeld(): Promise<boolean>;
  /** Says that its holder lives. */
  beat(): Promise<void>;
  /** Gives the name back, at once, also one that is not this owner's any more. */
  release(): Promise<void>;
}

/** Of a name: `mine` is one that this owner's instance has taken before, and, if it does not know of it, forgotten. */
export type LeaseState =
  | { readonly kind: 'free'; readonly epoch: Epoch }
  | { readonly kind: 'mine'; readonly epoch: Epoch }
  | { readonly kind: 'held'; readonly epoch: Epoch; readonly holder: Holder };

/** Who has a name, as far as can be known from here; one whose holder is dead is free. `entries`: those below the name. */
export async function lookAtLease(
  ports: LeasePorts,
  name: string,
  entries: readonly StoredEntry[],
): Promise<LeaseState> {
  const epoch = newestEpoch(name, entries);
  if (epoch.isReleased) return { kind: 'free', epoch };
  const text = await ports.store.read(epochKey(name, epoch.number));
  // Removed since it was listed, so that there is a newer one, or all is over: the one that is made next will tell.
  if (text === undefined) return { kind: 'free', epoch };
  const holder = JSON.parse(text) as Holder;
  if (holder.instance === ports.owner.instance) return { kind: 'mine', epoch };
  const isDead = await isHolderDead(ports, { name, epoch, holder, entries });
  return isDead ? { kind: 'free', epoch } : { kind: 'held', epoch, holder };
}

/**
 * Takes a name that is free, that its holder died with, or that this owner's instance took before; of all who try, one
 * has it. An instance that takes what it holds already loses the lease that it had.
 */
export async function takeLease(
  ports: LeasePorts,
  name: string,
): Promise<{ readonly kind: 'taken'; readonly lease: Lease } | { readonly kind: 'refused'; readonly holder?: Holder }> {
  const state = await lookAtLease(ports, name, await ports.store.list(`${name}/`));
  if (state.kind === 'held') return { kind: 'refused', holder: state.holder };
  const holder: Holder = { ...ports.owner, at: ports.clock.now() };
  const number = await makeEpoch(ports.store, name, state.epoch, `${JSON.stringify(holder)}\n`);
  return number === undefined ? { kind: 'refused' } : { kind: 'taken', lease: leaseOf(ports.store, name, number) };
}

function leaseOf(store: Store, name: string, epoch: number): Lease {
  return {
    name,
    epoch,
    async stillHeld() {
      const newest = newestEpoch(name, await store.list(`${name}/`));
      return newest.number === epoch && !newest.isReleased;
    },
    async beat() {
      await store.write(aliveKey(name, epoch), '{}\n');
    },
    async release() {
      await store.create(releasedKey(name, epoch), '{}\n');
    },
  };
}

/**
 * Does work while its lease is held and says so every minute.
 *
 * The signal that it is given aborts when the lease is lost: taken by others, or theirs to take because the store has
 * not been reached for eight minutes. `isHeld` says whether the lease was not lost meanwhile.
 */
export async function whileHeld<T>(
  lease: Lease,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<{ readonly result: T; readonly isHeld: boolean }> {
  const lost = new AbortController();
  const done = new AbortController();
  const beating = keepBeating(lease, clock, { lost, done: done.signal });
  try {
    const result = await work(AbortSignal.any([signal, lost.signal]));
    return { result, isHeld: !lost.signal.aborted };
  } finally {
    done.abort();
    await beating;
  }
}

async function keepBeating(
  lease: Lease,
  clock: Clock,
  { lost, done }: { lost: AbortController; done: AbortSignal },
): Promise<void> {
  let lastSaid = clock.now();
  for (;;) {
    await clock.sleep(BEAT_EVERY_MS, done);
    if (done.aborted) return;
    const left = GIVEN_UP_AFTER_MS - millisBetween(lastSaid, clock.now());
    const said = await atMost(clock, Math.max(left, BEAT_EVERY_MS), done, beatOnce(lease));
    if (done.aborted) return;
    if (said === 'held') lastSaid = clock.now();
    if (said === 'lost' || millisBetween(lastSaid, clock.now()) >= GIVEN_UP_AFTER_MS) {
      lost.abort(new Error(`the lease of '${lease.name}' was lost`));
      return;
    }
  }
}

/** Says it first and looks then, so that who did not hear it in time is seen. */
async function beatOnce(lease: Lease): Promise<'held' | 'lost' | 'unknown'> {
  try {
    await lease.beat();
    return (await lease.stillHeld()) ? 'held' : 'lost';
  } catch {
    return 'unknown';
  }
}

/** What came of a call, or `unknown` where it takes longer or nobody wants to know any more. */
async function atMost<T>(clock: Clock, millis: Millis, done: AbortSignal, call: Promise<T>): Promise<T | 'unknown'> {
  const answered = new AbortController();
  const signal = AbortSignal.any([done, answered.signal]);
  const first = await Promise.race([call, clock.sleep(millis, signal).then(() => 'unknown' as const)]);
  answered.abort();
  return first;
}

interface Suspect {
  readonly name: string;
  readonly epoch: Epoch;
  readonly holder: Holder;
  readonly entries: readonly StoredEntry[];
}

async function isHolderDead(ports: LeasePorts, { name, epoch, holder, entries }: Suspect): Promise<boolean> {
  const seen = await ports.isAlive(holder);
  if (seen !== 'unknown') return seen === 'dead';
  const signs = [epochKey(name, epoch.number), aliveKey(name, epoch.number)];
  const silence = (now: Instant, among: readonly StoredEntry[]) =>
    Math.min(...among.filter(({ key }) => signs.includes(key)).map(({ modifiedAt }) => millisBetween(modifiedAt, now)));
  if (!(silence(ports.clock.now(), entries) > DEAD_AFTER_MS)) return false;
  // This host's clock may be ahead of the store's, by which the holder's words are dated. So it is asked what time it is.
  const asked = `${name}/${epoch.number}.asked.json`;
  await ports.store.write(asked, '{}\n');
  const after = await ports.store.list(`${name}/`);
  const now = after.find(({ key }) => key === asked)?.modifiedAt;
  return now !== undefined && silence(now, after) > DEAD_AFTER_MS;
}

function aliveKey(name: string, epoch: number): string {
  return `${name}/${epoch}.alive.json`;
}
