import type { Problem } from '../../../diagnostics/problem.ts';
import type { RecoveryTarget } from '../../../runbook/restore-spec.ts';
import { type Instant, type Millis, addMillis } from '../../../support/time.ts';

/** What RDS says of the moments that an instance can be restored to. */
export interface WindowFacts {
  /** How the instance is called in messages. */
  readonly name: string;
  /** Days that automated backups are kept; 0 = there are none. */
  readonly retentionDays: number | undefined;
  readonly earliest: Date | undefined;
  readonly latest: Date | undefined;
}

export type ChosenMoment =
  | { readonly kind: 'inside'; readonly restoreTime: Instant; readonly source: string }
  | { readonly kind: 'refused'; readonly problem: Problem };

/** Inside the window by this much, since the moment must lie strictly before its end (AWS's API reference). */
const MARGIN: Millis = 60_000;

/**
 * The moment to restore to, as a fixed time: "the latest" moves on, so that a second try would restore something else.
 * `restoreTime` is at or after the window's beginning and strictly before its end.
 */
export function chooseMoment(
  target: Exclude<RecoveryTarget, { kind: 'backup-end' }>,
  facts: WindowFacts,
): ChosenMoment {
  const { name, retentionDays, earliest, latest } = facts;
  if (retentionDays === 0) {
    return refused('aws/no-automated-backups', `'${name}' keeps no automated backups (its retention is 0 days)`);
  }
  if (earliest === undefined || latest === undefined) {
    return refused('aws/no-restore-window', `RDS tells of no moment that '${name}' can be restored to yet`);
  }
  const [begin, end] = [earliest.toISOString(), latest.toISOString()];
  if (target.kind === 'latest') {
    const restoreTime = addMillis(end, -MARGIN);
    return restoreTime >= begin
      ? { kind: 'inside', restoreTime, source: `LatestRestorableTime ${end}, less a minute` }
      : refused('aws/no-restore-window', `'${name}' can be restored only to moments from ${begin} to ${end} so far`);
  }
  if (target.time >= begin && target.time < end) {
    return { kind: 'inside', restoreTime: target.time, source: 'the moment that the runbook names' };
  }
  return {
    kind: 'refused',
    problem: {
      code: 'aws/outside-restore-window',
      message: `'${name}' can be restored to moments from ${begin} until before ${end}, not to ${target.time}`,
      hint: "Name a moment inside as 'recoveryPoint.to', or write 'to: latest'.",
      blames: 'environment',
    },
  };
}

/** RDS uploads the log every five minutes: until then a moment is lost with the instance. */
const LOG_UPLOAD: Millis = 5 * 60_000;

/** When a moment could be restored to at the latest: never later than now, since the window holds it already. */
export function availableSince(restoreTime: Instant, now: Instant): Instant {
  const uploaded = addMillis(restoreTime, LOG_UPLOAD);
  return uploaded < now ? uploaded : now;
}

function refused(code: string, message: string): ChosenMoment {
  const hint =
    code === 'aws/no-automated-backups'
      ? "Turn automated backups on, or restore a snapshot: leave 'recoveryPoint.to' out."
      : "Wait until RDS has made the first backup and uploaded logs, or leave 'recoveryPoint.to' out.";
  return { kind: 'refused', problem: { code, message, hint, blames: 'environment' } };
}
