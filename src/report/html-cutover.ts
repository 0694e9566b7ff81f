import { cutoverFigure, cutoverNotes, cutoverParts } from './cutover-words.ts';
import { formatSeconds, formatSentence } from './format.ts';
import { type Markup, chip, html, section, table } from './html-markup.ts';
import type { Report } from './report.ts';

/** How the switch of DNS went, and what it would take at worst; nothing where the runbook has none. */
export function cutoverSection({ cutover }: Report): Markup | undefined {
  if (cutover === undefined) return undefined;
  const rows = cutover.records.map(({ name, leadsTo, addresses, cachedSeconds, cachedBecause }) => [
    html`<code class="long">${name}</code>`,
    html`<code class="long">${leadsTo}</code><span class="small muted">${addresses.join(', ')}</span>`,
    html`${formatSeconds(cachedSeconds)}<span class="small muted">${cachedBecause}</span>`,
  ]);
  const parts = cutoverParts(cutover);
  const notes = cutoverNotes(cutover).map((note) => html`<li>${formatSentence(note)}</li>`);
  return section(
    { title: 'DNS cutover', id: 'cutover' },
    html`<p class="lead">${chip(cutover.outcome)}<span>${formatSentence(cutoverFigure(cutover))}</span></p>`,
    parts !== '' && html`<p class="small">${formatSentence(parts)}</p>`,
    rows.length > 0 && table({ columns: ['record', 'leads to', 'kept by caches'], kind: 'cutover' }, rows),
    html`<ul class="small">
      ${notes}
    </ul>`,
  );
}
