import { oneLine } from '../../report/escape.ts';
import { formatCount, formatInstant } from '../../report/format.ts';
import type { ObjectiveOutcome, Report } from '../../report/report.ts';
import { objectiveFigure, teardownCommand, teardownInWords } from '../../report/words.ts';
import type { Occasion } from '../../runbook/runbook.ts';
import type { DrillNotice, LateNotice, MissedNotice, Notice, StaleNotice } from './notice.ts';

/** A notice in the forms that channels need. No value of a row and no secret is in any of them. */
export interface Message {
  readonly occasion: Occasion;
  /** One line. */
  readonly subject: string;
  /** One sentence that says why. */
  readonly because: string;
  /** Facts in order, each on one line. */
  readonly facts: readonly (readonly [label: string, text: string])[];
  /** All of that, for a reader; ends in a line feed. */
  readonly text: string;
  /** All of that, for a program. */
  readonly json: NoticeDocument;
}

/** What a webhook is sent: version 1. Fields may be added; none changes its meaning or goes. */
export interface NoticeDocument {
  readonly schema: 1;
  readonly occasion: Occasion;
  readonly subject: string;
  readonly because: string;
  readonly [fact: string]: unknown;
}

/** A reason is a sentence; what is longer than this came out of something that went wrong. */
const LONGEST = 1_000;
/** Of what is left, so many are named; the report names all. */
const MOST_NAMED = 20;

/** Writes the message of a notice; the same notice gives the same message. */
export function messageOf(notice: Notice): Message {
  const { subject, because, facts, details } = partsOf(notice);
  // Slack takes no empty text; a journal that drillbook did not write may give no reason.
  const head = { subject: short(subject), because: short(because) || 'No reason is known.' };
  const lines = facts.map(([label, text]) => [label, short(text)] as const);
  return {
    occasion: notice.occasion,
    ...head,
    facts: lines,
    text: [head.subject, '', head.because, '', ...lines.map(([label, text]) => `${label}: ${text}`), ''].join('\n'),
    json: { schema: 1, occasion: notice.occasion, ...head, ...details },
  };
}

interface Parts {
  readonly subject: string;
  readonly because: string;
  readonly facts: Message['facts'];
  readonly details: Readonly<Record<string, unknown>>;
}

function partsOf(notice: Notice): Parts {
  switch (notice.occasion) {
    case 'late':
    case 'missed':
      return ofSchedule(notice);
    case 'stale':
      return ofStale(notice);
    default:
      return ofDrill(notice);
  }
}

function ofDrill({ occasion, report, folder }: DrillNotice): Parts {
  const { drillId, runbook, owner, verdict, because, startedAt, finishedAt, rto, rpo, teardown } = report;
  const left = teardown.left.map(({ id }) => oneLine(id));
  const command = teardownCommand(report);
  return {
    subject: subjectOfDrill(occasion, report),
    because,
    facts: [
      ['verdict', verdict],
      ['drill', drillId],
      ...owned(owner),
      ['started', formatInstant(startedAt)],
      ['RTO', `${rto.outcome}: ${objectiveFigure(rto)}`],
      ['RPO', `${rpo.outcome}: ${objectiveFigure(rpo)}`],
      ['teardown', `${teardown.outcome}: ${teardownInWords(teardown)}`],
      ...left.slice(0, MOST_NAMED).map((id) => ['left', id] as const),
      ...(left.length > MOST_NAMED ? [['left', `and ${left.length - MOST_NAMED} more`] as const] : []),
      ...(command === undefined ? [] : [['to end it', command] as const]),
      ['report', folder],
    ],
    details: {
      drillId,
      runbook,
      ...(owner !== undefined && { owner }),
      verdict,
      startedAt,
      finishedAt,
      rto: figuresOf(rto),
      rpo: figuresOf(rpo),
      teardown: { outcome: teardown.outcome, left: left.slice(0, MOST_NAMED), leftInAll: left.length },
      reportFolder: folder,
    },
  };
}

function subjectOfDrill(occasion: DrillNotice['occasion'], { runbook, teardown }: Report): string {
  if (occasion === 'leaked') {
    const what = teardown.left.length === 0 ? 'something' : formatCount(teardown.left.length, 'resource');
    return `LEAKED: drill of '${runbook}' has left ${what}`;
  }
  const but = teardown.outcome === 'leaked' ? ', but something is left' : '';
  return `${occasion.toUpperCase()}: drill of '${runbook}'${but}`;
}

function figuresOf({ outcome, targetSeconds, measuredSeconds, errorSeconds }: ObjectiveOutcome): object {
  return { outcome, targetSeconds, measuredSeconds, errorSeconds };
}

function ofSchedule(notice: LateNotice | MissedNotice): Parts {
  const { occasion, drill, due, because } = notice;
  const startedAt = notice.occasion === 'late' ? notice.startedAt : undefined;
  const how = occasion === 'missed' ? 'was missed' : startedAt === undefined ? 'is late' : 'began late';
  return {
    subject: `${occasion.toUpperCase()}: drill '${drill}', due ${formatInstant(due)}, ${how}`,
    because,
    facts: [
      ['drill', drill],
      ['due', formatInstant(due)],
      ...(startedAt === undefined ? [] : [['started', formatInstant(startedAt)] as const]),
    ],
    details: { drill, due, ...(startedAt !== undefined && { startedAt }) },
  };
}

function ofStale({ runbook, owner, verifiedAt, because }: StaleNotice): Parts {
  const last = verifiedAt === undefined ? 'never' : formatInstant(verifiedAt);
  return {
    subject: `STALE: restores of '${runbook}' are not proven any more`,
    because,
    facts: [['runbook', runbook], ...owned(owner), ['last verified', last]],
    details: { runbook, ...(owner !== undefined && { owner }), verifiedAt: verifiedAt ?? null },
  };
}

function owned(owner: string | undefined): Message['facts'] {
  return owner === undefined ? [] : [['owner', owner]];
}

function short(text: string): string {
  const line = oneLine(text).trim();
  return line.length > LONGEST ? `${line.slice(0, LONGEST)} …` : line;
}
