import type { DBInstance, DBInstanceAutomatedBackup } from '@aws-sdk/client-rds';
import type { RdsRecoveryPoint, RecoveryPoint } from '../../../catalog/recovery-point.ts';
import type { Problem } from '../../../diagnostics/problem.ts';
import type { RecoveryTarget } from '../../../runbook/restore-spec.ts';
import type { Instant } from '../../../support/time.ts';
import type { RdsSource } from './find-source.ts';
import { provisionedIops } from './provisioned-iops.ts';
import { type BackupFacts, refusalOfBackup } from './restorable.ts';
import { availableSince, chooseMoment } from './restore-window.ts';
import { tagTexts } from './snapshot-points.ts';

/** The one moment that a runbook asks for as a recovery point, or the reason why it is none. */
export type MomentPoint =
  | { readonly kind: 'usable'; readonly point: RecoveryPoint; readonly facts: BackupFacts }
  | { readonly kind: 'unusable'; readonly id: string; readonly problem: Problem };

export type MomentTarget = Exclude<RecoveryTarget, { kind: 'backup-end' }>;

/** Reads what RDS says of an instance, living or kept by its automated backup, for a moment of its past. */
export function momentPoint(
  target: MomentTarget,
  source: RdsSource,
  at: { readonly region: string; readonly now: Instant },
): MomentPoint {
  const { living } = source;
  const backup = source.automatedBackups.find((one) => regionOf(one) === at.region);
  const name = nameOf(source, backup);
  const facts = factsOf(name, living, backup);
  const refusal = onlyReplicated(source, name, at.region) ?? nothingKept(source, name) ?? refusalOfBackup(facts);
  const chosen = chooseMoment(target, {
    name,
    retentionDays: living?.BackupRetentionPeriod,
    earliest: backup?.RestoreWindow?.EarliestTime,
    latest: living?.LatestRestorableTime ?? backup?.RestoreWindow?.LatestTime,
  });
  if (refusal !== undefined || chosen.kind === 'refused') {
    const moment = target.kind === 'time' ? target.time : 'latest';
    const problem = refusal ?? (chosen as Extract<typeof chosen, { kind: 'refused' }>).problem;
    return { kind: 'unusable', id: `${name}@${moment}`, problem };
  }
  const point: RecoveryPoint = {
    id: `${name}@${chosen.restoreTime}`,
    provider: 'aws',
    kind: 'rds',
    location: living?.DBInstanceArn ?? backup?.DBInstanceArn ?? name,
    capturedAt: chosen.restoreTime,
    capturedAtSource: chosen.source,
    availableAt: availableSince(chosen.restoreTime, at.now),
    consistency: 'crash',
    format: living ? 'RDS point in time' : 'RDS point in time of a deleted instance',
    engine: { name: facts.engine ?? '', version: living?.EngineVersion ?? backup?.EngineVersion ?? '' },
    tags: tagTexts(living?.TagList ?? backup?.TagList),
    rds: detailsOf({ name, source, backup, restoreTime: chosen.restoreTime }),
  };
  return { kind: 'usable', point, facts };
}

function nameOf(source: RdsSource, backup: DBInstanceAutomatedBackup | undefined): string {
  const [anyBackup] = source.automatedBackups;
  const [snapshot] = source.snapshots;
  const named = [source.living, backup, anyBackup, snapshot].find((one) => one?.DBInstanceIdentifier !== undefined);
  return named?.DBInstanceIdentifier ?? source.resourceId;
}

function factsOf(
  name: string,
  living: DBInstance | undefined,
  backup: DBInstanceAutomatedBackup | undefined,
): BackupFacts {
  return {
    name,
    engine: living?.Engine ?? backup?.Engine,
    storageType: living?.StorageType ?? backup?.StorageType,
    encrypted: living?.StorageEncrypted ?? backup?.Encrypted ?? false,
    encryptionType: living?.StorageEncryptionType ?? backup?.StorageEncryptionType,
    kmsKeyId: living?.KmsKeyId ?? backup?.KmsKeyId,
  };
}

function detailsOf(of: {
  name: string;
  source: RdsSource;
  backup: DBInstanceAutomatedBackup | undefined;
  restoreTime: Instant;
}): RdsRecoveryPoint {
  const { name, backup, restoreTime } = of;
  const { living, resourceId } = of.source;
  const { engine = '', storageType = '', encrypted, kmsKeyId } = factsOf(name, living, backup);
  const optionGroup = living?.OptionGroupMemberships?.[0]?.OptionGroupName ?? backup?.OptionGroupName;
  return {
    type: 'point-in-time',
    sourceResourceId: resourceId,
    sourceIdentifier: name,
    restoreTime,
    engine,
    engineVersion: living?.EngineVersion ?? backup?.EngineVersion ?? '',
    allocatedGib: living?.AllocatedStorage ?? backup?.AllocatedStorage ?? 0,
    storageType,
    ...provisionedIops(living ?? backup ?? {}),
    encrypted,
    ...(kmsKeyId && { kmsKeyId }),
    ...(living?.DBInstanceClass && { sourceClass: living.DBInstanceClass }),
    ...(optionGroup && { optionGroup }),
  };
}

/** The region of the instance itself; a backup that is replicated from elsewhere names that one in the ARN. */
function regionOf({ DBInstanceArn: arn, Region: region }: DBInstanceAutomatedBackup): string | undefined {
  return arn?.split(':')[3] ?? region;
}

function onlyReplicated({ living, automatedBackups }: RdsSource, name: string, region: string): Problem | undefined {
  const [elsewhere] = automatedBackups;
  const isHere = automatedBackups.some((one) => regionOf(one) === region);
  if (living || isHere || elsewhere === undefined) return undefined;
  return {
    code: 'aws/replicated-backup',
    message: `the automated backup of '${name}' is replicated from '${regionOf(elsewhere) ?? ''}', which drillbook cannot restore`,
    hint: "Set 'sandbox.region' to the region of the instance, or leave 'recoveryPoint.to' out.",
    blames: 'environment',
  };
}

function nothingKept({ living, automatedBackups }: RdsSource, name: string): Problem | undefined {
  if (living || automatedBackups.length > 0) return undefined;
  return {
    code: 'aws/no-automated-backups',
    message: `'${name}' is deleted, and no automated backup of it was kept`,
    hint: "Restore a snapshot of it: leave 'recoveryPoint.to' out.",
    blames: 'environment',
  };
}
