import type { Judgement } from '../checks/check.ts';
import type { Claim } from '../checks/damage.ts';
import { type DrillRecord, ofType } from './record.ts';

/** A claim of an integrity check, and what came of it. `caught`: the check failed on the damaged copy, as it must. */
export type Proof = Claim &
  (
    | { readonly outcome: 'caught' | 'missed' | 'errored'; readonly judgement: Judgement }
    | { readonly outcome: 'not-made'; readonly because: string }
  );

/** The proofs that a drill planned, in the order of its plan; empty where none were asked for. */
export function proofsOf(record: DrillRecord): readonly Proof[] {
  const proven = new Map(ofType(record.events, 'check-proven').map(({ step, judgement }) => [step, judgement]));
  return (record.plan?.steps ?? []).flatMap((step): readonly Proof[] => {
    if (step.kind !== 'proof') return [];
    const judgement = proven.get(step.id);
    if (judgement !== undefined) return [{ ...step.claim, judgement, outcome: outcomeOf(judgement) }];
    const end = record.ends.get(step.id);
    const because = end?.type === 'step-failed' ? end.problem.message : 'the drill did not come to it';
    return [{ ...step.claim, outcome: 'not-made', because }];
  });
}

function outcomeOf({ outcome }: Judgement): 'caught' | 'missed' | 'errored' {
  if (outcome === 'failed') return 'caught';
  return outcome === 'errored' ? 'errored' : 'missed';
}
