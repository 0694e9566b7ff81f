import { formatInstant, formatSeconds, formatSentence } from './format.ts';
import { TONES, type Markup, chip, html, moment, section } from './html-markup.ts';
import type { ObjectiveOutcome, Report } from './report.ts';
import { errorInWords, rtoExcludes } from './words.ts';

/** RTO and RPO, each against its target, and what to read beside them. */
export function figuresSection(report: Report): Markup {
  const { rto, rpo, settings, interruptions } = report;
  const notes = [
    ...settings,
    ...interruptions.map(
      ({ from, until }) => `No controller ran from ${formatInstant(from)} to ${formatInstant(until)}.`,
    ),
  ];
  const beside = html`<aside class="note">
    <h3>Read these figures with this in mind</h3>
    <ul>
      ${notes.map((note) => html`<li>${note}</li>`)}
    </ul>
  </aside>`;
  return section(
    { title: 'Objectives', id: 'objectives' },
    html`<div class="cards">${rtoCard(rto)}${rpoCard(rpo, report)}</div>`,
    notes.length > 0 && beside,
  );
}

function rtoCard(rto: Report['rto']): Markup {
  const stops = [
    ['usable', rto.usableSeconds, 'smoke'],
    ['verified', rto.verifiedSeconds, 'integrity'],
  ] as const;
  const lines = stops.map(([name, seconds, purpose]) => {
    const reached =
      seconds === null
        ? `not reached: not every required ${purpose} check passed`
        : `after ${formatSeconds(seconds)}, with the last required ${purpose} check`;
    return html`<li><b>${name}</b> ${reached}${name === rto.until && '; this counts'}</li>`;
  });
  const more = html`<ul class="small">
    ${lines}
    <li>${formatSentence(rtoExcludes(rto))}</li>
  </ul>`;
  return objectiveCard({ name: 'RTO', long: 'time to recover', objective: rto }, more);
}

function rpoCard(rpo: ObjectiveOutcome, { disasterAt, recoveryPoints }: Report): Markup {
  const losses = recoveryPoints.flatMap(({ resource, dataMoment }) =>
    dataMoment
      ? [html`<li><b>${resource}</b> holds data up to ${moment(dataMoment.at, formatInstant(dataMoment.at))}</li>`]
      : [],
  );
  const disaster =
    disasterAt && html`<li><b>disaster</b> assumed at ${moment(disasterAt.at, formatInstant(disasterAt.at))}</li>`;
  const more = html`<ul class="small">
    ${losses}${disaster ?? undefined}
  </ul>`;
  return objectiveCard({ name: 'RPO', long: 'data lost', objective: rpo }, more);
}

function objectiveCard(of: { name: string; long: string; objective: ObjectiveOutcome }, more: Markup): Markup {
  const { name, long, objective } = of;
  const { outcome, measuredSeconds, targetSeconds, errorSeconds, because, source } = objective;
  const figure = measuredSeconds === null ? 'not measured' : formatSeconds(measuredSeconds);
  const target = targetSeconds === null ? 'no target' : `target ${formatSeconds(targetSeconds)}`;
  return html`<article class="card objective ${TONES[outcome]}">
    <header>
      <h3>${name} <span class="muted">${long}</span></h3>
      ${chip(outcome)}
    </header>
    <p class="figure">
      ${figure} ${measuredSeconds !== null && html`<span class="error">${errorInWords(errorSeconds)}</span>`}
    </p>
    ${gauge(objective)}
    <p class="small muted">${target}${share(objective)}</p>
    ${because !== undefined && html`<p class="because">${formatSentence(because)}</p>`} ${more}
    <p class="small muted">Source: ${source}.</p>
  </article>`;
}

function share({ measuredSeconds, targetSeconds }: ObjectiveOutcome): string {
  if (measuredSeconds === null || targetSeconds === null || targetSeconds <= 0) return '';
  if (measuredSeconds > targetSeconds) return `, exceeded by ${formatSeconds(measuredSeconds - targetSeconds)}`;
  const percent = (measuredSeconds / targetSeconds) * 100;
  const words = percent < 0.1 ? 'less than 0.1' : percent < 10 ? percent.toFixed(1) : Math.floor(percent);
  return `, of which ${words} % was used`;
}

/** A bar of what was measured, with a tick where the target lies. */
function gauge({ measuredSeconds, targetSeconds, outcome }: ObjectiveOutcome): Markup | undefined {
  if (targetSeconds === null) return undefined;
  const measured = Math.max(0, measuredSeconds ?? 0);
  const scale = Math.max(measured, targetSeconds) || 1;
  const over = measured > targetSeconds;
  const fill =
    measuredSeconds !== null &&
    html`<i class="fill ${TONES[outcome]}" style="width:${percentOf(measured, scale)}"></i>`;
  return html`<div class="gauge${measuredSeconds === null ? ' empty' : ''}" aria-hidden="true">
    ${fill} <i class="target${over ? ' passed-by' : ''}" style="left:${percentOf(targetSeconds, scale)}"></i>
  </div>`;
}

/** A place or a length on a scale, as CSS has it. */
export function percentOf(value: number, scale: number): string {
  const share = scale > 0 ? Math.min(1, Math.max(0, value / scale)) : 0;
  return `${Math.round(share * 10_000) / 100}%`;
}
