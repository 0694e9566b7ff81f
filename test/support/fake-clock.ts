import type { Clock } from '../../src/support/clock.ts';
import { instantOf } from '../../src/support/time.ts';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** A clock on which time passes only when everybody sleeps: the earliest sleeper is woken as soon as all is quiet. */
export function fakeClock(
  startMillis = Date.parse('2026-11-20T03:00:00.000Z'),
): Clock & { advance(millis: number): void } {
  let now = startMillis;
  let sleepers: Sleeper[] = [];
  let isScheduled = false;
  const wakeNext = () => {
    isScheduled = false;
    const next = sleepers.reduce<Sleeper | undefined>((a, b) => (a === undefined || b.at < a.at ? b : a), undefined);
    if (next === undefined) return;
    now = Math.max(now, next.at);
    next.wake();
    schedule();
  };
  const schedule = () => {
    if (isScheduled || sleepers.length === 0) return;
    isScheduled = true;
    setImmediate(wakeNext);
  };
  return {
    now: () => instantOf(now),
    monotonic: () => now - startMillis + 1_000,
    advance: (millis) => {
      now += millis;
    },
    async sleep(millis, signal) {
      if (signal?.aborted) return;
      await new Promise<void>((resolve) => {
        const wake = () => {
          sleepers = sleepers.filter((one) => one !== sleeper);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper: Sleeper = { at: now + millis, wake };
        sleepers.push(sleeper);
        signal?.addEventListener('abort', wake, { once: true });
        schedule();
      });
    },
  };
}
