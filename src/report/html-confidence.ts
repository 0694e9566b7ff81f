import { confidenceInWords } from '../catalog/confidence.ts';
import { formatSentence } from './format.ts';
import { type Markup, html, section } from './html-markup.ts';
import type { Report } from './report.ts';

/** How far the proof reaches beyond the recovery points that were drawn; nothing where no draw was random. */
export function confidenceSection({ confidence = [] }: Report): Markup | undefined {
  if (confidence.length === 0) return undefined;
  const items = confidence.map(
    ({ resource, ...bound }) => html`<p><strong>${resource}</strong>: ${formatSentence(confidenceInWords(bound))}</p>`,
  );
  return section({ title: 'Confidence', id: 'confidence' }, html`${items}`);
}
