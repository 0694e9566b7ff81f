import type { ReportedProof } from './report.ts';

/** How many damages were noticed, in one sentence without a full stop. */
export function proofFigure(proofs: readonly ReportedProof[]): string {
  const caught = proofs.filter(({ outcome }) => outcome === 'caught').length;
  return `${caught} of ${proofs.length} ${proofs.length === 1 ? 'damage' : 'damages'} to copies of what was restored noticed`;
}

const SEEN = {
  caught: 'the check failed, as it must',
  missed: 'the check stayed green',
  errored: 'the check could not be done',
  'not-made': 'not tried',
} as const satisfies Record<ReportedProof['outcome'], string>;

/** What the check made of the damaged copy, lower case, without a full stop. */
export function proofInWords({ outcome, because }: ReportedProof): string {
  return `${SEEN[outcome]}${because === undefined ? '' : `: ${because}`}`;
}
