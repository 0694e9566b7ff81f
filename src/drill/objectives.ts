import { type Instant, type Millis, millisBetween } from '../support/time.ts';
import type { CheckSpec } from '../runbook/check-spec.ts';
import { type MeasuredLoss, lossesOf } from './data-loss.ts';
import { type Doubt, type Elapsed, elapsedBetween } from './elapsed.ts';
import type { DrillEvent } from './events.ts';
import { type DrillRecord, type EventOf, judgementOf, outcomeInWords, recordOf, requiredChecksOf } from './record.ts';
import { endOfSpan } from './timeline.ts';

/** An objective against what the drill saw. Without a target it is `unmeasured`, though a figure may be there. */
export interface Measured {
  readonly outcome: 'met' | 'missed' | 'unmeasured';
  readonly target?: Millis;
  readonly measured?: Millis;
  /** What the figure was read from. */
  readonly source: string;
  /** How far off the figure can be. */
  readonly error: Millis;
  /** Why it is unmeasured, or what to know about a figure that is not beyond doubt. */
  readonly because?: string;
}

export interface MeasuredObjectives {
  readonly rto: Measured & {
    readonly until: 'usable' | 'verified';
    readonly usable?: Millis;
    readonly verified?: Millis;
  };
  readonly rpo: Measured;
  /** The disaster that the RPO was measured from: the one of the resource that would have lost most. */
  readonly disasterAt?: { readonly at: Instant; readonly source: string };
  /** One a planned resource, in the plan's order. */
  readonly losses: readonly MeasuredLoss[];
}

/** What a look may come late where a restore does not say when it ended by itself; pollers look at least this often. */
const POLLING_ERROR: Millis = 2_000;
/** Wall times are journaled in whole milliseconds, and a duration has two ends. */
const ROUNDING_ERROR: Millis = 2;
/** How far the clocks of two machines that keep time may lie apart: a source's clock and the controller's. */
export const CLOCK_ERROR: Millis = 1_000;

/** Measures RTO and RPO from the events of a journal, or says why they cannot be. */
export function objectivesOf(events: readonly DrillEvent[]): MeasuredObjectives {
  const record = recordOf(events);
  const losses = lossesOf(record);
  const worst = worstOf(losses);
  return {
    rto: rtoOf(record),
    rpo: rpoOf(record, losses, worst),
    ...(worst?.disasterAt && { disasterAt: worst.disasterAt }),
    losses,
  };
}

/**
 * The RTO runs from line 1 of the journal to the last required integrity check (or smoke check, with `until: usable`),
 * and exists only if all required checks passed. It is wall time. Where the clocks disagree the longer time counts, and
 * a miss is no miss but unmeasured; so it is when the controller was interrupted.
 */
function rtoOf(record: DrillRecord): MeasuredObjectives['rto'] {
  const objective = record.started?.runbook.objectives.rto;
  const until = objective?.until ?? 'verified';
  const required = requiredChecksOf(record);
  const usable = lastPassed(
    record,
    required.filter(({ purpose }) => purpose === 'smoke'),
  );
  const verified = lastPassed(
    record,
    required.filter(({ purpose }) => purpose === 'integrity'),
  );
  const end = until === 'usable' ? usable : verified;
  const unpassed = required.filter((check) => judgementOf(record, check)?.judgement.outcome !== 'passed');
  const elapsed = end && elapsedSinceStart(record, end);
  const common = {
    until,
    source: `journal: from the start of the drill to the last required ${until === 'usable' ? 'smoke' : 'integrity'} check`,
    ...(objective && { target: objective.target }),
    ...(usable && { usable: timeOf(elapsedSinceStart(record, usable)) }),
    ...(verified && { verified: timeOf(elapsedSinceStart(record, verified)) }),
  };
  const unmeasured = (because: string) => ({ ...common, outcome: 'unmeasured', error: 0, because }) as const;
  if (elapsed === undefined || unpassed.length > 0) return unmeasured(whyNoRto(record, until, unpassed));
  if (isWorthless(elapsed)) return unmeasured(elapsed.doubts.map(({ because }) => because).join('; '));
  const clocksPart = elapsed.mono === undefined ? 0 : Math.abs(elapsed.wall - elapsed.mono);
  const error = ROUNDING_ERROR + pollingError(record) + clocksPart;
  return { ...common, ...compare({ measured: timeOf(elapsed), error, doubts: elapsed.doubts }, objective?.target) };
}

function whyNoRto(record: DrillRecord, until: 'usable' | 'verified', unpassed: readonly CheckSpec[]): string {
  if (record.started === undefined) return 'the drill did not start';
  const [first] = unpassed;
  if (first === undefined) return `there is no required ${until === 'usable' ? 'smoke' : 'integrity'} check`;
  const others = unpassed.length === 1 ? '' : ` (and ${unpassed.length - 1} more)`;
  return `not all required checks passed: '${first.name}' ${outcomeInWords(record, first)}${others}`;
}

/** The judgement that came last, if all of the checks passed and there is one. */
function lastPassed(record: DrillRecord, checks: readonly CheckSpec[]): EventOf<'check-judged'> | undefined {
  const judged = checks.map((check) => judgementOf(record, check));
  if (judged.some((event) => event?.judgement.outcome !== 'passed')) return undefined;
  return judged.reduce((last, event) => ((last?.seq ?? 0) > (event?.seq ?? 0) ? last : event), undefined);
}

