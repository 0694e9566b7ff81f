import type { Judgement } from '../checks/check.ts';
import type { Problem } from '../diagnostics/problem.ts';
import { deadlineOf, deadlinePassed } from './deadline.ts';
import type { Performance } from './performance.ts';

/**
 * The judgement that `judge` comes to before the step's deadline. Whatever keeps it from one makes it `errored`, never
 * passed.
 *
 * @returns `undefined` when the drill was aborted meanwhile
 */
export async function judgeWithin(
  step: string,
  { ports, state, signal }: Performance,
  judge: (stop: AbortSignal) => Promise<Judgement>,
): Promise<Judgement | undefined> {
  const deadline = new AbortController();
  const stop = AbortSignal.any([signal, deadline.signal]);
  const until = deadlineOf(state, step);
  const timer = ports.clock.sleep(Date.parse(until) - Date.parse(ports.clock.now()), stop).then(() => deadline.abort());
  try {
    const judgement = await judge(stop);
    return signal.aborted ? undefined : judgement;
  } catch (error) {
    if (signal.aborted) return undefined;
    return erroredBy(deadline.signal.aborted ? deadlinePassed(step, until) : ports.provider.classify(error).problem);
  } finally {
    deadline.abort();
    await timer;
  }
}

/** The end of a check that could not be done. */
export function erroredBy(problem: Problem): Judgement {
  return { outcome: 'errored', observed: 'nothing', expected: 'an observation', because: problem.message, problem };
}
