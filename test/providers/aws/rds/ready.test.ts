import type { DBInstance } from '@aws-sdk/client-rds';
import { describe, expect, test } from 'vitest';
import { awsName } from '../../../../src/providers/aws/names.ts';
import { judgeInstance } from '../../../../src/providers/aws/rds/ready.ts';
import { restoreCall } from '../../../../src/providers/aws/rds/restore-parameters.ts';
import { drillOf, NETWORK, PLACE, requestOf } from './rds-request.ts';

const NOW = '2026-11-20T03:00:00.000Z';
const drill = drillOf('drill-1', NOW);
const request = requestOf(drill);
const name = awsName('drill-1', 'orders');
const arn = `arn:aws:rds:eu-west-1:123456789012:db:${name}`;
const resource = { provider: 'aws', type: 'db-instance', id: arn, name: 'orders', token: request.token };
const { input } = restoreCall(request, { network: NETWORK, place: PLACE, requestedAt: NOW });
const tags = input.Tags ?? [];

/** The instance as RDS shows it when all is well. */
const ready: DBInstance = {
  DBInstanceIdentifier: name,
  DBInstanceArn: arn,
  DBInstanceStatus: 'available',
  DBInstanceClass: 'db.t4g.micro',
  Engine: 'postgres',
  EngineVersion: '16.4',
  AllocatedStorage: 20,
  MultiAZ: false,
  PubliclyAccessible: false,
  InstanceCreateTime: new Date('2026-11-20T03:04:00.000Z'),
  Endpoint: { Address: `${name}.abc.eu-west-1.rds.amazonaws.com`, Port: 5432 },
  PendingModifiedValues: {},
  VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-data', Status: 'active' }],
  DBSubnetGroup: { DBSubnetGroupName: 'drillbook-data', VpcId: 'vpc-1' },
  DBParameterGroups: [{ DBParameterGroupName: 'default.postgres16', ParameterApplyStatus: 'in-sync' }],
  TagList: tags,
  MasterUserSecret: {
    SecretArn: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-1',
    SecretStatus: 'active',
  },
};

const { MasterUserSecret: _, ...unmanaged } = ready;

function judge(instance: DBInstance) {
  return judgeInstance(instance, resource, PLACE);
}

function settingsOf(instance: DBInstance): readonly string[] {
  const judgement = judge(instance);
  return judgement.kind === 'ready' ? (judgement.facts?.settings ?? []) : [judgement.kind];
}

