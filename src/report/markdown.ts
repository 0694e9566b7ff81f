import { confidenceInWords } from '../catalog/confidence.ts';
import { oneLine } from './escape.ts';
import { cutoverFigure, cutoverNotes, cutoverParts } from './cutover-words.ts';
import { formatInstant, formatSeconds, formatSentence } from './format.ts';
import { groupFigure, groupMoments, groupNotes, groupRecipe } from './group-words.ts';
import { proofFigure, proofRows } from './proof-words.ts';
import type { ObjectiveOutcome, Report } from './report.ts';
import {
  DRAW_RECIPE,
  VERDICT_MEANS,
  awsPlaceInWords,
  drawInWords,
  isolationInWords,
  notificationInWords,
  objectiveFigure,
  occurrenceInWords,
  orDash,
  purposeInWords,
  recoveryMoments,
  rtoExcludes,
  teardownCommand,
  teardownInWords,
} from './words.ts';

/** `report.md`: the report as GitHub-flavoured Markdown. */
export function reportMarkdown(report: Report): string {
  const sections = [
    head(report),
    objectives(report),
    checks(report),
    proofs(report),
    recoveryPoints(report),
    groups(report),
    timeline(report),
    cutover(report),
    isolation(report),
    teardown(report),
    problems(report),
    confidences(report),
    notifications(report),
    evidence(report),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function head(report: Report): string {
  const { verdict, runbook, because, drillId, startedAt, finishedAt, finished, owner, reasons } = report;
  const end = finished
    ? `finished ${formatInstant(finishedAt)}`
    : `**not finished**, last heard of ${formatInstant(finishedAt)}`;
  const owned = owner === undefined ? '' : `, owner ${escape(owner)}`;
  const place = awsPlaceInWords(report);
  const scheduled = occurrenceInWords(report);
  return [
    `# ${verdict.toUpperCase()}: drill of ${escape(runbook)}`,
    '',
    `**${escape(because)}**`,
    '',
    VERDICT_MEANS[verdict],
    '',
    `${code(drillId)}${owned}, started ${formatInstant(startedAt)}, ${end}.`,
    ...(scheduled === undefined ? [] : ['', escape(formatSentence(scheduled))]),
    ...(place === undefined ? [] : ['', `Restored on AWS: ${escape(place)}.`]),
    ...(reasons.length > 1 ? ['', ...reasons.map((reason) => `- ${escape(reason)}`)] : []),
  ].join('\n');
}

function objectives({ rto, rpo, disasterAt, settings, interruptions }: Report): string {
  const row = (name: string, one: ObjectiveOutcome) =>
    [name, one.outcome, objectiveFigure(one), one.source, one.because ?? ''].map(escape);
  const notes = [
    `Recovery: ${recoveryMoments(rto)}; ${rtoExcludes(rto)}.`,
    ...(disasterAt ? [`Disaster assumed at ${formatInstant(disasterAt.at)}: ${escape(disasterAt.source)}.`] : []),
    ...(settings.length > 0 ? [`Read the figures with this in mind: ${settings.map(escape).join('; ')}.`] : []),
    ...interruptions.map(
      ({ from, until }) => `No controller ran from ${formatInstant(from)} to ${formatInstant(until)}.`,
    ),
  ];
  return section('Objectives', [
    ...table(['objective', 'outcome', 'measured', 'source', 'because'], [row('RTO', rto), row('RPO', rpo)]),
    '',
    ...notes.map((note) => `- ${note}`),
  ]);
}

function checks({ checks: all }: Report): string {
  const rows = all.map((check) =>
    [
      check.outcome,
      check.name,
      check.of,
      purposeInWords(check),
      check.because === undefined || check.because === check.observed
        ? check.observed
        : `${check.observed} (${check.because})`,
      orDash(check.expected),
      check.seconds === null ? '–' : formatSeconds(check.seconds),
    ].map(escape),
  );
  return section(
    'Checks',
    rows.length === 0
      ? ['There was none.']
      : table(['outcome', 'check', 'of', 'purpose', 'observed', 'expected', 'took'], rows),
  );
}

function proofs(report: Report): string {
  const rows = proofRows(report).map(({ outcome, name, damage, seen }) => [outcome, name, damage, seen].map(escape));
  if (rows.length === 0) return '';
  return section('Checks proven able to fail', [
    escape(formatSentence(proofFigure(report))),
    '',
    ...table(['outcome', 'check', 'damage', 'what the check made of it'], rows),
  ]);
}

function cutover({ cutover: tried }: Report): string {
  if (tried === undefined) return '';
  const rows = tried.records.map(({ name, leadsTo, addresses, cachedSeconds, cachedBecause }) =>
    [name, leadsTo, addresses.join(', '), `${formatSeconds(cachedSeconds)}: ${cachedBecause}`].map(escape),
  );
  const parts = cutoverParts(tried);
  return section('DNS cutover', [
    `**${tried.outcome}**: ${escape(cutoverFigure(tried))}.`,
    '',
    ...(rows.length > 0 ? [...table(['record', 'leads to', 'addresses', 'kept by caches'], rows), ''] : []),
    ...[parts, ...cutoverNotes(tried)].filter((note) => note !== '').map((note) => `- ${escape(formatSentence(note))}`),
  ]);
}

function groups({ groups: all = [] }: Report): string {
  if (all.length === 0) return '';
  const items = all.flatMap((group) => [
    `- ${escape(group.name)}: **${group.outcome}**, ${escape(groupFigure(group))}`,
    ...[...groupMoments(group), ...groupNotes(group)].map((line) => `  - ${escape(line)}`),
  ]);
  return section('Consistency groups', items);
}

function recoveryPoints(report: Report): string {
  const { recoveryPoints: points } = report;
  const grouped = groupRecipe(report);
  if (points.length === 0) return section('Recovery points', ['None was drawn.']);
  const items = points.flatMap((point) => [
    `- ${escape(point.resource)}: ${code(point.id)}, ${escape(point.format)}, ${escape(point.engine)}, captured ${formatInstant(point.capturedAt)} (${escape(point.capturedAtSource)})`,
    `  - draw: ${escape(drawInWords(point))}, digest ${code(point.draw.candidatesDigest)}`,
    ...point.draw.excluded.map(({ id, because }) => `  - excluded: ${code(id)}: ${escape(because)}`),
    ...(point.dataMoment
      ? [`  - data up to ${formatInstant(point.dataMoment.at)}: ${escape(point.dataMoment.source)}`]
      : []),
  ]);
  return section('Recovery points', [
    ...items,
    '',
    `To draw again: ${escape(DRAW_RECIPE)}`,
    ...(grouped === undefined ? [] : ['', escape(grouped)]),
  ]);
}

function timeline({ timeline: entries }: Report): string {
  const rows = entries.map(({ phase, name, partOf, startedAt, seconds, outcome }) =>
    [phase, partOf === undefined ? name : `↳ ${name}`, formatInstant(startedAt), formatSeconds(seconds), outcome].map(
      escape,
    ),
  );
  return rows.length === 0 ? '' : section('Timeline', table(['phase', 'what', 'started', 'took', 'outcome'], rows));
}

function isolation({ isolation: whole }: Report): string {
  const rows = whole.proofs.map((proof) =>
    [proof.holds ? 'holds' : 'BROKEN', proof.claim, proof.when, proof.method, proof.observed].map(escape),
  );
  const words = formatSentence(isolationInWords(whole));
  return section('Isolation', [
    words,
    ...(rows.length === 0 ? [] : ['', ...table(['', 'claim', 'when', 'method', 'observed'], rows)]),
  ]);
}

function teardown(report: Report): string {
  const { outcome, left } = report.teardown;
  const command = teardownCommand(report);
  return section('Teardown', [
    `${outcome === 'clean' ? 'Clean' : `**${formatSentence(outcome).slice(0, -1)}**`}: ${teardownInWords(report.teardown)}.`,
    ...left.map(({ id, type }) => `- ${code(id)} (${escape(type)})`),
    ...(command === undefined ? [] : ['', `To end it: ${code(command)}`]),
  ]);
}

function problems({ problems: all }: Report): string {
  if (all.length === 0) return '';
  return section(
    'Problems',
    all.map(({ code: stable, message, hint, where, warning }) => {
      const at = where === undefined ? '' : ` in ${code(where)}`;
      return `- ${warning ? 'warning: ' : ''}${escape(message)} [${escape(stable)}]${at}  \n  ${escape(hint)}`;
    }),
  );
}

function confidences({ confidence = [] }: Report): string {
  if (confidence.length === 0) return '';
  const items = confidence.map(({ resource, ...bound }) => `- ${code(resource)}: ${escape(confidenceInWords(bound))}`);
  return section('Confidence', items);
}

function notifications({ notifications: all = [] }: Report): string {
  if (all.length === 0) return '';
  const items = all.map((one) => {
    const why = one.because === undefined ? '' : `  \n  ${escape(formatSentence(one.because))}`;
    return `- ${escape(notificationInWords(one))}${why}`;
  });
  return section('Notifications', items);
}

function evidence({ planDigest, seed, seedChosen, journalLines, tool, drillId }: Report): string {
  return section('Evidence', [
    `- plan digest: ${planDigest === null ? 'nothing was planned' : code(planDigest)}`,
    `- seed: ${code(seed)} (${seedChosen ? 'chosen' : 'drawn at random'})`,
    `- journal: ${journalLines} lines, each with the hash of the one before; check it with ${code(`drillbook verify ${drillId}`)}`,
    `- drillbook ${escape(tool)}`,
  ]);
}

function section(title: string, lines: readonly string[]): string {
  return [`## ${title}`, '', ...lines].join('\n');
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)];
}

/** Text that is nothing but text to Markdown and to the HTML that it may hold, on one line. */
function escape(text: string): string {
  return oneLine(text)
    .replaceAll(/[\\`*_[\]|#~]/g, String.raw`\$&`)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

/** Text in a code span whose fence is longer than any in the text. */
function code(text: string): string {
  const line = oneLine(text).replaceAll('|', String.raw`\|`);
  const longest = Math.max(0, ...(line.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = '`'.repeat(longest + 1);
  return longest === 0 ? `${fence}${line}${fence}` : `${fence} ${line} ${fence}`;
}
