import type { Problem } from '../diagnostics/problem.ts';
import type { Observation } from '../probe/observation.ts';
import type { Judgement } from './check.ts';

/** How many things a judgement names before it only counts them. */
const NAMED = 5;

/**
 * The end of a check whose probe could not look. Where the reason proves the backup itself bad (its pages cannot be
 * read), the check has failed; else it is errored.
 */
export function notObserved(problem: Problem, expected: string): Judgement {
  const outcome = problem.blames === 'backup' ? 'failed' : 'errored';
  return { outcome, observed: 'nothing', expected, because: problem.message, problem };
}

/** A probe that answers something else than it was asked is not to be believed. */
export function notAsked(observation: Observation, expected: string): Judgement {
  if (observation.kind === 'unobservable') return notObserved(observation.problem, expected);
  return notObserved(
    {
      code: 'check/unexpected-observation',
      message: `the probe answered with an observation of kind '${observation.kind}', which was not asked for`,
      hint: 'Use the same version of drillbook for the engine and the probe.',
      blames: 'environment',
    },
    expected,
  );
}

/** The first few, then how many more: `a; b; and 3 more`. */
export function firstFew(sentences: readonly string[]): string {
  const rest = sentences.length - NAMED;
  return [...sentences.slice(0, NAMED), ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ');
}

/** `1 row`, `2 rows`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
