import { setTimeout as delay } from 'node:timers/promises';
import { type Instant, type Millis, instantOf } from './time.ts';

/** Time as a port: the only way for the engine and the adapters to know or await it. */
export interface Clock {
  /** Wall time. */
  now(): Instant;
  /** Monotonic milliseconds since the machine booted; comparable between processes of one boot. */
  monotonic(): Millis;
  /** Resolves after `millis`, or at once when `signal` aborts (it never rejects). */
  sleep(millis: Millis, signal?: AbortSignal): Promise<void>;
}

/** The machine's own clocks. */
export const systemClock: Clock = {
  now: () => instantOf(Date.now()),
  monotonic: () => Number(process.hrtime.bigint() / 1_000n) / 1_000,
  async sleep(millis, signal) {
    await delay(millis, undefined, signal ? { signal } : {}).catch((error: unknown) => {
      if (!signal?.aborted) throw error;
    });
  },
};
