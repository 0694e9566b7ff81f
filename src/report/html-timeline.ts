import { millisBetween } from '../support/time.ts';
import { formatInstant, formatSeconds } from './format.ts';
import { percentOf } from './html-figures.ts';
import { type Markup, html, section } from './html-markup.ts';
import type { Report, TimelineEntry } from './report.ts';
import { type TimeScale, timeScaleOf } from './time-scale.ts';

/** The drill as bars from its start to its end, a row for every step and every part of a restore. */
export function timelineSection(report: Report): Markup {
  const { timeline, startedAt } = report;
  const title = { title: 'Timeline', id: 'timeline' };
  if (timeline.length === 0) return section(title, html`<p>Nothing was timed.</p>`);
  const scale = timeScaleOf(report);
  const backdrop = html`${gaps(report, scale)}${stops(report, scale)}`;
  const rows = timeline.map((entry, index) =>
    row({ entry, isFirst: timeline[index - 1]?.phase !== entry.phase, startedAt, scale, backdrop }),
  );
  return section(
    title,
    html`<p class="small muted">
      From ${formatInstant(startedAt)}, ${formatSeconds(scale.seconds)} in all.${key(report, scale)}
    </p>`,
    html`<ol class="timeline">
      ${rows}${axis(scale)}
    </ol>`,
  );
}

interface Row {
  readonly entry: TimelineEntry;
  readonly isFirst: boolean;
  readonly startedAt: string;
  readonly scale: TimeScale;
  readonly backdrop: Markup;
}

function row({ entry, isFirst, startedAt, scale, backdrop }: Row): Markup {
  const { phase, name, partOf, seconds, outcome } = entry;
  const from = Math.max(0, millisBetween(startedAt, entry.startedAt) / 1_000);
  const words = `${phase}, ${name}: began after ${formatSeconds(from)}, took ${formatSeconds(seconds)}, ${outcome}`;
  const label = partOf === undefined ? nameWithin(phase, name, isFirst) : name;
  const kind = `${partOf === undefined ? 'step' : 'part'}${isFirst ? ' first' : ''}`;
  const bar = html`<i class="bar phase-${phase} ${outcome}" style="${between(from, from + seconds, scale)}"></i>`;
  const ended =
    outcome !== 'succeeded' && html` <em class="${outcome === 'failed' ? 'bad' : 'unsure'}">${outcome}</em>`;
  return html`<li class="${kind}" title="${words}">
    <span class="what">${isFirst && html`<b>${phase}</b> `}${label}${ended}</span>
    <span class="track" aria-hidden="true">${backdrop}${bar}</span>
    <span class="took">${formatSeconds(seconds)}</span>
  </li>`;
}

/** A step without what its phase says already: `orders` for `restore:orders`, nothing where both stand in the row. */
function nameWithin(phase: string, name: string, isPhaseShown: boolean): string {
  if (name === phase) return isPhaseShown ? '' : name;
  return name.replace(/^[a-z]+:/, '');
}

function between(from: number, until: number, scale: TimeScale): string {
  const [left, right] = [scale.place(from), scale.place(until)];
  return `left:${percentOf(left, 1)};width:${percentOf(right - left, 1)}`;
}

function gaps({ interruptions, startedAt }: Report, scale: TimeScale): readonly Markup[] {
  return interruptions.map(({ from, until }) => {
    const [begin, end] = [millisBetween(startedAt, from) / 1_000, millisBetween(startedAt, until) / 1_000];
    return html`<i class="gap" style="${between(begin, end, scale)}"></i>`;
  });
}

function stops({ rto }: Report, scale: TimeScale): readonly Markup[] {
  const all = [['usable', rto.usableSeconds] as const, ['verified', rto.verifiedSeconds] as const];
  return all.flatMap(([name, seconds]) =>
    seconds === null ? [] : [html`<i class="stop ${name}" style="left:${percentOf(scale.place(seconds), 1)}"></i>`],
  );
}

function key({ rto, interruptions }: Report, { isCut }: TimeScale): readonly Markup[] {
  const stop = (name: 'usable' | 'verified', seconds: number | null) =>
    seconds === null
      ? []
      : [html` <span class="key"><i class="stop ${name}"></i>${name} after ${formatSeconds(seconds)}</span>`];
  const gap = html` <span class="key"
    ><i class="gap"></i>no controller ran${isCut && ' (drawn shorter than it was)'}</span
  >`;
  return [
    ...stop('usable', rto.usableSeconds),
    ...stop('verified', rto.verifiedSeconds),
    ...(interruptions.length > 0 ? [gap] : []),
  ];
}

function axis({ seconds, isCut }: TimeScale): Markup {
  const shares = isCut ? [0, 1] : [0, 0.25, 0.5, 0.75, 1];
  const marks = shares.map(
    (share) =>
      html`<span style="left:${percentOf(share, 1)}">${share === 0 ? '0' : formatSeconds(seconds * share)}</span>`,
  );
  return html`<li class="axis${isCut && ' cut'}" aria-hidden="true">
    <span class="what"></span><span class="track">${marks}</span><span class="took"></span>
  </li>`;
}
