import {
  type DrillRecord,
  factsOf,
  isolationProblemOf,
  judgementOf,
  recordOf,
  requiredChecksOf,
  restoreEndOf,
} from '../drill/record.ts';
import { fold } from '../drill/state.ts';
import type { Verdict } from '../drill/verdict.ts';
import { lacksRecoveryPoint } from '../catalog/selection.ts';
import type { JournalText } from '../journal/read-journal.ts';
import type { PlannedResource } from '../plan/plan.ts';
import { isVerified } from '../publish/metrics.ts';
import { buildReport } from '../report/build-report.ts';
import type { ObjectiveOutcome, Report } from '../report/report.ts';
import type { RestoreSpec } from '../runbook/restore-spec.ts';
import type { Runbook } from '../runbook/runbook.ts';
import { type Instant, addMillis } from '../support/time.ts';
import { provesDigest } from './proves-digest.ts';
import { placeOf, relativeSource } from './source-of.ts';

/** What one drill has shown, in little: all that history, coverage and the search of recovery points ask of it. */
export interface DrillSummary {
  readonly drillId: string;
  readonly runbook: string;
  readonly owner?: string;
  readonly tier?: string;
  readonly tags: readonly string[];
  readonly startedAt: Instant;
  /** The moment of the last fact while the drill has not finished. */
  readonly finishedAt: Instant;
  /** False again once a teardown was begun anew and has not ended. */
  readonly finished: boolean;
  /** Whether every line of the journal is as its engine wrote it; what is not proves nothing. */
  readonly trusted: boolean;
  /** Version of drillbook that ran it. */
  readonly tool: string;
  readonly verdict: Verdict;
  readonly teardown: Report['teardown']['outcome'];
  /** Trusted, passed, and nothing left. */
  readonly verified: boolean;
  readonly seedChosen: boolean;
  readonly rto: ObjectiveSummary;
  readonly rpo: ObjectiveSummary;
  /** Digest of what the runbook restored and checked: another one is another proof. */
  readonly proves: string;
  /** Account and region on AWS; absent on this machine, whichever it is. */
  readonly place?: string;
  /** What makes the figures special, as the report says it. */
  readonly settings: readonly string[];
  /** How often no controller was running between its start and its end. */
  readonly interruptions: number;
  readonly resources: readonly ResourceSummary[];
}

/** An objective and what was measured, in seconds. A measurement that is doubted too much to be judged is absent. */
export interface ObjectiveSummary {
  readonly outcome: ObjectiveOutcome['outcome'];
  readonly target?: number;
  readonly measured?: number;
}

/** What became of one resource of the runbook, planned or not. */
export interface ResourceSummary {
  readonly name: string;
  readonly kind: RestoreSpec['kind'];
  readonly source: string;
  /** A folder's path as seen from the runbook's own: the same in every checkout. */
  readonly relativeSource?: string;
  /** The recovery point that was drawn. */
  readonly point?: PointSummary;
  readonly strategy?: string;
  /** How many could have been drawn. */
  readonly candidates?: number;
  /** The drill was refused since nothing could be drawn. */
  readonly lacksPoint?: true;
  /** Version that was restored, as its server told it. */
  readonly engineVersion?: string;
  readonly instanceClass?: string;
  readonly restoreSeconds?: number;
  readonly bytesRestored?: number;
  /** Only of a drill that verified everything. */
  readonly verifiedAt?: Instant;
  /**
   * `passed`: restored in proven isolation, and all its required checks passed, an integrity check among them. `failed`:
   * one of them failed, or the recovery point is proven bad. All else is `inconclusive`.
   */
  readonly outcome: Verdict;
}

export interface PointSummary {
  readonly id: string;
  readonly capturedAt: Instant;
  /** Name and version of the engine it was taken from. */
  readonly engine: string;
  readonly consistency: 'application' | 'crash';
  readonly tags: readonly string[];
}

