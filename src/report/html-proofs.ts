import { formatSentence } from './format.ts';
import { type Markup, chip, html, section, table } from './html-markup.ts';
import { proofFigure, proofRows } from './proof-words.ts';
import type { Report } from './report.ts';

/** Whether each integrity check noticed what it claims to; nothing where that was not to be proven. */
export function proofsSection(report: Report): Markup | undefined {
  const rows = proofRows(report).map(({ outcome, name, damage, seen }) => [chip(outcome), name, damage, seen]);
  if (rows.length === 0) return undefined;
  return section(
    { title: 'Checks proven able to fail', id: 'proofs' },
    html`<p class="small">${formatSentence(proofFigure(report))}</p>`,
    table({ columns: ['outcome', 'check', 'damage', 'what the check made of it'], kind: 'proofs' }, rows),
  );
}
