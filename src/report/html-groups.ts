import { formatInstant, formatSentence } from './format.ts';
import { groupFigure, groupNotes } from './group-words.ts';
import { type Markup, chip, html, moment, section, table } from './html-markup.ts';
import type { Report, ReportedGroup } from './report.ts';

/** How far apart the data of resources lies that belong to one moment; nothing where the runbook has no groups. */
export function groupsSection({ groups = [] }: Report): Markup | undefined {
  if (groups.length === 0) return undefined;
  return section({ title: 'Consistency groups', id: 'groups' }, ...groups.map(oneGroup));
}

function oneGroup(group: ReportedGroup): Markup {
  const { name, outcome, moments } = group;
  const rows = moments.map(({ resource, at, source }) => [resource, moment(at, formatInstant(at)), source]);
  const notes = groupNotes(group).map((note) => html`<p class="small">${formatSentence(note)}</p>`);
  return html`<p class="lead">
      ${chip(outcome)}<span><b>${name}</b>: ${groupFigure(group)}.</span>
    </p>
    ${notes} ${rows.length > 0 && table({ columns: ['resource', 'data up to', 'known by'], kind: 'groups' }, rows)}`;
}
