import type { Problem } from '../diagnostics/problem.ts';
import { stepOf, type DrillState } from '../drill/state.ts';
import { type Instant, addMillis } from '../support/time.ts';

/**
 * When a step has to have ended. It counts from the step's start, or from the start of the engine that is at work now,
 * whichever is later: the time in which no engine ran is not held against the step.
 */
export function deadlineOf(state: DrillState, stepId: string): Instant {
  const step = stepOf(state, stepId);
  const now = state.steps.get(stepId);
  const since = now && 'since' in now ? now.since : undefined;
  if (step === undefined) throw new Error(`no deadline for '${stepId}', which the plan does not know`);
  return addMillis(laterOf(since, state.engineSince), step.deadline);
}

/** When the teardown has to have ended, counted like a step's deadline. */
export function teardownDeadlineOf(state: DrillState): Instant {
  return addMillis(laterOf(state.teardownSince, state.engineSince), state.plan?.deadlines.teardown ?? 0);
}

function laterOf(a: Instant | undefined, b: Instant | undefined): Instant {
  const later = [a, b]
    .filter((one) => one !== undefined)
    .sort()
    .at(-1);
  if (later === undefined) throw new Error('a deadline before the engine began');
  return later;
}

/** A step took longer than its deadline. */
export function deadlinePassed(step: string, deadline: Instant): Problem {
  return {
    code: 'drill/step-deadline',
    message: `'${step}' had not ended by its deadline, ${deadline}`,
    hint: "Raise 'limits' in the runbook if the restore needs longer, or find out what it hangs on.",
    blames: 'environment',
  };
}
