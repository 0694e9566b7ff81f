import { formatDuration } from '../runbook/duration.ts';
import type { Millis } from '../support/time.ts';
import { dashboardBody } from './dashboard.ts';
import { METRICS, type MetricName } from './metrics.ts';
import type { WatchedRunbook } from './watched-runbook.ts';

const DAY_SECONDS = 86_400;

/** One alarm on one metric; without a threshold there is nothing to hold the metric against, and no alarm. */
interface Alarm {
  /** For the logical id. */
  readonly id: string;
  /** For the alarm's name. */
  readonly name: string;
  readonly metric: MetricName;
  readonly statistic: 'Minimum' | 'Maximum';
  readonly comparison: 'GreaterThanThreshold' | 'LessThanThreshold';
  readonly threshold: number | undefined;
  /** Nothing is heard of most metrics between drills; only of a verified restore silence is bad news. */
  readonly missing: 'breaching' | 'notBreaching';
  readonly says: string;
}

/**
 * A CloudFormation template of the alarms of runbooks and one dashboard of them all. Its stack belongs into the region
 * that the runbooks publish to. With the parameter `AlarmTopicArn`, an SNS topic hears of every alarm.
 *
 * @param maxAge how old the last verified restore may become
 */
export function alarmsTemplate(runbooks: readonly WatchedRunbook[], maxAge: Millis): object {
  const alarms = runbooks.flatMap((runbook) =>
    alarmsOf(runbook, maxAge).flatMap((alarm) => (alarm.threshold === undefined ? [] : [resourceOf(runbook, alarm)])),
  );
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: 'Alarms and a dashboard for recovery drills, made by drillbook',
    Parameters: {
      AlarmTopicArn: {
        Type: 'String',
        Default: '',
        AllowedPattern: '^(arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+)?$',
        ConstraintDescription: 'must be empty or the ARN of an SNS topic',
        Description: 'SNS topic that is told when an alarm goes off and when it is over; empty for none',
      },
    },
    Conditions: { HasAlarmTopic: { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'AlarmTopicArn' }, ''] }] } },
    Resources: {
      ...Object.fromEntries(alarms),
      Dashboard: {
        Type: 'AWS::CloudWatch::Dashboard',
        Properties: {
          DashboardName: { Ref: 'AWS::StackName' },
          DashboardBody: { 'Fn::Sub': JSON.stringify(dashboardBody(runbooks, maxAge)) },
        },
      },
    },
  };
}

/** The most alarms that a runbook can have. */
export const ALARMS_PER_RUNBOOK = 5;

function alarmsOf({ objectives: { rto, rpo } }: WatchedRunbook, maxAge: Millis): readonly Alarm[] {
  const tooHigh = { statistic: 'Maximum', comparison: 'GreaterThanThreshold', missing: 'notBreaching' } as const;
  return [
    {
      id: 'VerifiedRestoreTooOld',
      name: 'verified-restore-too-old',
      metric: 'DaysSinceVerifiedRestore',
      // The youngest restore that anybody knows of counts, also on the day on which it ends a long wait.
      statistic: 'Minimum',
      comparison: 'GreaterThanThreshold',
      threshold: maxAge / (DAY_SECONDS * 1_000),
      missing: 'breaching',
      says: `the last verified restore is older than ${formatDuration(maxAge)}, there never was one, or nobody says: drill it, and let 'drillbook coverage --publish' run daily`,
    },
    {
      ...tooHigh,
      id: 'RtoAboveTarget',
      name: 'rto-above-target',
      metric: 'RtoSeconds',
      threshold: rto && rto.target / 1_000,
      says: `the recovery took longer than its objective${rto ? ` of ${formatDuration(rto.target)}` : ''}: see the timeline in the drill's report`,
    },
    {
      ...tooHigh,
      id: 'RpoAboveTarget',
      name: 'rpo-above-target',
      metric: 'RpoSeconds',
      threshold: rpo && rpo.target / 1_000,
      says: `the recovery lost more than its objective${rpo ? ` of ${formatDuration(rpo.target)}` : ''} allows: see the recovery points in the drill's report`,
    },
    {
      id: 'VerdictNotPassed',
      name: 'verdict-not-passed',
      metric: 'VerdictPassed',
      statistic: 'Minimum',
      comparison: 'LessThanThreshold',
      threshold: 1,
      missing: 'notBreaching',
      says: "a drill failed or was inconclusive: see the reasons in the drill's report",
    },
    {
      ...tooHigh,
      id: 'ResourcesLeaked',
      name: 'resources-leaked',
      metric: 'ResourcesLeaked',
      threshold: 0,
      says: "a drill has left something: run 'drillbook teardown' with the drill's id",
    },
  ];
}

function resourceOf({ name, target }: WatchedRunbook, alarm: Alarm): readonly [string, object] {
  const actions = { 'Fn::If': ['HasAlarmTopic', [{ Ref: 'AlarmTopicArn' }], { Ref: 'AWS::NoValue' }] };
  return [
    `${logicalId(name)}${alarm.id}`,
    {
      Type: 'AWS::CloudWatch::Alarm',
      Properties: {
        AlarmName: { 'Fn::Sub': `\${AWS::StackName}-${name}-${alarm.name}` },
        AlarmDescription: `${name}: ${alarm.says}. ${alarm.metric}: ${METRICS[alarm.metric].meaning}.`,
        Namespace: target.namespace,
        MetricName: alarm.metric,
        Dimensions: [{ Name: 'Runbook', Value: name }],
        Statistic: alarm.statistic,
        // The longest that CloudWatch looks back when periods are this long, so that a daily figure is always seen.
        Period: DAY_SECONDS,
        EvaluationPeriods: 1,
        ComparisonOperator: alarm.comparison,
        Threshold: alarm.threshold,
        TreatMissingData: alarm.missing,
        AlarmActions: actions,
        OKActions: actions,
      },
    },
  ];
}

/** Letters and digits only; names have no capitals, so that two of them never become one id. */
function logicalId(name: string): string {
  return name.replaceAll('-', 'X');
}
