import type { DBSnapshot } from '@aws-sdk/client-rds';
import type { RdsRecoveryPoint } from '../../../catalog/recovery-point.ts';
import { type Instant, addMillis } from '../../../support/time.ts';
import { listSnapshots } from '../rds/describe-instance.ts';
import { type Finding, type LookAhead, plannedRds, refusal } from './finding.ts';

/** A drawn snapshot as RDS shows it now. */
export interface SnapshotAhead {
  readonly id: string;
  /** `undefined` when it is gone. */
  readonly shown: Pick<DBSnapshot, 'Status' | 'PercentProgress'> | undefined;
  /** When its service removes it, where that is known. */
  readonly expiresAt: Instant | undefined;
  /** Until when the drill may have to restore it. */
  readonly neededUntil: Instant;
}

/** Whether the drawn snapshots are there and will be as long as the drill needs them. */
export async function findSnapshotsAhead({ plan, context, signal }: LookAhead): Promise<readonly Finding[]> {
  // The drill's deadline ends every restore, also one that had to wait for others.
  const neededUntil = addMillis(context.clock.now(), plan.deadlines.drill);
  const findings: Finding[] = [];
  for (const { point } of plannedRds(plan)) {
    if (point.rds.snapshotArn === undefined) continue;
    const kinds = KINDS[point.rds.type];
    const lists = await Promise.all(kinds.map(async (kind) => ask(kind, point.rds, { context, signal })));
    const shown = lists.flat().find((one) => one.DBSnapshotArn === point.rds.snapshotArn);
    findings.push(...judgeSnapshot({ id: point.id, shown, expiresAt: point.rds.expiresAt, neededUntil }));
  }
  return findings;
}

/** What RDS is to be asked for: it may list what AWS Backup made as manual. */
const KINDS: Readonly<Record<RdsRecoveryPoint['type'], readonly string[]>> = {
  automated: ['automated'],
  manual: ['manual'],
  shared: ['shared'],
  'backup-service': ['awsbackup', 'manual'],
  'point-in-time': [],
};

async function ask(
  kind: string,
  { snapshotArn = '' }: RdsRecoveryPoint,
  { context, signal }: Pick<LookAhead, 'context' | 'signal'>,
): Promise<readonly DBSnapshot[]> {
  // A filter names snapshots of the own account; of those that are shared all are asked for, as in the listing.
  const [, name = ''] = snapshotArn.split(':snapshot:');
  const filter = kind === 'shared' ? {} : { Filters: [{ Name: 'db-snapshot-id', Values: [name] }] };
  return listSnapshots({ SnapshotType: kind, ...filter }, context, signal);
}

/** What speaks against a snapshot by now. */
export function judgeSnapshot({ id, shown, expiresAt, neededUntil }: SnapshotAhead): readonly Finding[] {
  const another = 'Run the drill again: it draws among those that are there.';
  if (shown === undefined) {
    return [refusal('preflight/snapshot-gone', `snapshot '${id}' was drawn and is not to be found any more`, another)];
  }
  const { Status: status = 'of no status', PercentProgress: percent = 100 } = shown;
  if (status !== 'available' || percent < 100) {
    const message = `snapshot '${id}' was drawn and is '${status}' at ${percent} %, not 'available' any more`;
    return [refusal('preflight/snapshot-not-available', message, another)];
  }
  if (expiresAt === undefined || expiresAt > neededUntil) return [];
  return [
    refusal(
      'preflight/snapshot-expires',
      `RDS may remove snapshot '${id}' from ${expiresAt} on, and the drill may need it until ${neededUntil}`,
      "Draw a newer one, shorten 'limits.drill', or keep automated backups of the source for more days.",
    ),
  ];
}
