import { confidenceInWords } from '../catalog/confidence.ts';
import { cutoverFigure } from './cutover-words.ts';
import { oneLine } from './escape.ts';
import { formatInstant, formatSeconds, formatSentence } from './format.ts';
import { groupFigure } from './group-words.ts';
import { controlInWords, controlsWithout, proofFigure, proofInWords } from './proof-words.ts';
import type { Report, ReportedCheck, ReportedGroup, ReportedProblem } from './report.ts';
import {
  awsPlaceInWords,
  drawInWords,
  isolationInWords,
  notificationInWords,
  objectiveFigure,
  occurrenceInWords,
  recoveryMoments,
  rtoExcludes,
  teardownCommand,
  teardownInWords,
} from './words.ts';

export interface TerminalOptions {
  /** ANSI colours; without them the text says as much. */
  readonly color: boolean;
  /** Columns; longer text is wrapped, never cut. */
  readonly width: number;
}

type Paint = 'green' | 'red' | 'yellow' | 'dim' | 'bold';

const PAINTS: Readonly<Record<Paint, readonly [number, number]>> = {
  green: [32, 39],
  red: [31, 39],
  yellow: [33, 39],
  dim: [2, 22],
  bold: [1, 22],
};

/** A line: what it is about, in a column of its own, and what there is to say; words before colours. */
interface Line {
  readonly label: string;
  readonly text: string;
  readonly paint?: Paint;
}

const LABEL_WIDTH = 14;
const MINIMUM_TEXT_WIDTH = 20;

/** The summary at the end of a drill: verdict, why, figures, what did not pass, teardown. Ends in a line feed. */
export function reportTerminal(report: Report, options: TerminalOptions): string {
  const lines = [
    ...verdictLines(report),
    ...figureLines(report),
    ...checkLines(report),
    ...proofLines(report),
    ...endLines(report),
    ...problemLines(report),
    ...confidenceLines(report),
    ...notificationLines(report),
  ];
  return `${lines.flatMap((line) => render(line, options)).join('\n')}\n`;
}

const VERDICT_PAINTS = { passed: 'green', failed: 'red', inconclusive: 'yellow' } as const;

function verdictLines(report: Report): readonly Line[] {
  const { verdict, because, reasons, drillId, recoveryPoints } = report;
  const place = awsPlaceInWords(report);
  const scheduled = occurrenceInWords(report);
  return [
    { label: verdict.toUpperCase(), text: because, paint: VERDICT_PAINTS[verdict] },
    ...reasons.slice(1).map((reason) => ({ label: '', text: formatSentence(reason) })),
    { label: 'drill', text: drillId },
    ...(scheduled === undefined ? [] : [{ label: '', text: scheduled }]),
    ...(place === undefined ? [] : [{ label: 'on AWS', text: place }]),
    ...recoveryPoints.map((point) => ({
      label: point.resource,
      text: `'${point.id}', captured ${formatInstant(point.capturedAt)} (${drawInWords(point)})`,
    })),
  ];
}

const OBJECTIVE_PAINTS = { met: 'green', missed: 'red', unmeasured: 'yellow' } as const;

function figureLines({ rto, rpo, groups = [], cutover, settings }: Report): readonly Line[] {
  return [
    { label: `RTO ${rto.outcome}`, text: objectiveFigure(rto), paint: OBJECTIVE_PAINTS[rto.outcome] },
    ...becauseLine(rto.because),
    { label: '', text: `${recoveryMoments(rto)}; ${rtoExcludes(rto)}`, paint: 'dim' },
    { label: `RPO ${rpo.outcome}`, text: objectiveFigure(rpo), paint: OBJECTIVE_PAINTS[rpo.outcome] },
    ...becauseLine(rpo.because),
    ...(rpo.measuredSeconds === null ? [] : [{ label: '', text: rpo.source, paint: 'dim' } as const]),
    ...groups.flatMap(groupLines),
    ...(cutover
      ? [{ label: 'DNS cutover', text: cutoverFigure(cutover), paint: OBJECTIVE_PAINTS[cutover.outcome] } as const]
      : []),
    ...settings.map((setting): Line => ({ label: '', text: `with ${setting}`, paint: 'dim' })),
  ];
}

function groupLines(group: ReportedGroup): readonly Line[] {
  const text = `${group.name}: ${groupFigure(group)}`;
  return [
    { label: `group ${group.outcome}`, text, paint: OBJECTIVE_PAINTS[group.outcome] },
    ...becauseLine(group.because),
  ];
}

function becauseLine(because: string | undefined): readonly Line[] {
  return because === undefined ? [] : [{ label: '', text: because }];
}

