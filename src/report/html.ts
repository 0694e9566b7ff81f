import { millisBetween } from '../support/time.ts';
import { formatInstant, formatSeconds, formatSentence } from './format.ts';
import { cutoverSection } from './html-cutover.ts';
import { figuresSection } from './html-figures.ts';
import { groupsSection } from './html-groups.ts';
import { TONES, type Markup, html, icon, moment, styleSheet } from './html-markup.ts';
import { confidenceSection } from './html-confidence.ts';
import { proofsSection } from './html-proofs.ts';
import { notificationsSection } from './html-notifications.ts';
import {
  checksSection,
  evidenceSection,
  isolationSection,
  problemsSection,
  recoveryPointsSection,
  teardownSection,
} from './html-sections.ts';
import { REPORT_CSS } from './html-style.ts';
import { timelineSection } from './html-timeline.ts';
import type { Report } from './report.ts';
import { VERDICT_MEANS, awsPlaceInWords, occurrenceInWords } from './words.ts';

/** Nothing may be fetched and no script may run, whoever serves or mails the file; styles are all inline. */
const CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** `report.html`: the report as one self-contained page, verdict first; it fetches nothing and needs no script. */
export function reportHtml(report: Report): string {
  const { verdict, runbook, startedAt } = report;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${CONTENT_SECURITY_POLICY}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>${`${verdict}: drill of ${runbook}, ${formatInstant(startedAt)}`}</title>
        ${styleSheet(REPORT_CSS)}
      </head>
      <body>
        <main>
          ${verdictHeader(report)} ${problemsFirst(report)} ${figuresSection(report)}
          ${checksSection(report)}${proofsSection(report)} ${timelineSection(report)} ${recoveryPointsSection(report)}
          ${groupsSection(report)}${cutoverSection(report)} ${isolationSection(report)} ${endSections(report)}
          ${isBad(report) ? undefined : problemsSection(report)} ${evidenceSection(report)}
        </main>
      </body>
    </html> `;
  return page.markup;
}

function endSections(report: Report): Markup {
  return html`${confidenceSection(report)}${teardownSection(report)}${notificationsSection(report)}`;
}

/** Where the drill did not pass, people look for what to do before they look at anything else. */
function problemsFirst(report: Report): Markup | undefined {
  return isBad(report) ? problemsSection(report) : undefined;
}

function isBad({ verdict, teardown }: Report): boolean {
  return verdict !== 'passed' || teardown.outcome === 'leaked';
}

const VERDICT_WORD = { passed: 'Passed', failed: 'Failed', inconclusive: 'Inconclusive' } as const;

function verdictHeader(report: Report): Markup {
  const { verdict, because, reasons, runbook, owner, drillId, startedAt, finishedAt, finished, teardown } = report;
  const took = Math.max(0, millisBetween(startedAt, finishedAt) / 1_000);
  const end = finished ? `took ${formatSeconds(took)}` : `not finished; last heard of ${formatInstant(finishedAt)}`;
  const place = awsPlaceInWords(report);
  const scheduled = occurrenceInWords(report);
  const beneath = [scheduled && formatSentence(scheduled), place && `Restored on AWS: ${place}`]
    .filter((words) => words !== undefined)
    .map((words) => html`<br />${words}`);
  const more = reasons.slice(1).map((reason) => html`<li>${formatSentence(reason)}</li>`);
  return html`<header class="verdict ${TONES[verdict]}">
    <p class="runbook">
      Drill of <b>${runbook}</b>${owner !== undefined && html` <span class="muted">owned by ${owner}</span>`}
    </p>
    <h1>${icon(TONES[verdict])}${VERDICT_WORD[verdict]}</h1>
    <p class="why">${because}</p>
    ${
      more.length > 0 &&
      html`<ul class="small">
        ${more}
      </ul>`
    }
    <p class="muted">${VERDICT_MEANS[verdict]}</p>
    ${
      teardown.outcome === 'leaked' &&
      html`<p class="lead bad">
        ${icon('bad')}<span><b>Something is left behind.</b> See teardown below.</span>
      </p>`
    }
    <p class="small muted">
      ${moment(startedAt, formatInstant(startedAt))}, ${end} ·
      <code>${drillId}</code>${beneath}
    </p>
  </header>`;
}
