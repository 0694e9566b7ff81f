import type { DrillEvent } from '../../src/drill/events.ts';
import { proofSteps } from '../../src/plan/proof-steps.ts';
import type { Runbook } from '../../src/runbook/runbook.ts';
import { aJournal } from './journal-builder.ts';

/** A drill that passed all checks and proved them, all but the first damage of the structure check. */
export function proofStory(runbook: Runbook): readonly DrillEvent[] {
  const journal = aJournal(runbook)
    .started({ proveChecks: true })
    .planned((plan) => ({ ...plan, steps: [...plan.steps, ...proofSteps(runbook, plan.steps)] }))
    .sandboxed()
    .restored('orders')
    .checked();
  const steps = journal.events.flatMap((event) => (event.type === 'plan-made' ? event.plan.steps : []));
  for (const step of steps) {
    if (step.kind !== 'proof') continue;
    const { check, damage } = step.claim;
    const isMissed = check.kind === 'structure' && damage.kind === 'flip-byte' && damage.of === 'index';
    journal.add({ type: 'step-started', step: step.id, attempt: 1, token: step.id }).after(400);
    journal.add({
      type: 'check-proven',
      step: step.id,
      judgement: isMissed
        ? { outcome: 'passed', observed: '12 indexes and 8 heaps looked at, 0 faults', expected: 'soundness' }
        : { outcome: 'failed', observed: 'something else', expected: 'the data', because: 'it is not what it was' },
    });
  }
  return journal.after(100).tornDown().finished().events;
}
