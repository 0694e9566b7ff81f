import { describe, expect, test } from 'vitest';
import { ProblemError } from '../../../../src/diagnostics/problem-error.ts';
import { awsName, markTags } from '../../../../src/providers/aws/names.ts';
import { type RdsRequest, restoreCall } from '../../../../src/providers/aws/rds/restore-parameters.ts';
import { drillOf, NETWORK, PLACE, requestOf } from './rds-request.ts';

const NOW = '2026-11-20T03:00:00.000Z';
const drill = drillOf('drill-1', NOW);
const name = awsName('drill-1', 'orders');

const ask = (request: RdsRequest) => restoreCall(request, { network: NETWORK, place: PLACE, requestedAt: NOW });

const marks = markTags({
  drillId: 'drill-1',
  expiresAt: '2026-11-20T04:00:00.000Z',
  token: 'drill-1/restore:orders',
  kind: 'db-instance',
  name,
  place: PLACE,
});

const notes = [
  { Key: 'drillbook:recovery-point', Value: 'production-1' },
  { Key: 'drillbook:captured-at', Value: '2026-11-19T03:00:00.000Z' },
  { Key: 'drillbook:requested-at', Value: NOW },
  { Key: 'drillbook:backup-engine-version', Value: '16.4' },
  { Key: 'drillbook:source-class', Value: 'db.t4g.micro' },
  { Key: 'drillbook:vpc', Value: 'vpc-1' },
  { Key: 'drillbook:security-group', Value: 'sg-data' },
  { Key: 'drillbook:subnet-group', Value: 'drillbook-data' },
];

const settings = {
  DBInstanceClass: 'db.t4g.micro',
  DBSubnetGroupName: 'drillbook-data',
  VpcSecurityGroupIds: ['sg-data'],
  PubliclyAccessible: false,
  MultiAZ: false,
  DeletionProtection: false,
  BackupRetentionPeriod: 0,
  CopyTagsToSnapshot: false,
  AutoMinorVersionUpgrade: false,
  EnableIAMDatabaseAuthentication: false,
  Port: 5432,
  StorageType: 'gp3',
  EngineLifecycleSupport: 'open-source-rds-extended-support',
};

const momentOf = { restoreTime: '2026-11-20T02:55:00.000Z' };

/** A recovery point that is a moment: it has no snapshot. */
function pointInTime(): RdsRequest {
  const request = requestOf(drill, { rds: { type: 'point-in-time', ...momentOf } });
  const { snapshotArn: _, ...rds } = request.point.rds;
  return { ...request, point: { ...request.point, rds } };
}

describe('the call that restores', () => {
  test('a snapshot says everything that RDS would else choose', () => {
    expect(ask(requestOf(drill))).toEqual({
      kind: 'snapshot',
      input: {
        DBInstanceIdentifier: name,
        DBSnapshotIdentifier: 'production-1',
        ...settings,
        Tags: [...marks, ...notes],
      },
    });
  });

  test('a moment names one source, by the id that is never used again, and says the same', () => {
    const tags = [
      ...notes.slice(0, 2),
      { Key: 'drillbook:restore-time', Value: momentOf.restoreTime },
      ...notes.slice(2),
    ];
    expect(ask(pointInTime())).toEqual({
      kind: 'point-in-time',
      input: {
        TargetDBInstanceIdentifier: name,
        SourceDbiResourceId: 'db-SOURCE',
        RestoreTime: new Date(momentOf.restoreTime),
        ...settings,
        Tags: expect.arrayContaining([...marks, ...tags]) as unknown,
      },
    });
  });

  test.each([
    ['automated', 'arn:aws:rds:eu-west-1:123456789012:snapshot:rds:production-2026', 'rds:production-2026'],
    ['backup-service', 'arn:aws:rds:eu-west-1:123456789012:snapshot:awsbackup:job-1', 'awsbackup:job-1'],
    [
      'shared',
      'arn:aws:rds:eu-west-1:123456789012:snapshot:given',
      'arn:aws:rds:eu-west-1:123456789012:snapshot:given',
    ],
    [
      'manual',
      'arn:aws:rds:eu-west-1:999999999999:snapshot:given',
      'arn:aws:rds:eu-west-1:999999999999:snapshot:given',
    ],
  ] as const)('names the %s snapshot %s as RDS wants it', (type, snapshotArn, expected) => {
    const { input } = ask(requestOf(drill, { rds: { type, snapshotArn } }));
    expect(input).toMatchObject({ DBSnapshotIdentifier: expected });
  });

  test("takes the runbook's class and parameter group before the source's", () => {
    const spec = { instanceClass: 'db.m6g.large', parameterGroup: 'orders-16' };
    expect(ask(requestOf(drill, { spec })).input).toMatchObject({
      DBInstanceClass: 'db.m6g.large',
      DBParameterGroupName: 'orders-16',
    });
  });

  test('is refused when no class is known', () => {
    const request = requestOf(drill);
    const { sourceClass: _, ...rds } = request.point.rds;
    const asking = () => ask({ ...request, point: { ...request.point, rds } });
    expect(asking).toThrow(ProblemError);
    expect(asking).toThrow("no instance class is known for 'orders'");
  });

  test('asks for provisioned IOPS where the storage type has them, and only there', () => {
    const io1 = ask(requestOf(drill, { rds: { storageType: 'io1', iops: 3_000 } })).input;
    expect(io1).toMatchObject({ StorageType: 'io1', Iops: 3_000 });
    expect(ask(requestOf(drill, { rds: { storageType: 'gp3', iops: 3_000 } })).input).not.toHaveProperty('Iops');
  });

  test('says nothing of extended support for MariaDB, which has none', () => {
    const { input } = ask(requestOf(drill, { rds: { engine: 'mariadb' } }));
    expect(input).not.toHaveProperty('EngineLifecycleSupport');
    expect(ask(requestOf(drill, { rds: { engine: 'mysql' } })).input).toHaveProperty('EngineLifecycleSupport');
  });
});
