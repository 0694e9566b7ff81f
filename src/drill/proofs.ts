import type { Judgement } from '../checks/check.ts';
import type { Claim } from '../checks/damage.ts';
import type { CheckSpec } from '../runbook/check-spec.ts';
import { notGreen } from './control.ts';
import { type DrillRecord, ofType } from './record.ts';

/** A check on an undamaged copy, where it has to pass, and what came of it. */
export type Control = {
  /** Id of the step. */
  readonly step: string;
  readonly check: CheckSpec;
  /** Name of the resource that was copied. */
  readonly of: string;
} & (
  | { readonly outcome: Judgement['outcome']; readonly judgement: Judgement }
  | { readonly outcome: 'not-made'; readonly because: string }
);

/**
 * A claim of an integrity check, and what came of it. `caught`: the check failed on the damaged copy, as it must.
 * `no-control`: it does not pass on an undamaged copy, so that nothing it makes of a damaged one would prove anything.
 */
export type Proof = Claim &
  (
    | { readonly outcome: 'caught' | 'missed' | 'errored'; readonly judgement: Judgement }
    | { readonly outcome: 'no-control' | 'not-made'; readonly because: string }
  );

/** The controls that a drill planned, in the order of its plan; empty where no proofs were asked for. */
export function controlsOf(record: DrillRecord): readonly Control[] {
  const judged = new Map(ofType(record.events, 'control-judged').map(({ step, judgement }) => [step, judgement]));
  return (record.plan?.steps ?? []).flatMap((step): readonly Control[] => {
    if (step.kind !== 'control') return [];
    const common = { step: step.id, check: step.check, of: step.of };
    const judgement = judged.get(step.id);
    if (judgement !== undefined) return [{ ...common, judgement, outcome: judgement.outcome }];
    return [{ ...common, outcome: 'not-made', because: whyNotMade(record, step.id) }];
  });
}

/** The proofs that a drill planned, in the order of its plan; empty where none were asked for. */
export function proofsOf(record: DrillRecord): readonly Proof[] {
  const controls = new Map(controlsOf(record).map((control) => [control.step, control]));
  const proven = new Map(ofType(record.events, 'check-proven').map(({ step, judgement }) => [step, judgement]));
  return (record.plan?.steps ?? []).flatMap((step): readonly Proof[] => {
    if (step.kind !== 'proof') return [];
    const control = step.needs.map((id) => controls.get(id)).find((one) => one !== undefined);
    if (control?.outcome === 'not-made') return [{ ...step.claim, outcome: 'not-made', because: control.because }];
    const because = control && notGreen(control.judgement);
    if (because !== undefined) return [{ ...step.claim, outcome: 'no-control', because }];
    const judgement = proven.get(step.id);
    if (judgement !== undefined) return [{ ...step.claim, judgement, outcome: outcomeOf(judgement) }];
    return [{ ...step.claim, outcome: 'not-made', because: whyNotMade(record, step.id) }];
  });
}

function whyNotMade({ ends }: DrillRecord, step: string): string {
  const end = ends.get(step);
  return end?.type === 'step-failed' ? end.problem.message : 'the drill did not come to it';
}

function outcomeOf({ outcome }: Judgement): 'caught' | 'missed' | 'errored' {
  if (outcome === 'failed') return 'caught';
  return outcome === 'errored' ? 'errored' : 'missed';
}
