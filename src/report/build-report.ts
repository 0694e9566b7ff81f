import { confidenceOf } from '../catalog/confidence.ts';
import { elapsedBetween, interruptionsOf } from '../drill/elapsed.ts';
import type { DrillEvent, Occurrence } from '../drill/events.ts';
import { type Measured, type MeasuredObjectives, objectivesOf } from '../drill/objectives.ts';
import {
  type DrillRecord,
  checksOf,
  factsOf,
  isolationProblemOf,
  judgementOf,
  ofType,
  recordOf,
} from '../drill/record.ts';
import { timelineOf } from '../drill/timeline.ts';
import { wordsOf } from '../drill/data-loss.ts';
import { verdictOf } from '../drill/verdict.ts';
import { checkStepId } from '../plan/build-plan.ts';
import type { Step } from '../plan/plan.ts';
import type { CheckSpec } from '../runbook/check-spec.ts';
import type { SandboxPlace } from '../runbook/runbook.ts';
import { type Instant, type Millis, instantOf } from '../support/time.ts';
import { reportedCutover } from './build-cutover.ts';
import { reportedGroups } from './build-groups.ts';
import { problemsOf } from './build-problems.ts';
import { reportedProofs } from './build-proofs.ts';
import { settingsOf } from './build-settings.ts';
import { teardownOf } from './build-teardown.ts';
import type {
  ObjectiveOutcome,
  Report,
  ReportedCheck,
  ReportedOccurrence,
  ReportedRecoveryPoint,
  ReportedSandbox,
  TimelineEntry,
} from './report.ts';

/** What an outage in earnest holds besides what a drill measures. */
const RTO_EXCLUDES = ['detection', 'decision', 'people', 'production cutover'];

/** What stands where a journal that lost its beginning says nothing. */
const UNKNOWN = 'unknown';

/**
 * The report of a drill, from the events of its journal and nothing else: the same events give the same report. Any
 * prefix of a journal has one (killed, refused, still running); it never throws.
 */
export function buildReport(events: readonly DrillEvent[], { tool }: { tool: string }): Report {
  const record = recordOf(events);
  const { started, plan, aborted } = record;
  const { verdict, because, failures, gaps } = verdictOf(events);
  const objectives = objectivesOf(events);
  const cutover = reportedCutover(record);
  const last = ofType(events, 'drill-finished').at(-1) ?? events.at(-1);
  return {
    schema: 1,
    drillId: started?.drillId ?? UNKNOWN,
    runbook: started?.runbook.name ?? UNKNOWN,
    ...(started?.runbook.owner !== undefined && { owner: started.runbook.owner }),
    planDigest: plan?.digest ?? null,
    seed: started?.seed ?? UNKNOWN,
    seedChosen: started?.seedChosen ?? false,
    verdict,
    because,
    reasons: [...failures, ...gaps],
    ...(started?.occurrence && { occurrence: occurrenceOf(started.occurrence) }),
    startedAt: started?.at ?? EPOCH,
    finishedAt: last?.at ?? EPOCH,
    finished: last?.type === 'drill-finished',
    aborted: aborted ? { reason: aborted.reason, at: aborted.at } : null,
    disasterAt: objectives.disasterAt ?? null,
    rto: rtoOf(objectives),
    rpo: outcomeOf(objectives.rpo),
    ...(started && { sandbox: sandboxOf(started.runbook.sandbox) }),
    recoveryPoints: recoveryPointsOf(record, objectives),
    ...reportedGroups(record),
    isolation: isolationOf(record),
    timeline: timelineOf(events).map(({ took, ...span }): TimelineEntry => ({ ...span, seconds: secondsOf(took) })),
    checks: checksOf(record).map((check) => checkOf(record, check)),
    ...reportedProofs(record),
    ...(cutover && { cutover }),
    teardown: teardownOf(events),
    problems: problemsOf(record),
    ...notificationsOf(events),
    ...confidencesOf(events),
    settings: settingsOf(record),
    interruptions: interruptionsOf(events),
    journalLines: events.length,
    tool,
  };
}

function occurrenceOf({ drill, due, lateBy }: Occurrence): ReportedOccurrence {
  return { drill, due, ...(lateBy !== undefined && { lateSeconds: secondsOf(lateBy) }) };
}

function notificationsOf(events: readonly DrillEvent[]): Pick<Report, 'notifications'> {
  const notifications = ofType(events, 'notification-judged').map(({ target, kind, occasion, outcome, problem }) => {
    return { target, kind, occasion, outcome, ...(problem && { because: problem.message }) };
  });
  return notifications.length === 0 ? {} : { notifications };
}

function confidencesOf(events: readonly DrillEvent[]): Pick<Report, 'confidence'> {
  const counted = ofType(events, 'draws-counted').at(-1)?.resources ?? [];
  const confidence = counted.flatMap(({ resource, ...count }) => {
    const bound = confidenceOf(count);
    return bound ? [{ resource, ...bound }] : [];
  });
  return confidence.length === 0 ? {} : { confidence };
}

const EPOCH: Instant = instantOf(0);

