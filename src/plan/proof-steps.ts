import { type Claim, claimsOf } from '../checks/damage.ts';
import type { Runbook } from '../runbook/runbook.ts';
import type { Step } from './plan.ts';

/**
 * A step for each damage that an integrity check claims to notice. They begin when everything else has ended, one after
 * the other, since each needs a copy of what was restored: two at once could need more room than there is.
 */
export function proofSteps(
  { checks, restore, limits }: Pick<Runbook, 'checks' | 'restore' | 'limits'>,
  before: readonly Step[],
): readonly Step[] {
  const owed = before.filter(({ kind }) => kind !== 'check').map(({ id }) => id);
  const ended = before.map(({ id }) => id);
  const claims = claimsOf(checks, restore);
  const ids = claims.map((claim, index) => proofStepId(claim, index, claims));
  return claims.map((claim, index) => ({
    id: ids[index]!,
    kind: 'proof',
    phase: 'prove',
    needs: owed,
    after: index === 0 ? ended : [ids[index - 1]!],
    deadline: limits.restore,
    claim,
  }));
}

function proofStepId({ check, damage }: Claim, index: number, claims: readonly Claim[]): string {
  const same = claims
    .slice(0, index)
    .filter((one) => one.check.id === check.id && one.damage.kind === damage.kind).length;
  return `prove:${check.id}:${damage.kind}${same === 0 ? '' : `:${same + 1}`}`;
}