const CHECK_PAINTS = { passed: 'green', failed: 'red', errored: 'yellow', skipped: 'yellow' } as const;

function checkLines({ checks }: Report): readonly Line[] {
  return checks.map((check) => ({
    label: check.outcome,
    text: `${check.name}${check.outcome === 'passed' ? took(check) : whatWasSeen(check)}`,
    paint: CHECK_PAINTS[check.outcome],
  }));
}

/** Only what was not noticed is told one by one, and of a check without a control that alone. */
function proofLines({ proofs = [], controls = [] }: Report): readonly Line[] {
  if (proofs.length === 0) return [];
  const isProven = proofs.every(({ outcome }) => outcome === 'caught');
  const unproven = proofs.filter(({ outcome }) => outcome !== 'caught' && outcome !== 'no-control');
  return [
    { label: 'proofs', text: proofFigure({ proofs, controls }), paint: isProven ? 'green' : 'yellow' },
    ...controlsWithout(controls).map((control) => ({
      label: 'no control',
      text: `${control.name}: on an undamaged copy ${controlInWords(control)}`,
    })),
    ...unproven.map((proof) => ({ label: '', text: `${proof.name}: ${proof.damage}; ${proofInWords(proof)}` })),
  ];
}

function took({ seconds, observed }: ReportedCheck): string {
  return `: ${observed}${seconds === null ? '' : ` (${formatSeconds(seconds)})`}`;
}

function whatWasSeen({ observed, expected, because, severity }: ReportedCheck): string {
  const seen = because ?? (expected === '' ? observed : `observed ${observed}, expected ${expected}`);
  return `: ${seen}${severity === 'warn' ? ' (only warns)' : ''}`;
}

const TEARDOWN_PAINTS = { clean: 'green', kept: 'yellow', leaked: 'red' } as const;

function endLines(report: Report): readonly Line[] {
  const { isolation, teardown } = report;
  const command = teardownCommand(report);
  return [
    {
      label: 'isolation',
      text: isolationInWords(isolation),
      paint: isolation.proven ? 'green' : 'yellow',
    },
    {
      label: `teardown`,
      text: `${teardown.outcome}: ${teardownInWords(teardown)}`,
      paint: TEARDOWN_PAINTS[teardown.outcome],
    },
    ...teardown.left.map(({ id }) => ({ label: 'left', text: id })),
    ...(command === undefined ? [] : [{ label: 'to end it', text: command }]),
  ];
}

function problemLines({ problems }: Report): readonly Line[] {
  // What stopped several checks is told once: what to do about it is the same.
  const isFirst = ({ code, message }: ReportedProblem, index: number): boolean =>
    problems.findIndex((one) => one.code === code && one.message === message) === index;
  return problems.filter(isFirst).flatMap(({ code, message, hint, warning }): readonly Line[] => [
    { label: warning ? 'warning' : 'problem', text: `${message} [${code}]`, paint: warning ? 'yellow' : 'red' },
    { label: 'hint', text: hint, paint: 'dim' },
  ]);
}

function confidenceLines({ confidence = [] }: Report): readonly Line[] {
  return confidence.map(({ resource, ...bound }) => ({
    label: 'confidence',
    text: `${confidence.length > 1 ? `${resource}: ` : ''}${confidenceInWords(bound)}`,
    paint: 'dim',
  }));
}

function notificationLines({ notifications = [] }: Report): readonly Line[] {
  return notifications.map((one) => ({
    label: one.outcome === 'sent' ? 'told' : 'not told',
    text: one.because ?? notificationInWords(one),
    paint: one.outcome === 'sent' ? 'dim' : 'yellow',
  }));
}

function render({ label, text, paint }: Line, { color, width }: TerminalOptions): readonly string[] {
  const named = oneLine(label).padEnd(LABEL_WIDTH);
  const lines = wrap(oneLine(text), Math.max(MINIMUM_TEXT_WIDTH, width - Math.max(LABEL_WIDTH, named.length) - 1));
  const painted = (part: string) => (color && paint !== undefined ? inColor(part, paint) : part);
  return lines.map((line, index) => {
    const first = index === 0 ? painted(named) : ' '.repeat(named.length);
    return `${first} ${paint === 'dim' ? painted(line) : line}`.trimEnd();
  });
}

function inColor(text: string, paint: Paint): string {
  const [on, off] = PAINTS[paint];
  return text === '' ? '' : `\u001B[${on}m${text}\u001B[${off}m`;
}

/** Broken between words; a word longer than the line stays whole, so that it can be copied. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
