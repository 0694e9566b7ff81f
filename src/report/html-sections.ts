import { formatBytes, formatCount, formatInstant, formatSeconds, formatSentence } from './format.ts';
import { groupRecipe } from './group-words.ts';
import { type Markup, chip, facts, html, icon, moment, section, table } from './html-markup.ts';
import type { Report, ReportedCheck, ReportedRecoveryPoint } from './report.ts';
import { DRAW_RECIPE, isolationInWords, orDash, purposeInWords, teardownCommand, teardownInWords } from './words.ts';

/** Every check with its purpose, what was observed and what was expected. */
export function checksSection({ checks }: Report): Markup {
  const title = { title: 'Checks', id: 'checks' };
  if (checks.length === 0) return section(title, html`<p>There was none.</p>`);
  const columns = ['outcome', 'check', 'purpose', 'observed', 'expected', 'took'];
  return section(title, table({ columns, kind: 'checks' }, checks.map(checkRow)));
}

function checkRow(check: ReportedCheck) {
  const { outcome, name, of, kind, observed, expected, seconds, because } = check;
  const why =
    because !== undefined && because !== observed && html`<span class="because">${formatSentence(because)}</span>`;
  return [
    chip(outcome),
    html`<b>${name}</b><span class="small muted">${kind} of ${of}</span>`,
    purposeInWords(check),
    html`<span>${orDash(observed)}</span>${why}`,
    orDash(expected),
    seconds === null ? '–' : formatSeconds(seconds),
  ];
}

/** What was restored, how it was drawn, and how anyone draws it again. */
export function recoveryPointsSection(report: Report): Markup {
  const { recoveryPoints } = report;
  const title = { title: 'Recovery points', id: 'recovery-points' };
  if (recoveryPoints.length === 0) return section(title, html`<p>None was drawn.</p>`);
  const grouped = groupRecipe(report);
  return section(
    title,
    html`<div class="cards">${recoveryPoints.map((point) => recoveryPointCard(point, grouped))}</div>`,
  );
}

function recoveryPointCard(point: ReportedRecoveryPoint, grouped: string | undefined): Markup {
  const { resource, id, capturedAt, capturedAtSource, format, engine, bytesRestored, dataMoment, lostSeconds, draw } =
    point;
  return html`<article class="card">
    <header>
      <h3>${resource}</h3>
      <code>${id}</code>
    </header>
    ${facts(
      [
        'captured',
        html`${moment(capturedAt, formatInstant(capturedAt))} <span class="small muted">${capturedAtSource}</span>`,
      ],
      ['form', `${format}, ${engine}${bytesRestored === null ? '' : `, ${formatBytes(bytesRestored)} restored`}`],
      [
        'data up to',
        dataMoment
          ? html`${moment(dataMoment.at, formatInstant(dataMoment.at))}
              <span class="small muted">${dataMoment.source}</span>`
          : 'unknown',
      ],
      ['data lost', lostSeconds === null ? 'unknown' : formatSeconds(lostSeconds)],
      ['draw', drawWords(point)],
    )}
    ${candidatesStrip(draw)}
    <details>
      <summary>Draw it again</summary>
      <p class="small">${draw.follows ? grouped : DRAW_RECIPE}</p>
      ${facts(['seed', html`<code>${draw.seed}</code>`], ['digest', html`<code class="long">${draw.candidatesDigest}</code>`], ['index', String(draw.index)])}
      ${candidatesList(draw)}
    </details>
  </article>`;
}

function drawWords({ draw, candidates }: ReportedRecoveryPoint): Markup {
  const place = candidates === 1 ? 'the only candidate' : `number ${draw.index + 1} of ${candidates} candidates`;
  const seed = !draw.follows && html`, seed <code>${draw.seed}</code>`;
  return html`${place}, strategy <b>${draw.strategy}</b>${seed}`;
}

const MOST_DOTS = 60;
const MOST_LISTED = 200;

function candidatesStrip({ candidates, index }: ReportedRecoveryPoint['draw']): Markup | undefined {
  if (candidates.length < 2 || candidates.length > MOST_DOTS) return undefined;
  const dots = candidates.map(({ id }, at) => html`<i class="${at === index ? 'drawn' : ''}" title="${id}"></i>`);
  return html`<div class="strip" aria-hidden="true"><span>oldest</span>${dots}<span>newest</span></div>`;
}