describe('a restored instance', () => {
  test('is ready with its endpoint, the secret that RDS keeps, the probe, and the facts of its restore', () => {
    expect(judge(ready)).toEqual({
      kind: 'ready',
      endpoint: {
        kind: 'rds',
        engine: 'postgres',
        address: `${name}.abc.eu-west-1.rds.amazonaws.com`,
        port: 5432,
        secretArn: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-1',
        probe: awsName('drill-1', 'probe'),
      },
      facts: {
        moment: { recoveryPointId: 'production-1', target: { kind: 'backup-end' } },
        dataMoments: [{ source: 'recovery-point', at: '2026-11-19T03:00:00.000Z', error: 1_000 }],
        engineVersion: '16.4',
        spans: [{ name: "until RDS's creation time", startedAt: NOW, took: 240_000 }],
        settings: ['Single-AZ', 'default parameter group default.postgres16'],
        warnings: [],
      },
    });
  });

  test.each(['mysql', 'mariadb'])('of engine %s is spoken to as MySQL', (Engine) => {
    expect(judge({ ...ready, Engine })).toMatchObject({ endpoint: { engine: 'mysql' } });
  });

  test('is staged when it is usable and nobody has asked RDS to manage its password', () => {
    expect(judge(unmanaged)).toEqual({ kind: 'staged', stage: 'instance' });
  });

  test.each<[string, DBInstance]>([
    ['it is still creating', { ...unmanaged, DBInstanceStatus: 'creating' }],
    ['it is backing up', { ...unmanaged, DBInstanceStatus: 'backing-up' }],
    ['a modification is pending', { ...unmanaged, PendingModifiedValues: { MasterUserPassword: '****' } }],
    [
      'its security group is not active yet',
      withGroups(unmanaged, [{ VpcSecurityGroupId: 'sg-data', Status: 'adding' }]),
    ],
    ['it has no address yet', { ...unmanaged, Endpoint: { Port: 5432 } }],
  ])('waits for its next stage while %s', (_, instance) => {
    expect(judge(instance)).toMatchObject({ kind: 'pending' });
  });

  test.each<[string, DBInstance]>([
    [
      'its secret is being made',
      { ...ready, MasterUserSecret: { ...ready.MasterUserSecret, SecretStatus: 'creating' } },
    ],
    ['its secret rotates', { ...ready, MasterUserSecret: { ...ready.MasterUserSecret, SecretStatus: 'rotating' } }],
    ['it has no address', { ...ready, Endpoint: {} }],
    ['a value is pending', { ...ready, PendingModifiedValues: { MasterUserPassword: '****' } }],
    ['its security group is not active', withGroups(ready, [{ VpcSecurityGroupId: 'sg-data', Status: 'adding' }])],
    ['its password is being reset', { ...ready, DBInstanceStatus: 'resetting-master-credentials' }],
    ['it is being deleted', { ...ready, DBInstanceStatus: 'deleting' }],
  ])('is not ready while %s', (_, instance) => {
    expect(judge(instance)).toMatchObject({ kind: 'pending' });
  });

  test('has failed when RDS cannot keep its secret', () => {
    const MasterUserSecret = { ...ready.MasterUserSecret, SecretStatus: 'impaired' };
    expect(judge({ ...ready, MasterUserSecret })).toMatchObject({
      kind: 'failed',
      problem: { code: 'aws/secret-impaired', blames: 'environment' },
    });
  });

  test('tells its status, how far it is, and that a status is unknown', () => {
    const creating = { ...unmanaged, DBInstanceStatus: 'creating', PercentProgress: '40' };
    expect(judge(creating)).toEqual({ kind: 'pending', detail: 'creating, 40 %' });
    expect(judge({ ...unmanaged, DBInstanceStatus: 'constructing' })).toEqual({
      kind: 'pending',
      detail: 'constructing (a status that drillbook does not know)',
    });
  });

  test('ends in a terminal status at once', () => {
    const failed = { ...unmanaged, DBInstanceStatus: 'incompatible-restore' };
    expect(judge(failed)).toMatchObject({
      kind: 'ended',
      status: 'incompatible-restore',
      meaning: { blames: 'backup' },
    });
  });
});

describe('a restored instance is not isolated, and has failed, when', () => {
  test.each<[string, DBInstance, string]>([
    ['it is in another VPC', inGroup(ready, { VpcId: 'vpc-default' }), "in VPC 'vpc-default'"],
    ['it is in another subnet group', inGroup(ready, { DBSubnetGroupName: 'default' }), "subnet group 'default'"],
    [
      'it has another security group',
      withGroups(ready, [{ VpcSecurityGroupId: 'sg-other', Status: 'active' }]),
      'sg-other',
    ],
    [
      'it has one more security group',
      withGroups(ready, [...(ready.VpcSecurityGroups ?? []), { VpcSecurityGroupId: 'sg-more', Status: 'active' }]),
      'sg-more',
    ],
    ['it has no security group', withGroups(ready, []), 'no security group'],
    ['it can be reached from anywhere', { ...ready, PubliclyAccessible: true }, 'public address'],
    ['it has lost its tags', { ...ready, TagList: [] }, 'its tags'],
    [
      'a tag of its mark is gone',
      { ...ready, TagList: tags.filter(({ Key }) => Key !== 'drillbook:token') },
      'its tags',
    ],
    [
      'a tag of its notes is gone',
      { ...ready, TagList: tags.filter(({ Key }) => Key !== 'drillbook:vpc') },
      'its tags',
    ],
    ['its proof is that of another name', { ...ready, DBInstanceIdentifier: `${name}-copy` }, 'its tags'],
    ['it is in no VPC', unplaced(ready), "in VPC 'none'"],
  ])('%s', (_, instance, because) => {
    expect(judge(instance)).toMatchObject({
      kind: 'failed',
      problem: {
        code: 'aws/not-isolated',
        blames: 'environment',
        message: expect.stringContaining(because) as unknown,
      },
    });
  });

  test('it was restored for another token', () => {
    const other = { ...resource, token: 'drill-1/other' };
    expect(judgeInstance(ready, other, PLACE)).toMatchObject({ problem: { code: 'aws/not-isolated' } });
  });

  test('it is still being made, and already in the wrong place', () => {
    const creating = { ...inGroup(ready, { VpcId: 'vpc-default' }), DBInstanceStatus: 'creating' };
    expect(judge(creating)).toMatchObject({ problem: { code: 'aws/not-isolated' } });
  });

  test('but not while it is being made and RDS does not show its place or tags yet', () => {
    const creating = { ...unplaced(withGroups(unmanaged, [])), DBInstanceStatus: 'creating' };
    expect(judge(creating)).toMatchObject({ kind: 'pending' });
    expect(judge({ ...creating, TagList: [] })).toMatchObject({ kind: 'pending' });
  });
});

