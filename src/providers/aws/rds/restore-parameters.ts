import type {
  RestoreDBInstanceFromDBSnapshotMessage,
  RestoreDBInstanceToPointInTimeMessage,
} from '@aws-sdk/client-rds';
import type { RdsRecoveryPoint, RecoveryPoint } from '../../../catalog/recovery-point.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { RdsRestore } from '../../../runbook/restore-spec.ts';
import type { AwsPlace } from '../../../runbook/runbook.ts';
import type { Instant } from '../../../support/time.ts';
import type { StartRequest } from '../../provider.ts';
import { awsName, markTags, type Tag } from '../names.ts';
import type { SandboxNetwork } from '../sandbox/network.ts';
import { portOf } from '../ports.ts';
import { isProvisioned } from './provisioned-iops.ts';
import { noteTags } from './restore-notes.ts';

/** The restore of a recovery point of RDS. */
export type RdsRequest = Extract<StartRequest, { kind: 'restore' }> & {
  readonly spec: RdsRestore;
  readonly point: RecoveryPoint & { readonly rds: RdsRecoveryPoint };
};

/** Where and when a restore is asked for. */
export interface RestoreScene {
  readonly network: SandboxNetwork;
  readonly place: AwsPlace;
  readonly requestedAt: Instant;
}

/** The call that begins a restore, with its input. */
export type RestoreCall =
  | { readonly kind: 'snapshot'; readonly input: RestoreDBInstanceFromDBSnapshotMessage }
  | { readonly kind: 'point-in-time'; readonly input: RestoreDBInstanceToPointInTimeMessage };

/** The type of restored instances in the ledger, which their marks are proofs of. */
export const INSTANCE_TYPE = 'db-instance';

/**
 * The exact restore call. Nothing that RDS would choose by itself is left out: what is omitted comes from the default
 * VPC (network), from the source (tags, backup retention) or from the way out that the network has (public address).
 * Log exports and domains are never asked for: log groups stay behind, and no domain can be joined from inside.
 *
 * @throws ProblemError `aws/class-unknown`
 */
export function restoreCall(request: RdsRequest, scene: RestoreScene): RestoreCall {
  const { point, drill, spec } = request;
  const name = awsName(drill.drillId, spec.name);
  const common = { ...settingsOf(request, scene), Tags: tagsOf(request, scene, name) };
  if (point.rds.snapshotArn !== undefined) {
    const DBSnapshotIdentifier = snapshotIdentifier(point.rds.type, point.rds.snapshotArn, scene.place);
    return { kind: 'snapshot', input: { DBInstanceIdentifier: name, DBSnapshotIdentifier, ...common } };
  }
  if (point.rds.restoreTime === undefined) throw new Error(`'${point.id}' is neither a snapshot nor a moment`);
  const source = { SourceDbiResourceId: point.rds.sourceResourceId, RestoreTime: new Date(point.rds.restoreTime) };
  return { kind: 'point-in-time', input: { TargetDBInstanceIdentifier: name, ...source, ...common } };
}

function settingsOf({ spec, point: { rds } }: RdsRequest, { network }: RestoreScene) {
  const lifecycle = hasLifecycle(rds.engine) ? { EngineLifecycleSupport: 'open-source-rds-extended-support' } : {};
  return {
    DBInstanceClass: classOf(spec, rds),
    DBSubnetGroupName: network.subnetGroupName,
    VpcSecurityGroupIds: [network.dataSecurityGroupId],
    PubliclyAccessible: false,
    MultiAZ: false,
    DeletionProtection: false,
    BackupRetentionPeriod: 0,
    CopyTagsToSnapshot: false,
    AutoMinorVersionUpgrade: false,
    EnableIAMDatabaseAuthentication: false,
    Port: portOf(rds.engine),
    StorageType: rds.storageType,
    ...(rds.iops !== undefined && isProvisioned(rds.storageType) && { Iops: rds.iops }),
    ...(spec.parameterGroup !== undefined && { DBParameterGroupName: spec.parameterGroup }),
    ...lifecycle,
  };
}

/**
 * The default, said aloud: without it RDS would upgrade a version past its standard support while it restores, and the
 * drill would measure something else than a recovery. RDS takes the setting for these two engines alone.
 */
function hasLifecycle(engine: string): boolean {
  return engine === 'postgres' || engine === 'mysql';
}

function classOf({ name, instanceClass }: RdsRestore, { sourceClass }: RdsRecoveryPoint): string {
  const chosen = instanceClass ?? sourceClass;
  if (chosen !== undefined) return chosen;
  throw new ProblemError({
    code: 'aws/class-unknown',
    message: `no instance class is known for '${name}': its source is not to be seen, and a backup does not tell`,
    hint: `Name an 'instanceClass' for '${name}' in the runbook, e.g. the one that a real recovery would use.`,
    blames: 'environment',
  });
}

/** RDS wants a shared snapshot by its ARN; by its name it would look for one of the sandbox's own account. */
function snapshotIdentifier(type: RdsRecoveryPoint['type'], arn: string, { account }: AwsPlace): string {
  const isForeign = type === 'shared' || arn.split(':')[4] !== account;
  return isForeign ? arn : arn.slice(arn.indexOf(':snapshot:') + ':snapshot:'.length);
}

function tagsOf(
  { drill, token, point }: RdsRequest,
  { network, place, requestedAt }: RestoreScene,
  name: string,
): Tag[] {
  const { drillId } = drill;
  const expiresAt = drill.sandbox.expiresAt;
  const notes = noteTags({
    recoveryPoint: point.id,
    capturedAt: point.capturedAt,
    ...(point.rds.restoreTime !== undefined && { restoreTime: point.rds.restoreTime }),
    requestedAt,
    engineVersion: point.rds.engineVersion,
    ...(point.rds.sourceClass !== undefined && { sourceClass: point.rds.sourceClass }),
    vpcId: network.vpcId,
    securityGroupId: network.dataSecurityGroupId,
    subnetGroupName: network.subnetGroupName,
  });
  return [...markTags({ drillId, expiresAt, token, kind: INSTANCE_TYPE, name, place }), ...notes];
}
