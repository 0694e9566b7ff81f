import type { Problem } from '../diagnostics/problem.ts';
import type { IsolationEvidence } from '../providers/resource.ts';
import type { IsolationLevel } from '../runbook/runbook.ts';

const ORDER: readonly IsolationLevel[] = ['L0', 'L1', 'L2'];

/** Whether a level isolates at least as well as another. A VPC and a level of this machine are not comparable. */
export function isAtLeast(level: IsolationLevel, minimum: IsolationLevel): boolean {
  if (level === 'VPC' || minimum === 'VPC') return level === minimum;
  return ORDER.indexOf(level) >= ORDER.indexOf(minimum);
}

/** Why evidence does not prove the isolation that is wanted; `undefined` when it does. No proof at all proves nothing. */
export function isolationProblem(evidence: IsolationEvidence, minimum: IsolationLevel): Problem | undefined {
  const broken = evidence.proofs.filter((proof) => !proof.holds);
  if (!isAtLeast(evidence.level, minimum)) {
    return {
      code: 'isolation/level-too-low',
      message: `isolation level '${evidence.level}' is all this machine offers, and the runbook wants '${minimum}'`,
      hint: `Run 'drillbook doctor' to see what is missing, or accept less by name with 'sandbox.isolation.minimum: ${evidence.level}'.`,
      blames: 'environment',
    };
  }
  if (broken.length > 0 || evidence.proofs.length === 0) {
    const claims = broken.map(({ claim, observed }) => `'${claim}' (observed: ${observed})`).join(', ');
    return {
      code: 'isolation/not-proven',
      message: `isolation is not proven: ${claims || 'nothing was tried'}`,
      hint: `Nothing is restored into a sandbox that leaks; look at the proofs in the report and ${whatToMend(evidence)}.`,
      blames: 'environment',
    };
  }
  return undefined;
}

function whatToMend({ level }: IsolationEvidence): string {
  return level === 'VPC' ? 'see who or what changes networks in the sandbox account' : 'mend the machine';
}
