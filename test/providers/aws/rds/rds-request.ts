import type { RdsRecoveryPoint } from '../../../../src/catalog/recovery-point.ts';
import type { DrillIdentity } from '../../../../src/providers/provider.ts';
import type { RdsRequest } from '../../../../src/providers/aws/rds/restore-parameters.ts';
import type { SandboxNetwork } from '../../../../src/providers/aws/sandbox/network.ts';
import type { RdsRestore } from '../../../../src/runbook/restore-spec.ts';
import type { AwsPlace } from '../../../../src/runbook/runbook.ts';

/** The sandbox account of all these tests. */
export const PLACE: AwsPlace = {
  provider: 'aws',
  account: '123456789012',
  region: 'eu-west-1',
  sharesAccountWithSources: true,
};

/** A drill that began at that moment. */
export function drillOf(drillId: string, startedAt: string, sources: readonly string[] = []): DrillIdentity {
  const expiresAt = new Date(Date.parse(startedAt) + 3_600_000).toISOString();
  return { drillId, startedAt, sandbox: { ...PLACE, expiresAt, minimumIsolation: 'VPC' }, sources };
}

/** The restore of 'orders' from a recovery point like this, unless told otherwise. */
export function requestOf(
  drill: DrillIdentity,
  more: { readonly rds?: Partial<RdsRecoveryPoint>; readonly spec?: Partial<RdsRestore>; readonly id?: string } = {},
): RdsRequest {
  const rds: RdsRecoveryPoint = {
    type: 'manual',
    sourceResourceId: 'db-SOURCE',
    sourceIdentifier: 'production',
    snapshotArn: 'arn:aws:rds:eu-west-1:123456789012:snapshot:production-1',
    engine: 'postgres',
    engineVersion: '16.4',
    allocatedGib: 20,
    storageType: 'gp3',
    encrypted: false,
    sourceClass: 'db.t4g.micro',
    ...more.rds,
  };
  const spec: RdsRestore = {
    kind: 'rds',
    name: 'orders',
    needs: [],
    recoveryPoint: { pick: { kind: 'latest' }, to: { kind: 'backup-end' } },
    database: 'postgres',
    source: 'production',
    ...more.spec,
  };
  const point = {
    id: more.id ?? 'production-1',
    provider: 'aws',
    kind: 'rds',
    location: rds.snapshotArn ?? 'production',
    capturedAt: '2026-11-19T03:00:00.000Z',
    capturedAtSource: 'SnapshotDatabaseTime',
    availableAt: '2026-11-19T03:10:00.000Z',
    consistency: 'crash',
    format: 'RDS snapshot',
    engine: { name: rds.engine, version: rds.engineVersion },
    tags: [],
    rds,
  } as const;
  return { kind: 'restore', drill, token: `${drill.drillId}/restore:${spec.name}`, spec, point };
}

/** Outputs of a stack that need not exist. */
export const NETWORK: SandboxNetwork = {
  vpcId: 'vpc-1',
  dataSubnetIds: ['subnet-1', 'subnet-2'],
  probeSubnetIds: ['subnet-3'],
  dataSecurityGroupId: 'sg-data',
  probeSecurityGroupId: 'sg-probe',
  endpointSecurityGroupId: 'sg-endpoint',
  subnetGroupName: 'drillbook-data',
  probeRoleArn: 'arn:aws:iam::123456789012:role/probe',
  endpointId: 'vpce-1',
  routeTableId: 'rtb-1',
};
