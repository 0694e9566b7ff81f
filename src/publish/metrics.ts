import type { Report } from '../report/report.ts';
import { type Instant, type Millis, millisBetween } from '../support/time.ts';

/** What a metric is: the one table that sending, alarms, dashboard and documentation share. */
interface MetricDefinition {
  /** Days have no unit in CloudWatch. */
  readonly unit: 'Seconds' | 'Count' | 'None';
  /** Whether there is one a runbook, or one for each of its resources. */
  readonly per: 'runbook' | 'resource';
  /** A sentence without its full stop. */
  readonly meaning: string;
}

/** Every metric that drillbook sends. */
export const METRICS = {
  RtoSeconds: {
    unit: 'Seconds',
    per: 'runbook',
    meaning: 'Measured recovery time, from the start of the drill; not sent when it could not be measured',
  },
  RpoSeconds: {
    unit: 'Seconds',
    per: 'runbook',
    meaning: 'Measured data loss, in time; not sent when it could not be measured',
  },
  RestoreSeconds: {
    unit: 'Seconds',
    per: 'resource',
    meaning: 'How long the restore of the resource took; not sent when it did not succeed',
  },
  RecoveryPointAgeSeconds: {
    unit: 'Seconds',
    per: 'resource',
    meaning: 'Age of the drawn recovery point when the drill started',
  },
  ChecksPassed: { unit: 'Count', per: 'runbook', meaning: 'Checks that passed' },
  ChecksFailed: {
    unit: 'Count',
    per: 'runbook',
    meaning: 'Checks that failed; those that could not be done or were skipped are in neither count',
  },
  VerdictPassed: {
    unit: 'Count',
    per: 'runbook',
    meaning: '1 when the drill passed, 0 when it failed or was inconclusive',
  },
  Inconclusive: {
    unit: 'Count',
    per: 'runbook',
    meaning: '1 when the drill could not restore, check or measure everything, else 0',
  },
  ResourcesLeaked: {
    unit: 'Count',
    per: 'runbook',
    meaning: 'Resources that the teardown could not remove, or could not show to be gone',
  },
  DaysSinceVerifiedRestore: {
    unit: 'None',
    per: 'runbook',
    meaning:
      'Days since every resource of the runbook was last restored, verified and torn down clean; not sent while that has never been',
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricName = keyof typeof METRICS;

/**
 * Whose figure it is. Every distinct pair is a metric of its own that AWS bills by the month, so a drill's id, or
 * anything else that grows without end, never stands here.
 */
export interface Dimensions {
  readonly runbook: string;
  readonly resource?: string;
}

/** One figure at one moment, in the unit that `METRICS` says. */
export interface DataPoint {
  readonly name: MetricName;
  readonly value: number;
  readonly at: Instant;
  readonly of: Dimensions;
}

const DAY: Millis = 86_400_000;

/** Whether everything was restored and verified, and nothing is left of it. */
export function isVerified({ verdict, teardown }: Pick<Report, 'verdict' | 'teardown'>): boolean {
  return verdict === 'passed' && teardown.outcome === 'clean';
}

/**
 * The figures of a finished drill, at the moment it finished.
 *
 * @param verifiedBefore when the runbook was last verified by an earlier drill; `undefined`: never
 */
export function metricsOf(report: Report, verifiedBefore: Instant | undefined): readonly DataPoint[] {
  const { runbook, verdict, checks, finishedAt, rto, rpo } = report;
  const of = { runbook };
  const figure = (name: MetricName, value: number | null, whose: Dimensions = of): readonly DataPoint[] =>
    value !== null && Number.isFinite(value) ? [{ name, value, at: finishedAt, of: whose }] : [];
  const points = [
    ...figure('RtoSeconds', measured(rto)),
    ...figure('RpoSeconds', measured(rpo)),
    ...report.recoveryPoints.flatMap(({ resource, capturedAt }) => [
      ...figure('RestoreSeconds', restoreSeconds(report, resource), { runbook, resource }),
      ...figure('RecoveryPointAgeSeconds', millisBetween(capturedAt, report.startedAt) / 1_000, { runbook, resource }),
    ]),
    ...figure('ChecksPassed', checks.filter(({ outcome }) => outcome === 'passed').length),
    ...figure('ChecksFailed', checks.filter(({ outcome }) => outcome === 'failed').length),
    ...figure('VerdictPassed', verdict === 'passed' ? 1 : 0),
    ...figure('Inconclusive', verdict === 'inconclusive' ? 1 : 0),
    ...figure('ResourcesLeaked', leaked(report)),
    ...(isVerified(report)
      ? figure('DaysSinceVerifiedRestore', 0)
      : ageOfVerified(runbook, verifiedBefore, finishedAt)),
  ];
  return points.filter(isNamed);
}

/** The age, at a moment, of a runbook's last verified restore: no figure at all where it was never verified. */
export function ageOfVerified(runbook: string, verifiedAt: Instant | undefined, at: Instant): readonly DataPoint[] {
  if (verifiedAt === undefined) return [];
  const value = Math.max(0, millisBetween(verifiedAt, at)) / DAY;
  return [{ name: 'DaysSinceVerifiedRestore', value, at, of: { runbook } }];
}

/** A figure that is doubted so much that its objective is unmeasured is none; without a target nothing doubts it. */
function measured({ outcome, targetSeconds, measuredSeconds }: Report['rpo']): number | null {
  return outcome === 'unmeasured' && targetSeconds !== null ? null : measuredSeconds;
}

function restoreSeconds({ timeline }: Report, resource: string): number | null {
  const whole = timeline.find(
    ({ phase, name, partOf }) => phase === 'restore' && partOf === undefined && name === `restore:${resource}`,
  );
  return whole?.outcome === 'succeeded' ? whole.seconds : null;
}

/** A creation that was never answered leaves something that no listing has shown: at least one thing is left. */
function leaked({ teardown: { outcome, left } }: Report): number {
  return outcome === 'leaked' ? Math.max(1, left.length) : 0;
}

/** Runbooks give no other names; a journal that drillbook did not write may, and CloudWatch refuses all but ASCII. */
function isNamed({ of: { runbook, resource = runbook } }: DataPoint): boolean {
  return [runbook, resource].every((name) => /^[a-z0-9-]{1,40}$/.test(name));
}
