import type { Judgement } from '../../src/checks/check.ts';
import type { DrillEvent } from '../../src/drill/events.ts';
import { proofSteps } from '../../src/plan/proof-steps.ts';
import type { Runbook } from '../../src/runbook/runbook.ts';
import { aJournal } from './journal-builder.ts';

/**
 * A drill that passed all checks and proved them, all but the first damage of the structure check.
 *
 * @param isRed the check that is not green on an undamaged copy either
 */
export function proofStory(runbook: Runbook, isRed?: string): readonly DrillEvent[] {
  const journal = aJournal(runbook)
    .started({ proveChecks: true })
    .planned((plan) => ({ ...plan, steps: [...plan.steps, ...proofSteps(runbook, plan.steps)] }))
    .sandboxed()
    .restored('orders')
    .checked();
  const steps = journal.events.flatMap((event) => (event.type === 'plan-made' ? event.plan.steps : []));
  for (const step of steps) {
    const check = step.kind === 'proof' ? step.claim.check : step.kind === 'control' ? step.check : undefined;
    if (check === undefined || (check.id === isRed && step.kind === 'proof')) continue;
    journal.add({ type: 'step-started', step: step.id, attempt: 1, token: step.id }).after(400);
    if (step.kind === 'control') {
      const judgement = check.id === isRed ? OTHER_SCHEMA : GREEN;
      journal.add({ type: 'control-judged', step: step.id, judgement });
    }
    if (step.kind === 'proof') {
      const { damage } = step.claim;
      const isMissed = check.kind === 'structure' && damage.kind === 'flip-byte' && damage.of === 'index';
      journal.add({ type: 'check-proven', step: step.id, judgement: isMissed ? SOUND : RED });
    }
  }
  return journal.after(100).tornDown().finished().events;
}

const GREEN: Judgement = { outcome: 'passed', observed: 'what was wanted', expected: 'what was wanted' };
const SOUND: Judgement = { ...GREEN, observed: '12 indexes and 8 heaps looked at, 0 faults', expected: 'soundness' };
const RED: Judgement = {
  outcome: 'failed',
  observed: 'something else',
  expected: 'the data',
  because: 'it is not what it was',
};
const OTHER_SCHEMA: Judgement = {
  outcome: 'failed',
  observed: '1 difference in 4 tables',
  expected: '4 tables',
  because: 'the schema differs in its views',
};
