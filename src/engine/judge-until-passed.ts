import type { Judgement } from '../checks/check.ts';
import type { Problem } from '../diagnostics/problem.ts';
import type { Retry } from '../runbook/check-spec.ts';
import type { Clock } from '../support/clock.ts';
import { erroredBy } from './judge-within.ts';

/** What tries need of the world. */
export interface Trying {
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>;
  /** Aborts at the check's deadline, and when the drill is aborted. */
  readonly stop: AbortSignal;
  /** Why a try could not be made. */
  readonly problemOf: (error: unknown) => Problem;
}

/**
 * Judges again and again until a judgement is passed, or the time for that is over; then the last one counts, with the
 * number of tries. What could not even be looked at is not passed yet, and is tried again too.
 *
 * @throws what the first try throws once it is stopped
 */
export async function judgeUntilPassed(
  { every, within }: Retry,
  { clock, stop, problemOf }: Trying,
  judge: () => Promise<Judgement>,
): Promise<Judgement> {
  const began = clock.monotonic();
  let last: Judgement | undefined;
  for (let tries = 1; ; tries += 1) {
    try {
      last = { ...(await judge()), ...(tries > 1 && { tries }) };
    } catch (error) {
      if (!stop.aborted) last = { ...erroredBy(problemOf(error)), ...(tries > 1 && { tries }) };
      else if (last === undefined) throw error;
    }
    const left = within - (clock.monotonic() - began);
    const isOver = last.outcome === 'passed' || last.outcome === 'skipped' || left <= 0;
    if (!isOver) await clock.sleep(Math.min(every, left), stop);
    if (isOver || stop.aborted) return last;
  }
}
