import type { Report, ReportedControl, ReportedProof } from './report.ts';

type Proofs = Pick<Report, 'controls' | 'proofs'>;

/** How many damages were noticed, and whether every check was green without one, in one sentence without a full stop. */
export function proofFigure({ proofs = [], controls = [] }: Proofs): string {
  const caught = proofs.filter(({ outcome }) => outcome === 'caught').length;
  const figure = `${caught} of ${proofs.length} ${proofs.length === 1 ? 'damage' : 'damages'} to copies of what was restored noticed`;
  const red = controlsWithout(controls).length;
  if (red > 0) return `${figure}; ${red} of ${controls.length} checks not green on an undamaged copy`;
  const isControlled = controls.length > 0 && controls.every(({ outcome }) => outcome === 'passed');
  return isControlled ? `${figure}; every check green on an undamaged one` : figure;
}

/** Those that were made and in which the check was not green. */
export function controlsWithout(controls: readonly ReportedControl[]): readonly ReportedControl[] {
  return controls.filter(({ outcome }) => outcome !== 'passed' && outcome !== 'not-made');
}

const SEEN = {
  caught: 'the check failed, as it must',
  missed: 'the check stayed green',
  errored: 'the check could not be done',
  'no-control': 'not tried',
  'not-made': 'not tried',
} as const satisfies Record<ReportedProof['outcome'], string>;

/** What the check made of the damaged copy, lower case, without a full stop. */
export function proofInWords({ outcome, because }: ReportedProof): string {
  return withReason(SEEN[outcome], because);
}

const SEEN_UNDAMAGED = {
  passed: 'the check passed, as it must',
  failed: 'the check failed',
  errored: 'the check could not be done',
  skipped: 'the check was skipped',
  'not-made': 'not tried',
} as const satisfies Record<ReportedControl['outcome'], string>;

/** What the check made of the undamaged copy, lower case, without a full stop. */
export function controlInWords({ outcome, because }: ReportedControl): string {
  return withReason(SEEN_UNDAMAGED[outcome], because);
}

function withReason(seen: string, because: string | undefined): string {
  return `${seen}${because === undefined ? '' : `: ${because}`}`;
}

/** A line of a table: a copy, and what the check made of it. */
export interface ProofRow {
  readonly outcome: ReportedControl['outcome'] | ReportedProof['outcome'];
  readonly name: string;
  readonly damage: string;
  readonly seen: string;
}

/** Of each check its control, which alone says why there is none, and then the damages. */
export function proofRows({ proofs = [], controls = [] }: Proofs): readonly ProofRow[] {
  return proofs.flatMap((proof, index): readonly ProofRow[] => {
    const { outcome, name, damage, check } = proof;
    const seen = outcome === 'no-control' ? 'not tried, for lack of a control' : proofInWords(proof);
    const row = { outcome, name, damage, seen };
    const control = proofs[index - 1]?.check === check ? undefined : controls.find((one) => one.check === check);
    if (control === undefined) return [row];
    const undamaged = 'nothing, as a control';
    return [{ outcome: control.outcome, name, damage: undamaged, seen: controlInWords(control) }, row];
  });
}
