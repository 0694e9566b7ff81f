import type { Judgement } from '../checks/check.ts';
import type { Problem } from '../diagnostics/problem.ts';
import type { CheckSpec } from '../runbook/check-spec.ts';

const SEEN = {
  failed: 'the check failed too',
  errored: 'the check could not be done',
  skipped: 'the check was skipped',
} as const;

/** What a check that must be green on an undamaged copy made of it, where it is not; `undefined` when it is. */
export function notGreen({ outcome, observed, because }: Judgement): string | undefined {
  return outcome === 'passed' ? undefined : `on an undamaged copy ${SEEN[outcome]}: ${because ?? observed}`;
}

/**
 * Why a check cannot be proven able to fail, by what it made of an undamaged copy; `undefined` when it can be. It never
 * speaks against the backup: the check has passed on what was restored.
 */
export function controlProblem({ name, of }: CheckSpec, judgement: Judgement): Problem | undefined {
  const because = notGreen(judgement);
  if (because === undefined) return undefined;
  return {
    code: 'prove/no-control',
    message: `integrity check '${name}' of '${of}' cannot be proven able to fail: ${because}`,
    hint: judgement.problem?.hint ?? RED_ON_EVERY_COPY,
    blames: 'environment',
  };
}

const RED_ON_EVERY_COPY =
  'Let the check look at the data alone: a copy has another name, and what belongs to the database as a whole is not in it.';
