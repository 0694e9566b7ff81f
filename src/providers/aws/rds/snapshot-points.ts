import type { DBSnapshot, Tag } from '@aws-sdk/client-rds';
import type { RdsRecoveryPoint, RecoveryPoint } from '../../../catalog/recovery-point.ts';
import type { Problem } from '../../../diagnostics/problem.ts';
import { type RdsSource, accountOf } from './find-source.ts';
import { provisionedIops } from './provisioned-iops.ts';
import { type SnapshotFacts, refusalOfSnapshot } from './restorable.ts';
import { earliestRemoval, isCopy, timesOf } from './snapshot-times.ts';

/** A snapshot as a recovery point, or the reason why it is none; its key is judged apart. */
export type SnapshotPoint =
  | { readonly kind: 'usable'; readonly point: RecoveryPoint; readonly facts: SnapshotFacts }
  | { readonly kind: 'unusable'; readonly id: string; readonly problem: Problem };

/** Reads what RDS says of a snapshot. `account` is the sandbox's: what another one owns is shared with it. */
export function snapshotPoint(snapshot: DBSnapshot, source: RdsSource, account: string): SnapshotPoint {
  const type = typeOf(snapshot, account);
  const location = snapshot.DBSnapshotArn ?? '';
  const identifier = snapshot.DBSnapshotIdentifier ?? location;
  const id = type === 'shared' ? location : identifier;
  const facts = factsOf(snapshot, { name: identifier, isShared: type === 'shared' });
  const times = timesOf(snapshot);
  const problem = otherInstance(snapshot, source) ?? refusalOfSnapshot(facts) ?? (times ? undefined : noTime(id));
  if (problem !== undefined || times === undefined) {
    return { kind: 'unusable', id, problem: problem ?? noTime(id) };
  }
  const point: RecoveryPoint = {
    id,
    provider: 'aws',
    kind: 'rds',
    location,
    ...times,
    consistency: 'crash',
    format: formatOf(snapshot, type),
    engine: { name: snapshot.Engine ?? '', version: snapshot.EngineVersion ?? '' },
    ...(snapshot.FullSnapshotSizeInBytes && { bytes: snapshot.FullSnapshotSizeInBytes }),
    tags: tagTexts(snapshot.TagList),
    rds: detailsOf(snapshot, type, source),
  };
  return { kind: 'usable', point, facts };
}

/** Tags as texts, `key=value`. */
export function tagTexts(tags: readonly Tag[] | undefined): readonly string[] {
  return (tags ?? []).map(({ Key = '', Value = '' }) => `${Key}=${Value}`);
}

function typeOf(snapshot: DBSnapshot, account: string): RdsRecoveryPoint['type'] {
  const { SnapshotType: type, DBSnapshotIdentifier: identifier = '', DBSnapshotArn: arn } = snapshot;
  if (type === 'shared' || accountOf(arn) !== account) return 'shared';
  // RDS may list what AWS Backup made as manual; its name tells.
  if (type === 'awsbackup' || identifier.startsWith('awsbackup:')) return 'backup-service';
  return type === 'automated' ? 'automated' : 'manual';
}

const FORMATS: Readonly<Record<RdsRecoveryPoint['type'], string>> = {
  automated: 'RDS automated snapshot',
  manual: 'RDS manual snapshot',
  shared: 'RDS shared snapshot',
  'backup-service': 'RDS snapshot by AWS Backup',
  'point-in-time': 'RDS point in time',
};

function formatOf(snapshot: DBSnapshot, type: RdsRecoveryPoint['type']): string {
  return isCopy(snapshot) ? `${FORMATS[type]} (a copy)` : FORMATS[type];
}

function factsOf(snapshot: DBSnapshot, { name, isShared }: { name: string; isShared: boolean }): SnapshotFacts {
  return {
    name,
    isShared,
    status: snapshot.Status,
    percentProgress: snapshot.PercentProgress,
    engine: snapshot.Engine,
    storageType: snapshot.StorageType,
    encrypted: snapshot.Encrypted ?? false,
    encryptionType: snapshot.StorageEncryptionType,
    kmsKeyId: snapshot.KmsKeyId,
    target: snapshot.SnapshotTarget,
  };
}

function detailsOf(
  snapshot: DBSnapshot,
  type: RdsRecoveryPoint['type'],
  { living, resourceId, automatedBackups }: RdsSource,
): RdsRecoveryPoint {
  const engine = snapshot.Engine ?? '';
  const retention = living?.BackupRetentionPeriod ?? automatedBackups[0]?.BackupRetentionPeriod;
  const expiresAt = earliestRemoval(snapshot, retention);
  return {
    type,
    sourceResourceId: snapshot.DbiResourceId ?? resourceId,
    sourceIdentifier: snapshot.DBInstanceIdentifier ?? '',
    snapshotArn: snapshot.DBSnapshotArn ?? '',
    engine,
    engineVersion: snapshot.EngineVersion ?? '',
    allocatedGib: snapshot.AllocatedStorage ?? 0,
    storageType: snapshot.StorageType ?? '',
    ...provisionedIops(snapshot),
    encrypted: snapshot.Encrypted ?? false,
    ...(snapshot.KmsKeyId && { kmsKeyId: snapshot.KmsKeyId }),
    ...(living?.DBInstanceClass && { sourceClass: living.DBInstanceClass }),
    ...(snapshot.OptionGroupName && { optionGroup: snapshot.OptionGroupName }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}

function otherInstance({ DbiResourceId: id, DBSnapshotIdentifier: name }: DBSnapshot, source: RdsSource) {
  if (id === undefined || id === '' || id === source.resourceId) return undefined;
  return {
    code: 'aws/other-instance',
    message: `snapshot '${name ?? ''}' is of '${id}', an earlier instance of the same name, not of '${source.resourceId}'`,
    hint: `To drill that one, write 'source: ${id}'.`,
    blames: 'environment',
  } as const;
}

function noTime(id: string): Problem {
  return {
    code: 'aws/no-data-time',
    message: `RDS tells no time of snapshot '${id}', so the age of its data is unknown`,
    hint: 'Draw another one; if all are like this, report it as a bug of drillbook.',
    blames: 'environment',
  };
}
