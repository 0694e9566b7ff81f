import { type Claim, claimsOf } from '../checks/damage.ts';
import type { Runbook } from '../runbook/runbook.ts';
import type { Step } from './plan.ts';

/**
 * For each integrity check a control, which looks at an undamaged copy, and then a step for each damage that the check
 * claims to notice: by what it makes of damaged copies, one that is not green there proves nothing.
 *
 * They begin when everything else has ended, one after the other, since each needs a copy of what was restored: two at
 * once could need more room than there is.
 */
export function proofSteps(
  { checks, restore, limits }: Pick<Runbook, 'checks' | 'restore' | 'limits'>,
  before: readonly Step[],
): readonly Step[] {
  const owed = before.filter(({ kind }) => kind !== 'check').map(({ id }) => id);
  const ended = before.map(({ id }) => id);
  const claims = claimsOf(checks, restore);
  const ids = claims.map((claim, index) => proofStepId(claim, index, claims));
  const common = { phase: 'prove', after: [], deadline: limits.restore } as const;
  const steps = claims.flatMap((claim, index): readonly Step[] => {
    const { check, of } = claim;
    const control: Step = { ...common, id: `control:${check.id}`, kind: 'control', needs: owed, check, of };
    const proof: Step = { ...common, id: ids[index]!, kind: 'proof', needs: [...owed, control.id], claim };
    return claims[index - 1]?.check.id === check.id ? [proof] : [control, proof];
  });
  return steps.map((step, index) => ({ ...step, after: index === 0 ? ended : [steps[index - 1]!.id] }));
}

function proofStepId({ check, damage }: Claim, index: number, claims: readonly Claim[]): string {
  const same = claims
    .slice(0, index)
    .filter((one) => one.check.id === check.id && one.damage.kind === damage.kind).length;
  return `prove:${check.id}:${damage.kind}${same === 0 ? '' : `:${same + 1}`}`;
}