/** Seconds with milliseconds; what errors are rounded to is rounded up elsewhere, so no figure looks better than it is. */
function secondsOf(millis: Millis): number {
  return Math.round(millis) / 1_000;
}

function outcomeOf({ outcome, target, measured, source, error, because }: Measured): ObjectiveOutcome {
  return {
    outcome,
    targetSeconds: target === undefined ? null : secondsOf(target),
    measuredSeconds: measured === undefined ? null : secondsOf(measured),
    source,
    errorSeconds: Math.ceil(error) / 1_000,
    ...(because !== undefined && { because }),
  };
}

function rtoOf({ rto }: MeasuredObjectives): Report['rto'] {
  return {
    ...outcomeOf(rto),
    until: rto.until,
    usableSeconds: rto.usable === undefined ? null : secondsOf(rto.usable),
    verifiedSeconds: rto.verified === undefined ? null : secondsOf(rto.verified),
    excludes: RTO_EXCLUDES,
  };
}

function recoveryPointsOf(record: DrillRecord, { losses }: MeasuredObjectives): readonly ReportedRecoveryPoint[] {
  return (record.plan?.resources ?? []).map(({ spec, point, draw }) => {
    const measured = losses.find(({ resource }) => resource === spec.name);
    const moment = measured?.dataMoment;
    return {
      resource: spec.name,
      id: point.id,
      capturedAt: point.capturedAt,
      capturedAtSource: point.capturedAtSource,
      format: point.format,
      engine: `${point.engine.name} ${point.engine.version}`,
      candidates: draw.candidates.length,
      draw,
      bytesRestored: factsOf(record, spec.name)?.bytesRestored ?? null,
      dataMoment: moment ? { at: moment.at, source: wordsOf(moment) } : null,
      disasterAt: measured?.disasterAt ?? null,
      lostSeconds: measured?.loss === undefined ? null : secondsOf(measured.loss),
    };
  });
}

/** A folder says nothing to those who read a report elsewhere; an account and a region are what auditors ask for. */
function sandboxOf(place: SandboxPlace): ReportedSandbox {
  if (place.provider !== 'aws') return { provider: place.provider };
  const { provider, account, region, role } = place;
  return { provider, account, region, ...(role !== undefined && { role }) };
}

function isolationOf(record: DrillRecord): Report['isolation'] {
  const steps = (record.plan?.steps ?? []).filter(({ kind }) => kind === 'isolation' || kind === 'connect');
  const judged = steps.flatMap((step) => {
    const event = record.isolation.get(step.id);
    return event ? [{ when: whenProven(step), ...event.evidence }] : [];
  });
  return {
    level: judged.map(({ level }) => level).sort()[0] ?? null,
    required: record.plan?.sandbox.minimumIsolation ?? record.started?.runbook.sandbox.minimumIsolation ?? 'L2',
    proven: steps.length > 0 && steps.every(({ id }) => isolationProblemOf(record, id) === undefined),
    proofs: judged.flatMap(({ when, proofs }) => proofs.map((proof) => ({ when, ...proof }))),
  };
}

function whenProven(step: Step): string {
  if (step.kind === 'connect') return `from the restored '${step.resource}'`;
  return step.id === 'isolation' ? 'before anything was restored' : 'after the last check';
}

function checkOf(record: DrillRecord, check: CheckSpec): ReportedCheck {
  const event = judgementOf(record, check);
  const { id, name, kind, purpose, severity, of } = check;
  const common = { id, name, kind, purpose, severity, of };
  if (event === undefined) {
    const because = whyNotDone(record, check);
    return { ...common, outcome: 'skipped', observed: 'nothing', expected: '', seconds: null, because };
  }
  const { outcome, expected, because, tries } = event.judgement;
  const observed = `${event.judgement.observed}${tries === undefined ? '' : ` (${tries} tries)`}`;
  const begun = ofType(record.events, 'step-started').find(({ step }) => step === event.step);
  const elapsed = begun && elapsedBetween(record.events, begun, event);
  const seconds = elapsed ? secondsOf(Math.max(0, elapsed.mono ?? elapsed.wall)) : null;
  return { ...common, outcome, observed, expected, seconds, ...(because !== undefined && { because }) };
}

function whyNotDone(record: DrillRecord, check: CheckSpec): string {
  if (record.refusals.length > 0) return 'the drill was refused';
  if (record.plan === undefined)
    return record.aborted ? 'the drill was aborted before it was planned' : 'nothing was planned';
  const blocking = blockerOf(record, checkStepId(check.id));
  if (blocking !== undefined) return `it needs '${blocking}', which did not succeed`;
  return record.aborted ? 'the drill was aborted before' : 'the drill did not get there';
}

/** The first failed step that a step needs, directly or through others. */
function blockerOf(record: DrillRecord, id: string): string | undefined {
  const step = record.plan?.steps.find((one) => one.id === id);
  for (const need of step?.needs ?? []) {
    const isUnproven = record.isolation.has(need) && isolationProblemOf(record, need) !== undefined;
    const found = record.ends.get(need)?.type === 'step-failed' || isUnproven ? need : blockerOf(record, need);
    if (found !== undefined) return found;
  }
  return record.ends.get(id)?.type === 'step-failed' ? id : undefined;
}
