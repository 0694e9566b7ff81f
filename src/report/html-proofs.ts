import { formatSentence } from './format.ts';
import { type Markup, chip, html, section, table } from './html-markup.ts';
import { proofFigure, proofInWords } from './proof-words.ts';
import type { Report } from './report.ts';

/** Whether each integrity check noticed what it claims to; nothing where that was not to be proven. */
export function proofsSection({ proofs = [] }: Report): Markup | undefined {
  if (proofs.length === 0) return undefined;
  const rows = proofs.map((proof) => [chip(proof.outcome), proof.name, proof.damage, proofInWords(proof)]);
  return section(
    { title: 'Checks proven able to fail', id: 'proofs' },
    html`<p class="small">${formatSentence(proofFigure(proofs))}</p>`,
    table({ columns: ['outcome', 'check', 'damage', 'what the check made of it'], kind: 'proofs' }, rows),
  );
}