function elapsedSinceStart(record: DrillRecord, to: DrillEvent): Elapsed {
  const from = record.started ?? to;
  return elapsedBetween(record.events, from, to);
}

/** The longer of the two clocks where they part, so that a clock that was set back makes nothing look quick. */
function timeOf({ wall, mono, doubts }: Elapsed): Millis {
  return Math.max(0, wall, doubts.length > 0 ? (mono ?? 0) : 0);
}

/** Wall time alone, told by a clock that was set back, says nothing at all. */
function isWorthless({ wall, mono, doubts }: Elapsed): boolean {
  return mono === undefined && (wall < 0 || doubts.some(({ kind }) => kind === 'clock'));
}

/** What waiting for looks added, over all that was looked at: as the engine says, else as restores themselves do. */
function pollingError(record: DrillRecord): Millis {
  const ends = [...record.ends.values()].filter((event) => event.type === 'step-succeeded');
  const stages = record.events.filter((event) => event.type === 'stage-finished');
  return [
    ...stages.map(({ noticedWithin }) => noticedWithin),
    ...ends.map((end) => end.noticedWithin ?? unnoticed(end, record)),
  ].reduce((sum, one) => sum + Math.max(0, one), 0);
}

/** Of a journal that does not say when the engine had looked before. */
function unnoticed(end: EventOf<'step-succeeded'>, { events }: DrillRecord): Millis {
  const lastPart = end.facts?.spans.at(-1);
  if (lastPart) return millisBetween(endOfSpan(lastPart), end.at);
  const begin = events.find((event) => event.type === 'step-started' && event.step === end.step) ?? end;
  return Math.min(POLLING_ERROR, millisBetween(begin.at, end.at));
}

interface Figure {
  readonly measured: Millis;
  readonly error: Millis;
  /** What it can truly have been, where that is more than was measured. */
  readonly atWorst?: Millis;
  readonly doubts: readonly { readonly because: string }[];
}

/**
 * A doubted figure can still be met, and says that it is doubted; it can no longer be missed. One that is within its target
 * by less than its error may be over it, and is not met.
 */
export function compare(
  figure: Figure,
  target: Millis | undefined,
): Pick<Measured, 'outcome' | 'measured' | 'because' | 'error'> {
  const { measured, error, atWorst = measured } = figure;
  const doubts = figure.doubts.map(({ because }) => because).join('; ');
  if (target === undefined) {
    const because = ['the runbook sets no target', ...(doubts === '' ? [] : [doubts])].join('; ');
    return { outcome: 'unmeasured', measured, error, because };
  }
  if (measured <= target && atWorst > target) {
    const because = 'it is within the target by less than the error of the measurement';
    return { outcome: 'unmeasured', measured, error, because };
  }
  if (measured <= target) {
    return { outcome: 'met', measured, error, ...(doubts !== '' && { because: `met, although ${doubts}` }) };
  }
  if (doubts !== '') return { outcome: 'unmeasured', measured, error, because: `over the target, but ${doubts}` };
  const because = 'it was missed by less than the error of the measurement';
  return { outcome: 'missed', measured, error, ...(measured - error <= target && { because }) };
}

/**
 * The RPO is the greatest loss of any resource: the time from its disaster back to its data moment. All planned
 * resources must have been restored. Data newer than the disaster shows that the two do not belong together, so
 * nothing is measured.
 */
function rpoOf(record: DrillRecord, losses: readonly MeasuredLoss[], worst: MeasuredLoss | undefined): Measured {
  const target = record.started?.runbook.objectives.rpo?.target;
  const common = {
    ...(target !== undefined && { target }),
    source: worst?.source ?? 'nothing that was restored',
    error: 0,
  };
  const unmeasured = (because: string): Measured => ({ ...common, outcome: 'unmeasured', because });
  if (losses.length === 0) return unmeasured('nothing was planned to be restored');
  const missing = losses.find(({ dataMoment }) => dataMoment === undefined);
  if (missing) return unmeasured(`'${missing.resource}' was not restored`);
  const newer = losses.find(({ loss }) => loss !== undefined && loss < 0);
  if (newer) {
    return unmeasured(
      `the data of '${newer.resource}' (${newer.dataMoment?.at ?? ''}) is newer than the disaster (${newer.disasterAt?.at ?? ''})`,
    );
  }
  if (worst?.loss === undefined) return unmeasured('no moment of a disaster is known');
  const error = CLOCK_ERROR + (worst.dataMoment?.error ?? 0);
  const doubts = clockDoubts(record, worst);
  return { ...common, ...compare({ measured: worst.loss, error, atWorst: worst.loss + error, doubts }, target) };
}

/** The start of the drill is as good as the clock that told it; other moments of a disaster do not depend on it. */
function clockDoubts({ events, started }: DrillRecord, { isFromStart }: MeasuredLoss): readonly Doubt[] {
  const last = events.at(-1);
  if (!isFromStart || started === undefined || last === undefined) return [];
  return elapsedBetween(events, started, last).doubts.filter(({ kind }) => kind === 'clock');
}

function worstOf(losses: readonly MeasuredLoss[]): MeasuredLoss | undefined {
  return losses.reduce<MeasuredLoss | undefined>(
    (worst, one) => (worst && (worst.loss ?? -Infinity) >= (one.loss ?? -Infinity) ? worst : one),
    undefined,
  );
}
