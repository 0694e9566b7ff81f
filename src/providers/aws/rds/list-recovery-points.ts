import type { RecoveryPoint, RecoveryPointListing } from '../../../catalog/recovery-point.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { RdsRestore } from '../../../runbook/restore-spec.ts';
import type { AwsContext } from '../aws-context.ts';
import type { Listing } from './describe-sources.ts';
import { type RdsSource, findSource } from './find-source.ts';
import { lookAtKeys } from './key-use.ts';
import { type MomentPoint, type MomentTarget, momentPoint } from './point-in-time.ts';
import { refusalForKey } from './restorable.ts';
import { type SnapshotPoint, snapshotPoint } from './snapshot-points.ts';
import { type SourceQuery, readSource } from './source-query.ts';

/**
 * All recovery points of an RDS instance, living or deleted: its snapshots of every type, or, where the runbook says
 * `to`, the one moment that it names. Reads only.
 *
 * @throws ProblemError `aws/same-account`, `aws/source-not-found`, `aws/source-ambiguous`, `aws/source-elsewhere`,
 *   `aws/unreadable-source`, `aws/unsupported-source`; and whatever the SDK throws
 */
export async function listRdsRecoveryPoints(
  spec: RdsRestore,
  context: AwsContext,
  signal: AbortSignal,
): Promise<RecoveryPointListing> {
  const read = readSource(spec, context.place);
  if (read.kind === 'refused') throw new ProblemError(read.problem);
  const listing: Listing = { context, signal };
  const { to } = spec.recoveryPoint;
  if (to.kind !== 'backup-end' && read.query.account !== context.place.account) {
    return momentOfOtherAccount(spec, read.query, to);
  }
  const source = await findSource(read.query, listing);
  refuseCluster(source, spec);
  return withoutUnusableKeys(readPoints(to, source, context), listing);
}

function readPoints(
  to: RdsRestore['recoveryPoint']['to'],
  source: RdsSource,
  { place, clock }: AwsContext,
): readonly (SnapshotPoint | MomentPoint)[] {
  return to.kind === 'backup-end'
    ? source.snapshots.map((one) => snapshotPoint(one, source, place.account))
    : [momentPoint(to, source, { region: place.region, now: clock.now() })];
}

async function withoutUnusableKeys(
  read: readonly (SnapshotPoint | MomentPoint)[],
  listing: Listing,
): Promise<RecoveryPointListing> {
  const usable = read.flatMap((one) => (one.kind === 'usable' ? [one] : []));
  const useOf = await lookAtKeys(
    usable.map(({ facts }) => facts),
    listing,
  );
  const points: RecoveryPoint[] = [];
  const unusable = read.flatMap((one) => (one.kind === 'unusable' ? [{ id: one.id, problem: one.problem }] : []));
  for (const { point, facts } of usable) {
    const problem = refusalForKey(facts, useOf(facts));
    if (problem) unusable.push({ id: point.id, problem });
    else points.push(point);
  }
  return { points, unusable };
}

/** RDS replays the log of its own account's instances alone. */
function momentOfOtherAccount({ name }: RdsRestore, { account }: SourceQuery, to: MomentTarget): RecoveryPointListing {
  const moment = to.kind === 'time' ? to.time : 'latest';
  return {
    points: [],
    unusable: [
      {
        id: `${name}@${moment}`,
        problem: {
          code: 'aws/moment-of-other-account',
          message: `the source of '${name}' lies in account '${account}', and RDS restores to a moment only within one`,
          hint: "Restore snapshots that the other account shares: leave 'recoveryPoint.to' out.",
          blames: 'environment',
        },
      },
    ],
  };
}

/** The instances of Aurora and of Multi-AZ clusters have no backups of their own: their cluster has. */
function refuseCluster({ living }: RdsSource, { name }: RdsRestore): void {
  if (living?.DBClusterIdentifier === undefined) return;
  throw new ProblemError({
    code: 'aws/unsupported-source',
    message: `the source of '${name}', '${living.DBInstanceIdentifier ?? ''}', is part of cluster '${living.DBClusterIdentifier}'`,
    hint: 'Clusters are restored in other ways than instances, which drillbook does not know yet.',
    blames: 'environment',
  });
}