describe('what makes the figures of a restored instance special', () => {
  test('is another class than the source has, or a source whose class is not known', () => {
    expect(settingsOf({ ...ready, DBInstanceClass: 'db.t3.micro' })).toContain(
      'instance class db.t3.micro (source: db.t4g.micro)',
    );
    const TagList = tags.filter(({ Key }) => Key !== 'drillbook:source-class');
    expect(settingsOf({ ...ready, TagList })).toContain('instance class db.t4g.micro (source: not known)');
  });

  test('is another engine version than the backup has', () => {
    expect(settingsOf({ ...ready, EngineVersion: '17.1' })).toContain('engine version 17.1 (backup: 16.4)');
  });

  test('is a parameter group that is not applied', () => {
    const DBParameterGroups = [{ DBParameterGroupName: 'orders', ParameterApplyStatus: 'pending-reboot' }];
    expect(settingsOf({ ...ready, DBParameterGroups })).toEqual([
      'Single-AZ',
      'parameter group orders not applied (pending-reboot)',
    ]);
  });

  test('is storage that still loads from the backup, with how far it is', () => {
    const loading = { ...ready, StorageOperationStatus: 'Initializing', StorageOperationPercentProgress: 37 };
    expect(settingsOf(loading)).toContain('storage still loading from the backup (37 %)');
  });

  test("is told as a warning where it carries somebody else's tags, by their keys alone", () => {
    const TagList = [...tags, { Key: 'team', Value: 'secret' }, { Key: 'aws:cloudformation:stack', Value: 'x' }];
    const judgement = judge({ ...ready, TagList });
    expect(judgement).toMatchObject({ kind: 'ready', facts: { warnings: [{ code: 'aws/foreign-tags' }] } });
    expect(JSON.stringify(judgement)).toContain("'team'");
    expect(JSON.stringify(judgement)).not.toContain("'secret'");
  });
});

describe('a restore to a moment', () => {
  test('tells the moment it reached', () => {
    const restoreTime = '2026-11-20T02:55:00.000Z';
    const TagList = [...tags, { Key: 'drillbook:restore-time', Value: restoreTime }];
    expect(judge({ ...ready, TagList })).toMatchObject({
      facts: { moment: { recoveryPointId: 'production-1', target: { kind: 'time', time: restoreTime } } },
    });
  });
});

function withGroups(instance: DBInstance, VpcSecurityGroups: NonNullable<DBInstance['VpcSecurityGroups']>): DBInstance {
  return { ...instance, VpcSecurityGroups };
}

function inGroup(instance: DBInstance, more: NonNullable<DBInstance['DBSubnetGroup']>): DBInstance {
  return { ...instance, DBSubnetGroup: { ...instance.DBSubnetGroup, ...more } };
}

function unplaced(instance: DBInstance): DBInstance {
  return { ...instance, DBSubnetGroup: {} };
}
