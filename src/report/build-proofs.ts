import { damageInWords } from '../checks/damage.ts';
import { type Proof, proofsOf } from '../drill/proofs.ts';
import type { DrillRecord } from '../drill/record.ts';
import type { Report, ReportedProof } from './report.ts';

/** What the report says of checks that were to be proven; nothing where none were. */
export function reportedProofs(record: DrillRecord): Pick<Report, 'proofs'> {
  const proofs = proofsOf(record).map(reportedProof);
  return proofs.length === 0 ? {} : { proofs };
}

function reportedProof(proof: Proof): ReportedProof {
  const { check, damage, of, outcome } = proof;
  const common = { check: check.id, name: check.name, of, damage: damageInWords(damage), outcome };
  if (proof.outcome === 'not-made') return { ...common, because: proof.because };
  const { observed, because } = proof.judgement;
  return { ...common, observed, ...(because !== undefined && { because }) };
}
