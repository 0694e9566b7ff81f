import { damageInWords } from '../checks/damage.ts';
import { type Control, type Proof, controlsOf, proofsOf } from '../drill/proofs.ts';
import type { DrillRecord } from '../drill/record.ts';
import type { Report, ReportedControl, ReportedProof } from './report.ts';

/** What the report says of checks that were to be proven; nothing where none were. */
export function reportedProofs(record: DrillRecord): Pick<Report, 'controls' | 'proofs'> {
  const controls = controlsOf(record).map(reportedControl);
  const proofs = proofsOf(record).map(reportedProof);
  return { ...(controls.length > 0 && { controls }), ...(proofs.length > 0 && { proofs }) };
}

function reportedControl(control: Control): ReportedControl {
  const { check, of, outcome } = control;
  return { check: check.id, name: check.name, of, outcome, ...seenIn(control) };
}

function reportedProof(proof: Proof): ReportedProof {
  const { check, damage, of, outcome } = proof;
  return { check: check.id, name: check.name, of, damage: damageInWords(damage), outcome, ...seenIn(proof) };
}

function seenIn(made: Control | Proof): Pick<ReportedProof, 'observed' | 'because'> {
  if (!('judgement' in made)) return { because: made.because };
  const { observed, because } = made.judgement;
  return { observed, ...(because !== undefined && { because }) };
}