/** The summary of a drill from its journal; `undefined` when that has lost its beginning, and so belongs to no runbook. */
export function summaryOfDrill({ events, bad }: Pick<JournalText, 'events' | 'bad'>): DrillSummary | undefined {
  const record = recordOf(events);
  if (record.started === undefined) return undefined;
  const { runbook, tool } = record.started;
  const report = buildReport(events, { tool });
  const trusted = bad === undefined;
  const verified = trusted && isVerified(report);
  const place = placeOf(runbook);
  return {
    drillId: report.drillId,
    runbook: runbook.name,
    ...(runbook.owner !== undefined && { owner: runbook.owner }),
    ...(runbook.tier !== undefined && { tier: runbook.tier }),
    tags: runbook.tags,
    startedAt: report.startedAt,
    finishedAt: report.finishedAt,
    finished: fold(events).finished,
    trusted,
    tool,
    verdict: report.verdict,
    teardown: report.teardown.outcome,
    verified,
    seedChosen: report.seedChosen,
    rto: objective(report.rto),
    rpo: objective(report.rpo),
    proves: provesDigest(runbook),
    ...(place !== undefined && { place }),
    settings: report.settings,
    interruptions: report.interruptions.length,
    resources: runbook.restore.map((spec) => resourceSummary({ runbook, spec, record, report, verified })),
  };
}

/** Without a target nothing doubts a figure. */
function objective({ outcome, targetSeconds, measuredSeconds }: ObjectiveOutcome): ObjectiveSummary {
  const isDoubted = outcome === 'unmeasured' && targetSeconds !== null;
  return {
    outcome,
    ...(targetSeconds !== null && { target: targetSeconds }),
    ...(measuredSeconds !== null && !isDoubted && { measured: measuredSeconds }),
  };
}

interface ResourceLook {
  readonly runbook: Runbook;
  readonly spec: RestoreSpec;
  readonly record: DrillRecord;
  readonly report: Report;
  readonly verified: boolean;
}

function resourceSummary({ runbook, spec, record, report, verified }: ResourceLook): ResourceSummary {
  const { name, kind, source } = spec;
  const planned = record.plan?.resources.find((one) => one.spec.name === name);
  const relative = relativeSource(runbook, spec);
  const facts = factsOf(record, name);
  const restoreSeconds = restoreSecondsOf(report, name);
  const isVerifiedToo = verified && planned !== undefined;
  return {
    name,
    kind,
    source,
    ...(relative !== undefined && { relativeSource: relative }),
    ...(planned && drawn(planned)),
    ...(record.refusals.some((problem) => lacksRecoveryPoint(problem, name)) && { lacksPoint: true }),
    ...(facts && { engineVersion: facts.engineVersion }),
    ...(restoreSeconds !== undefined && { restoreSeconds }),
    ...(facts?.bytesRestored !== undefined && { bytesRestored: facts.bytesRestored }),
    // A teardown that ended days later makes the evidence no younger.
    ...(isVerifiedToo && { verifiedAt: addMillis(report.startedAt, (report.rto.verifiedSeconds ?? 0) * 1_000) }),
    outcome: outcomeOf(record, name),
  };
}

function drawn({ spec, point, draw }: PlannedResource): Partial<ResourceSummary> {
  const { id, capturedAt, engine, consistency, tags, rds } = point;
  const instanceClass = (spec.kind === 'rds' ? spec.instanceClass : undefined) ?? rds?.sourceClass;
  return {
    point: { id, capturedAt, engine: `${engine.name} ${engine.version}`, consistency, tags },
    strategy: draw.strategy,
    candidates: draw.candidates.length,
    ...(instanceClass !== undefined && { instanceClass }),
  };
}

function restoreSecondsOf({ timeline }: Report, resource: string): number | undefined {
  const whole = timeline.find(({ name, partOf }) => partOf === undefined && name === `restore:${resource}`);
  return whole?.outcome === 'succeeded' ? whole.seconds : undefined;
}

function outcomeOf(record: DrillRecord, resource: string): Verdict {
  const end = restoreEndOf(record, resource);
  const checks = requiredChecksOf(record).filter(({ of }) => of === resource);
  const outcomes = checks.map((check) => judgementOf(record, check)?.judgement.outcome);
  const isProvenBad = end?.type === 'step-failed' && end.problem.blames === 'backup';
  if (isProvenBad || outcomes.includes('failed')) return 'failed';
  const isChecked = checks.some(({ purpose }) => purpose === 'integrity');
  const allPassed = outcomes.every((outcome) => outcome === 'passed');
  const isRestored = end?.type === 'step-succeeded' && isIsolated(record, resource);
  return isRestored && isChecked && allPassed ? 'passed' : 'inconclusive';
}

/** From outside, as for all resources, and from the resource's own side. */
function isIsolated(record: DrillRecord, resource: string): boolean {
  const steps = record.plan?.steps ?? [];
  const connect = steps.find((step) => step.kind === 'connect' && step.resource === resource);
  const first = steps.filter(({ kind }) => kind === 'isolation').map(({ id }) => id);
  return first.length > 0 && [...first, connect?.id ?? ''].every((id) => isolationProblemOf(record, id) === undefined);
}
