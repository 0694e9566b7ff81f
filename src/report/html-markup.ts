import { escapeXml } from './escape.ts';

/** Text that is HTML already; only `html` makes it, so that nothing reaches a page unescaped. */
export interface Markup {
  readonly markup: string;
}

type Insert = string | number | Markup | undefined | false | readonly Insert[];

/** A template of HTML: every inserted text is escaped, inserted markup stays, `undefined` and `false` are nothing. */
export function html(fixed: TemplateStringsArray, ...inserts: readonly Insert[]): Markup {
  return { markup: fixed.map((part, index) => part + (index < inserts.length ? textOf(inserts[index]) : '')).join('') };
}

/** CSS of our own, which holds no text of others. */
export function styleSheet(css: string): Markup {
  return { markup: `<style>${css}</style>` };
}

function textOf(insert: Insert): string {
  if (insert === undefined || insert === false) return '';
  if (typeof insert === 'string') return escapeXml(insert);
  if (typeof insert === 'number') return String(insert);
  return 'markup' in insert ? insert.markup : insert.map(textOf).join('');
}

/** How good news is: its icon and its colour. The words beside it always say the same. */
export type Tone = 'good' | 'bad' | 'unsure' | 'calm';

export const TONES = {
  passed: 'good',
  failed: 'bad',
  inconclusive: 'unsure',
  errored: 'unsure',
  skipped: 'calm',
  caught: 'good',
  'no-control': 'unsure',
  'not-made': 'unsure',
  met: 'good',
  missed: 'bad',
  unmeasured: 'unsure',
  clean: 'good',
  kept: 'unsure',
  leaked: 'bad',
} as const satisfies Readonly<Record<string, Tone>>;

/** The icon of a tone; each has a shape of its own, so that none is told by colour alone. */
export function icon(tone: Tone): Markup {
  return html`<svg class="icon" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">${SHAPES[tone]}</svg>`;
}

const SHAPES: Readonly<Record<Tone, Markup>> = {
  good: html`<circle cx="12" cy="12" r="11" fill="currentColor" /><path d="M6.5 12.5l3.7 3.7 7.3-8" class="stroke" />`,
  bad: html`<path d="M7.4 1h9.2L23 7.4v9.2L16.6 23H7.4L1 16.6V7.4z" fill="currentColor" /><path
      d="M8 8l8 8m0-8l-8 8"
      class="stroke"
    />`,
  unsure: html`<path d="M12 1.5L23.5 22H.5z" fill="currentColor" /><path d="M12 9v6m0 3v.2" class="stroke" />`,
  calm: html`<circle cx="12" cy="12" r="10" fill="none" stroke="currentColor" stroke-width="2" /><path
      d="M7 12h10"
      stroke="currentColor"
      stroke-width="2"
    />`,
};

/** An outcome: icon and word. */
export function chip(outcome: keyof typeof TONES): Markup {
  return html`<span class="chip ${TONES[outcome]}">${icon(TONES[outcome])}${outcome}</span>`;
}

/** A titled part of the page; nothing where there is nothing to say. */
export function section({ title, id }: { title: string; id: string }, ...content: readonly Insert[]): Markup {
  return html`<section aria-labelledby="${id}">
    <h2 id="${id}">${title}</h2>
    ${content}
  </section>`;
}

/** Terms and what there is to say of them. */
export function facts(...pairs: readonly (readonly [string, Insert])[]): Markup {
  const rows = pairs.map(
    ([term, value]) =>
      html`<div>
        <dt>${term}</dt>
        <dd>${value}</dd>
      </div>`,
  );
  return html`<dl class="facts">${rows}</dl>`;
}

/** A moment, readable and exact. */
export function moment(instant: string, words: string): Markup {
  return html`<time datetime="${instant}">${words}</time>`;
}

/** A table that becomes a list of cards on a narrow page: each cell repeats the name of its column. */
export function table(
  { columns, kind }: { columns: readonly string[]; kind: string },
  rows: readonly (readonly Insert[])[],
): Markup {
  const head = columns.map((name) => html`<th scope="col">${name}</th>`);
  const body = rows.map(
    (cells) =>
      html`<tr>
        ${cells.map((cell, index) => html`<td data-column="${columns[index] ?? ''}">${cell}</td>`)}
      </tr>`,
  );
  return html`<table class="${kind}">
    <thead>
      <tr>
        ${head}
      </tr>
    </thead>
    <tbody>
      ${body}
    </tbody>
  </table>`;
}
