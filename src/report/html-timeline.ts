import { epochMillisOf, millisBetween } from '../support/time.ts';
import { formatInstant, formatSeconds } from './format.ts';
import { percentOf } from './html-figures.ts';
import { type Markup, html, section } from './html-markup.ts';
import type { Report, TimelineEntry } from './report.ts';

interface Scale {
  readonly startedAt: string;
  readonly seconds: number;
}

/** The drill as bars from its start to its end, a row for every step and every part of a restore. */
export function timelineSection(report: Report): Markup {
  const { timeline, startedAt } = report;
  if (timeline.length === 0) return section({ title: 'Timeline', id: 'timeline' }, html`<p>Nothing was timed.</p>`);
  const ends = timeline.map((entry) => millisBetween(startedAt, entry.startedAt) / 1_000 + entry.seconds);
  const scale = { startedAt, seconds: Math.max(0.001, ...ends) };
  const backdrop = html`${gaps(report, scale)}${stops(report, scale)}`;
  const rows = timeline.map((entry, index) =>
    row({ entry, isFirst: timeline[index - 1]?.phase !== entry.phase, scale, backdrop }),
  );
  return section(
    { title: 'Timeline', id: 'timeline' },
    html`<p class="small muted">
      From ${formatInstant(startedAt)}, ${formatSeconds(scale.seconds)} in all.${key(report)}
    </p>`,
    html`<ol class="timeline">
      ${rows}${axis(scale)}
    </ol>`,
  );
}

function row(of: { entry: TimelineEntry; isFirst: boolean; scale: Scale; backdrop: Markup }): Markup {
  const { entry, isFirst, scale, backdrop } = of;
  const { phase, name, partOf, startedAt, seconds, outcome } = entry;
  const from = Math.max(0, offset(startedAt, scale));
  const words = `${phase}, ${name}: began after ${formatSeconds(from)}, took ${formatSeconds(seconds)}, ${outcome}`;
  const label = partOf === undefined ? nameWithin(phase, name) : name;
  const bar = html`<i
    class="bar phase-${phase} ${outcome}"
    style="left:${percentOf(from, scale.seconds)};width:${percentOf(seconds, scale.seconds)}"
  ></i>`;
  return html`<li class="${partOf === undefined ? 'step' : 'part'}${isFirst ? ' first' : ''}" title="${words}">
    <span class="what"
      >${isFirst && html`<b>${phase}</b> `}<span class="name">${label}</span
      >${outcome !== 'succeeded' && html` <em class="${outcome === 'failed' ? 'bad' : 'unsure'}">${outcome}</em>`}</span
    >
    <span class="track" aria-hidden="true">${backdrop}${bar}</span>
    <span class="took">${formatSeconds(seconds)}</span>
  </li>`;
}

/** A step without what its phase says already: `orders` for `restore:orders`, nothing for `teardown`. */
function nameWithin(phase: string, name: string): string {
  if (name === phase) return '';
  return name.replace(/^[a-z]+:/, '');
}

function offset(instant: string, { startedAt }: Scale): number {
  return (epochMillisOf(instant) - epochMillisOf(startedAt)) / 1_000;
}

function gaps({ interruptions }: Report, scale: Scale): readonly Markup[] {
  return interruptions.map(({ from, until }) => {
    const begin = Math.max(0, offset(from, scale));
    const length = offset(until, scale) - begin;
    return html`<i
      class="gap"
      style="left:${percentOf(begin, scale.seconds)};width:${percentOf(length, scale.seconds)}"
    ></i>`;
  });
}

function stops({ rto }: Report, scale: Scale): readonly Markup[] {
  return [['usable', rto.usableSeconds] as const, ['verified', rto.verifiedSeconds] as const].flatMap(
    ([name, seconds]) =>
      seconds === null ? [] : [html`<i class="stop ${name}" style="left:${percentOf(seconds, scale.seconds)}"></i>`],
  );
}

function key({ rto, interruptions }: Report): readonly Markup[] {
  const stop = (name: 'usable' | 'verified', seconds: number | null) =>
    seconds === null
      ? []
      : [html` <span class="key"><i class="stop ${name}"></i>${name} after ${formatSeconds(seconds)}</span>`];
  const gap = interruptions.length > 0 ? [html` <span class="key"><i class="gap"></i>no controller ran</span>`] : [];
  return [...stop('usable', rto.usableSeconds), ...stop('verified', rto.verifiedSeconds), ...gap];
}

function axis({ seconds }: Scale): Markup {
  const marks = [0, 0.25, 0.5, 0.75, 1].map(
    (share) =>
      html`<span style="left:${percentOf(share, 1)}">${share === 0 ? '0' : formatSeconds(seconds * share)}</span>`,
  );
  return html`<li class="axis" aria-hidden="true">
    <span class="what"></span><span class="track">${marks}</span><span class="took"></span>
  </li>`;
}
