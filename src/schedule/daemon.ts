import cron from 'node-cron';
import type { Clock } from '../support/clock.ts';
import type { Instant } from '../support/time.ts';
import type { Scheduler } from './scheduler.ts';

export interface DaemonPorts {
  readonly scheduler: Scheduler;
  readonly clock: Pick<Clock, 'now'>;
  /** Called after every look that came to its end. */
  readonly onLook: (at: Instant) => Promise<void>;
  /** Hears of a look that did not. */
  readonly trouble: (error: unknown) => void;
}

/** How often it is looked what is due: six fields, the first are seconds. */
const EVERY_TEN_SECONDS = '*/10 * * * * *';

/**
 * Looks again and again what is due, until the signal aborts and everything that was set going has ended. When that is
 * due is the scheduler's own matter: the ticker only wakes it, so that a tick too many or too few does no harm.
 */
export async function runDaemon(
  { scheduler, clock, onLook, trouble }: DaemonPorts,
  signal: AbortSignal,
): Promise<void> {
  const look = async () => {
    try {
      await scheduler.tick(signal);
      await onLook(clock.now());
    } catch (error) {
      trouble(error);
    }
  };
  await look();
  const ticker = cron.schedule(EVERY_TEN_SECONDS, look, { timezone: 'UTC', noOverlap: true });
  if (!signal.aborted) {
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }
  await ticker.destroy();
  await scheduler.idle();
}

/** Sets going what is due and sees it to its end, and what has become due by then; then there is nothing left to do. */
export async function runOnce(scheduler: Scheduler, signal: AbortSignal): Promise<void> {
  do {
    await scheduler.tick(signal);
    if (scheduler.underWay().length === 0) return;
    await scheduler.idle();
  } while (!signal.aborted);
}
