import type { AwsClients } from '../../../src/providers/aws/aws-clients.ts';
import type { Clock } from '../../../src/support/clock.ts';
import { instantOf } from '../../../src/support/time.ts';

/** How long, in real milliseconds, nothing may be under way before time is let pass. */
const QUIET_FOR = 3;

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

export interface QuietClock extends Clock {
  /** Counts work that goes on by real time: while any does, no time passes. */
  busy<T>(work: () => Promise<T>): Promise<T>;
  advance(millis: number): void;
  /** Resolves when nothing is under way any more. */
  idle(): Promise<void>;
}

/**
 * A clock for engines that talk to a real server in simulated time: it jumps to the earliest sleeper as soon as no
 * request is under way. Hours pass in seconds, and none passes while a request is answered.
 */
export function quietClock(startMillis = Date.now()): QuietClock {
  let now = startMillis;
  let underWay = 0;
  let sleepers: readonly Sleeper[] = [];
  let timer: NodeJS.Timeout | undefined;
  const wakeNext = (): void => {
    timer = undefined;
    const next = sleepers.reduce<Sleeper | undefined>((a, b) => (a === undefined || b.at < a.at ? b : a), undefined);
    if (next === undefined || underWay > 0) return;
    now = Math.max(now, next.at);
    next.wake();
    schedule();
  };
  const schedule = (): void => {
    clearTimeout(timer);
    timer = underWay > 0 || sleepers.length === 0 ? undefined : setTimeout(wakeNext, QUIET_FOR);
  };
  return {
    now: () => instantOf(Math.floor(now)),
    monotonic: () => now - startMillis + 1_000,
    advance(millis) {
      now += millis;
    },
    async idle() {
      await new Promise<void>((resolve) => {
        const wait = (): void => void (underWay > 0 ? setTimeout(wait, QUIET_FOR) : resolve());
        wait();
      });
    },
    async busy(work) {
      underWay += 1;
      schedule();
      try {
        return await work();
      } finally {
        underWay -= 1;
        schedule();
      }
    },
    async sleep(millis, signal) {
      if (signal?.aborted) return;
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          sleepers = sleepers.filter((one) => one !== sleeper);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper: Sleeper = { at: now + millis, wake };
        sleepers = [...sleepers, sleeper];
        signal?.addEventListener('abort', wake, { once: true });
        schedule();
      });
    },
  };
}

/** The same clients, every call of which keeps the clock from moving until it is answered, its retries included. */
export function holdingClock(clients: AwsClients, clock: QuietClock): AwsClients {
  const held = Object.entries(clients).map(([name, get]: [string, () => Promise<Sending>]) => {
    let made: Promise<Sending> | undefined;
    return [name, async () => (made ??= get().then((client) => hold(client, clock)))] as const;
  });
  return Object.fromEntries(held) as unknown as AwsClients;
}

interface Sending {
  send(...args: readonly unknown[]): Promise<unknown>;
}

function hold<C extends Sending>(client: C, clock: QuietClock): C {
  const send = client.send.bind(client);
  client.send = async (...args) => clock.busy(async () => send(...args));
  return client;
}