function candidatesList({ candidates, index, excluded }: ReportedRecoveryPoint['draw']): Markup {
  const listed = candidates.slice(0, MOST_LISTED).map(({ id, capturedAt }, at) => {
    const name = at === index ? html`<b>${id}</b> (drawn)` : id;
    return html`<li>${name} <span class="muted">${formatInstant(capturedAt)}</span></li>`;
  });
  const more =
    candidates.length > MOST_LISTED &&
    html`<p class="small">${candidates.length - MOST_LISTED} more are in report.json.</p>`;
  const out = excluded
    .slice(0, MOST_LISTED)
    .map(({ id, because }) => html`<li>${id} <span class="muted">${because}</span></li>`);
  return html`<h4>Candidates in order</h4>
    <ol class="small" start="0">
      ${listed}
    </ol>
    ${more}
    ${
      out.length > 0 &&
      html`<h4>Excluded</h4>
        <ul class="small">
          ${out}
        </ul>`
    }`;
}

/** What kept the sandbox apart, and how that was shown. */
export function isolationSection({ isolation }: Report): Markup {
  const { proven, proofs } = isolation;
  const tone = proven ? 'good' : 'unsure';
  const times = [...new Set(proofs.map(({ when }) => when))];
  return section(
    { title: 'Isolation', id: 'isolation' },
    html`<p class="lead ${tone}">${icon(tone)}<span>${formatSentence(isolationInWords(isolation))}</span></p>`,
    ...times.map((when) => proofsOf(when, isolation)),
  );
}

/** More proofs than this are folded away while all of them hold: on AWS there are dozens. */
const MOST_OPEN_PROOFS = 20;

function proofsOf(when: string, { proofs }: Report['isolation']): Markup {
  const own = proofs.filter((proof) => proof.when === when);
  const holding = own.filter(({ holds }) => holds).length;
  const isOpen = proofs.length <= MOST_OPEN_PROOFS || holding < own.length;
  const rows = own.map((proof) => [
    html`<span class="chip ${proof.holds ? 'good' : 'bad'}"
      >${icon(proof.holds ? 'good' : 'bad')}${proof.holds ? 'holds' : 'broken'}</span
    >`,
    html`${proof.claim}<span class="small muted">${proof.method}</span>`,
    orDash(proof.expected),
    orDash(proof.observed),
  ]);
  return html`<details${isOpen ? html` open` : ''}>
    <summary>${formatSentence(when).replace(/\.$/, '')}: ${holding} of ${formatCount(own.length, 'proof')} held</summary>
    ${table({ columns: ['holds', 'claim', 'expected', 'observed'], kind: 'proofs' }, rows)}
  </details>`;
}

/** What was made, what was removed, and what is left. */
export function teardownSection(report: Report): Markup {
  const { teardown } = report;
  const command = teardownCommand(report);
  const left = teardown.left.map(
    ({ id, type }) => html`<li><code class="long">${id}</code> <span class="muted">${type}</span></li>`,
  );
  return section(
    { title: 'Teardown', id: 'teardown' },
    html`<p class="lead">${chip(teardown.outcome)}<span>${formatSentence(teardownInWords(teardown))}</span></p>`,
    left.length > 0 &&
      html`<ul>
        ${left}
      </ul>`,
    command !== undefined && html`<p>To end it: <code class="long">${command}</code></p>`,
  );
}

/** What went wrong and what to do about it. */
export function problemsSection({ problems }: Report): Markup | undefined {
  if (problems.length === 0) return undefined;
  const items = problems.map(({ message, hint, code, where, warning }) => {
    const tone = warning ? 'unsure' : 'bad';
    return html`<li class="${tone}">
      ${icon(tone)}
      <div>
        <p><b>${formatSentence(message)}</b></p>
        <p>${hint}</p>
        <p class="small muted">
          <code>${code}</code
          >${where !== undefined && html` in <code>${where}</code>`}${warning && ', a warning: it stopped nothing'}
        </p>
      </div>
    </li>`;
  });
  return section(
    { title: 'Problems', id: 'problems' },
    html`<ul class="problems">
      ${items}
    </ul>`,
  );
}

/** What backs this report, and how to see that nobody changed it. */
export function evidenceSection({ planDigest, seed, seedChosen, journalLines, drillId, tool }: Report): Markup {
  const digest = planDigest === null ? 'nothing was planned' : html`<code class="long">${planDigest}</code>`;
  return section(
    { title: 'Evidence', id: 'evidence' },
    facts(
      [
        'verify',
        html`<code class="long">drillbook verify ${drillId}</code>
          <span class="small muted">recomputes the hash chain of the journal and this report</span>`,
      ],
      ['journal', `${journalLines} lines in journal.jsonl, each with the hash of the line before`],
      ['plan digest', digest],
      [
        'seed',
        html`<code>${seed}</code>
          <span class="small muted">${seedChosen ? 'chosen by a person' : 'drawn at random'}</span>`,
      ],
      ['made by', `drillbook ${tool}`],
    ),
  );
}
