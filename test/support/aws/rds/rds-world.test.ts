import { DescribeNetworkInterfacesCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  AddTagsToResourceCommand,
  CreateDBSubnetGroupCommand,
  type DBInstance,
  DeleteDBInstanceCommand,
  DeleteDBSubnetGroupCommand,
  DescribeAccountAttributesCommand,
  DescribeDBInstanceAutomatedBackupsCommand,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotsCommand,
  DescribeEventsCommand,
  DescribeOrderableDBInstanceOptionsCommand,
  ModifyDBInstanceCommand,
  paginateDescribeDBSnapshots,
  RDSClient,
  RestoreDBInstanceFromDBSnapshotCommand,
  type RestoreDBInstanceFromDBSnapshotCommandInput,
  RestoreDBInstanceToPointInTimeCommand,
} from '@aws-sdk/client-rds';
import { ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { addMillis } from '../../../../src/support/time.ts';
import { fakeClock } from '../../fake-clock.ts';
import { type AwsWorld, startAwsWorld } from '../aws-world.ts';
import type { Layer } from '../call.ts';
import { type Planter, planterOf } from '../plant.ts';
import { motoAt, startProxy } from '../proxy.ts';
import { rdsWorld } from './rds-world.ts';
import { failingRestore, stuckRestore } from './timeline.ts';

const clock = fakeClock();
const world = await startAwsWorld({ clock });

describe.skipIf(world === undefined)('the simulated RDS', () => {
  const aws = world as AwsWorld;
  let rds: RDSClient;
  let plant: Planter;
  beforeAll(() => {
    for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value);
    rds = new RDSClient({ maxAttempts: 1 });
    plant = planterOf(aws);
  });
  beforeEach(async () => {
    await aws.reset();
    await plant.instance('orders', { team: 'shop' }, { DeletionProtection: true, MultiAZ: true });
    await plant.snapshots('orders', [clock.now()]);
  });
  afterAll(async () => {
    plant.close();
    rds.destroy();
    vi.unstubAllEnvs();
    await aws.stop();
  });

  const restore = async (more: Partial<RestoreDBInstanceFromDBSnapshotCommandInput> = {}) =>
    rds.send(
      new RestoreDBInstanceFromDBSnapshotCommand({
        DBInstanceIdentifier: 'drill',
        DBSnapshotIdentifier: 'orders-1',
        ...more,
      }),
    );
  const look = async (id = 'drill'): Promise<DBInstance | undefined> => {
    const { DBInstances } = await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: id }));
    return DBInstances?.[0];
  };
  const remove = async (id = 'drill') =>
    rds.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier: id, SkipFinalSnapshot: true }));

  describe('a restored instance', () => {
    it('goes through its usual states, by the clock, and has an address only when it is made', async () => {
      const { DBInstance: told } = await restore();
      expect(told).toMatchObject({ DBInstanceStatus: 'creating' });
      expect(told?.Endpoint).toBeUndefined();
      expect(told?.InstanceCreateTime).toBeUndefined();
      const made = clock.now();
      clock.advance(2_999);
      expect(await look()).toMatchObject({ DBInstanceStatus: 'creating' });
      clock.advance(1);
      expect(await look()).toMatchObject({ DBInstanceStatus: 'backing-up', Endpoint: { Port: 5432 } });
      clock.advance(1_000);
      expect(await look()).toMatchObject({ DBInstanceStatus: 'available', InstanceCreateTime: new Date(made) });
    });

    it('cannot be seen between its making and the noting of it: calls go on one at a time', async () => {
      let underWay = 0;
      let most = 0;
      const counting: Layer = async (call, next) => {
        underWay += 1;
        most = Math.max(most, underWay);
        return next(call).finally(() => {
          underWay -= 1;
        });
      };
      const door = await startProxy([rdsWorld(clock, aws).layer, counting], motoAt(aws.url), clock);
      const there = new RDSClient({ endpoint: door.url, maxAttempts: 1 });
      const list = async () => there.send(new DescribeDBInstancesCommand({}));
      await Promise.all([list(), list(), list(), list()]);
      expect(most).toBe(1);
      there.destroy();
      await door.stop();
    });

    it('can fail, and an event says why', async () => {
      aws.rds.setTimeline({ instance: 'drill' }, failingRestore('incompatible-restore', 5_000));
      await restore();
      clock.advance(5_000);
      expect(await look()).toMatchObject({ DBInstanceStatus: 'incompatible-restore' });
      const { Events } = await rds.send(
        new DescribeEventsCommand({ SourceIdentifier: 'drill', SourceType: 'db-instance' }),
      );
      expect(Events?.map(({ Message }) => Message)).toEqual([
        'Restored from snapshot orders-1',
        'DB instance restore ended in incompatible-restore',
      ]);
    });

    it('can stay creating for ever, and be deleted while it does', async () => {
      aws.rds.setTimeline({ source: 'orders-1' }, stuckRestore());
      await restore();
      clock.advance(86_400_000);
      expect(await look()).toMatchObject({ DBInstanceStatus: 'creating' });
      await remove();
      clock.advance(2_000);
      await expect(look()).rejects.toMatchObject({ name: 'DBInstanceNotFoundFault' });
    });

    it('keeps every setting that is false or zero', async () => {
      await restore({
        PubliclyAccessible: false,
        MultiAZ: false,
        DeletionProtection: false,
        BackupRetentionPeriod: 0,
        AutoMinorVersionUpgrade: false,
        CopyTagsToSnapshot: false,
      });
      expect(await look()).toMatchObject({
        PubliclyAccessible: false,
        MultiAZ: false,
        DeletionProtection: false,
        BackupRetentionPeriod: 0,
        AutoMinorVersionUpgrade: false,
        CopyTagsToSnapshot: false,
      });
      const { DBSnapshots } = await rds.send(new DescribeDBSnapshotsCommand({ DBInstanceIdentifier: 'drill' }));
      expect(DBSnapshots).toEqual([]);
    });

    it('has the dangerous defaults of AWS where nothing is said', async () => {
      await restore();
      expect(await look()).toMatchObject({
        PubliclyAccessible: true,
        MultiAZ: false,
        DeletionProtection: false,
        BackupRetentionPeriod: 7,
        DBSubnetGroup: { DBSubnetGroupName: 'default' },
        TagList: [{ Key: 'team', Value: 'shop' }],
      });
    });

    it('has only the tags that are passed', async () => {
      await restore({ Tags: [{ Key: 'drillbook:drill-id', Value: 'x' }] });
      expect((await look())?.TagList).toEqual([{ Key: 'drillbook:drill-id', Value: 'x' }]);
    });

    it('has a resource id of its own, also when it comes again under the same name', async () => {
      await restore();
      const first = (await look())?.DbiResourceId;
      await remove();
      clock.advance(2_000);
      await restore();
      const ids = [first, (await look())?.DbiResourceId, (await look('orders'))?.DbiResourceId];
      expect(new Set(ids).size).toBe(3);
    });

    it('has a network interface of RDS in its subnet, with its groups, until it is gone', async () => {
      const vpc = await plant.vpc('10.8.0.0/16');
      const subnets = [await plant.publicSubnet(vpc, '10.8.1.0/24'), await plant.publicSubnet(vpc, '10.8.2.0/24')];
      const group = await plant.securityGroup(vpc);
      await rds.send(
        new CreateDBSubnetGroupCommand({
          DBSubnetGroupName: 'drill-group',
          DBSubnetGroupDescription: 'd',
          SubnetIds: subnets,
        }),
      );
      await restore({ DBSubnetGroupName: 'drill-group', VpcSecurityGroupIds: [group] });
      const ec2 = new EC2Client();
      const ofVpc = new DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'vpc-id', Values: [vpc] }] });
      expect((await ec2.send(ofVpc)).NetworkInterfaces).toMatchObject([
        {
          Description: 'RDSNetworkInterface',
          RequesterId: 'amazon-rds',
          RequesterManaged: true,
          Status: 'in-use',
          Groups: [{ GroupId: group }],
        },
      ]);
      await remove();
      clock.advance(2_000);
      expect((await ec2.send(ofVpc)).NetworkInterfaces).toEqual([]);
    });

    it('is private in a subnet group without a way out, public where there is a gateway', async () => {
      const vpc = await plant.vpc('10.9.0.0/16');
      const subnets = [await plant.publicSubnet(vpc, '10.9.1.0/24'), await plant.publicSubnet(vpc, '10.9.2.0/24')];
      await rds.send(
        new CreateDBSubnetGroupCommand({
          DBSubnetGroupName: 'drill-group',
          DBSubnetGroupDescription: 'd',
          SubnetIds: subnets,
        }),
      );
      await restore({ DBSubnetGroupName: 'drill-group' });
      expect(await look()).toMatchObject({
        PubliclyAccessible: false,
        DBSubnetGroup: { DBSubnetGroupName: 'drill-group', VpcId: vpc },
      });
      await plant.internetGateway(vpc);
      await restore({ DBInstanceIdentifier: 'open', DBSubnetGroupName: 'drill-group' });
      expect(await look('open')).toMatchObject({ PubliclyAccessible: true });
      const removeGroup = new DeleteDBSubnetGroupCommand({ DBSubnetGroupName: 'drill-group' });
      await expect(rds.send(removeGroup)).rejects.toMatchObject({ name: 'InvalidDBSubnetGroupStateFault' });
      await remove();
      await remove('open');
      await expect(rds.send(removeGroup)).rejects.toMatchObject({ name: 'InvalidDBSubnetGroupStateFault' });
      clock.advance(2_000);
      await rds.send(removeGroup);
    });
  });

  describe('its managed password', () => {
    const manage = new ModifyDBInstanceCommand({
      DBInstanceIdentifier: 'drill',
      ManageMasterUserPassword: true,
      ApplyImmediately: true,
    });
    const secrets = async () => (await new SecretsManagerClient().send(new ListSecretsCommand({}))).SecretList ?? [];

    it('is refused while the instance is being made', async () => {
      await restore();
      await expect(rds.send(manage)).rejects.toMatchObject({ name: 'InvalidDBInstanceStateFault' });
    });

    it('is reset after a moment, and the secret is active when that is over', async () => {
      await restore();
      clock.advance(4_000);
      const { DBInstance: told } = await rds.send(manage);
      expect(told).toMatchObject({
        DBInstanceStatus: 'available',
        PendingModifiedValues: { MasterUserPassword: '****' },
        MasterUserSecret: { SecretStatus: 'creating' },
      });
      clock.advance(300);
      expect(await look()).toMatchObject({ DBInstanceStatus: 'resetting-master-credentials' });
      clock.advance(1_000);
      const done = await look();
      expect(done).toMatchObject({ DBInstanceStatus: 'available', MasterUserSecret: { SecretStatus: 'active' } });
      expect(done?.PendingModifiedValues).toBeUndefined();
      expect((await secrets()).map(({ ARN }) => ARN)).toEqual([done?.MasterUserSecret?.SecretArn]);
    });

    it('makes one secret, however often it is asked for, and that goes with the instance', async () => {
      await restore();
      clock.advance(4_000);
      const { DBInstance: first } = await rds.send(manage);
      clock.advance(2_000);
      const { DBInstance: second } = await rds.send(manage);
      expect(second?.MasterUserSecret).toMatchObject({
        SecretArn: first?.MasterUserSecret?.SecretArn,
        SecretStatus: 'active',
      });
      await remove();
      expect(await secrets()).toHaveLength(1);
      clock.advance(2_000);
      expect(await secrets()).toEqual([]);
    });
  });

  describe('a deletion', () => {
    it('wants either a final snapshot or none, not both and not neither', async () => {
      await restore();
      const both = { SkipFinalSnapshot: true, FinalDBSnapshotIdentifier: 'last' };
      for (const wrong of [{}, both]) {
        await expect(
          rds.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier: 'drill', ...wrong })),
        ).rejects.toMatchObject({ name: 'InvalidParameterCombination' });
      }
      await rds.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier: 'drill', FinalDBSnapshotIdentifier: 'last' }));
      const { DBSnapshots } = await rds.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: 'last' }));
      expect(DBSnapshots).toHaveLength(1);
    });

    it('takes its time, and is refused a second time', async () => {
      await restore();
      expect((await remove()).DBInstance).toMatchObject({ DBInstanceStatus: 'deleting' });
      await expect(remove()).rejects.toMatchObject({ name: 'InvalidDBInstanceStateFault' });
      clock.advance(1_999);
      expect(await look()).toMatchObject({ DBInstanceStatus: 'deleting' });
      clock.advance(1);
      await expect(look()).rejects.toMatchObject({ name: 'DBInstanceNotFoundFault' });
      await expect(remove()).rejects.toMatchObject({ name: 'DBInstanceNotFoundFault' });
    });

    it('is refused of a protected instance, and in the states that a test names', async () => {
      await expect(remove('orders')).rejects.toMatchObject({ name: 'InvalidParameterCombination' });
      await restore();
      aws.rds.settings.refusesDeletionIn.add('backing-up');
      clock.advance(3_000);
      await expect(remove()).rejects.toMatchObject({ name: 'InvalidDBInstanceStateFault' });
      clock.advance(1_000);
      await remove();
    });

    it('leaves the automated backup when it is told to', async () => {
      const backups = new DescribeDBInstanceAutomatedBackupsCommand({});
      await restore();
      clock.advance(4_000);
      await rds.send(
        new DeleteDBInstanceCommand({
          DBInstanceIdentifier: 'drill',
          SkipFinalSnapshot: true,
          DeleteAutomatedBackups: false,
        }),
      );
      clock.advance(2_000);
      const { DBInstanceAutomatedBackups: left } = await rds.send(backups);
      expect(left?.map(({ DBInstanceIdentifier, Status }) => [DBInstanceIdentifier, Status])).toEqual([
        ['orders', 'active'],
        ['drill', 'retained'],
      ]);
    });
  });

  describe('its snapshots', () => {
    const days = (count: number) =>
      Array.from({ length: count }, (_, day) => addMillis(clock.now(), -day * 86_400_000));

    it('come in pages of at least 20, and the first may be empty', async () => {
      await plant.instance('shop');
      await plant.snapshots('shop', days(45));
      aws.rds.settings.paging = { startsEmpty: true };
      const pages: number[] = [];
      const filter = { Filters: [{ Name: 'db-instance-id', Values: ['shop'] }], SnapshotType: 'manual' };
      for await (const page of paginateDescribeDBSnapshots({ client: rds, pageSize: 20 }, filter)) {
        pages.push(page.DBSnapshots?.length ?? -1);
      }
      expect(pages).toEqual([0, 20, 20, 5]);
      await expect(rds.send(new DescribeDBSnapshotsCommand({ MaxRecords: 19 }))).rejects.toMatchObject({
        name: 'InvalidParameterValue',
      });
    });

    it('show the fields that a test gives them', async () => {
      const moment = '2026-01-02T03:04:05.000Z';
      aws.rds.setSnapshot('orders-1', { SnapshotDatabaseTime: moment, Encrypted: 'true', Status: 'creating' });
      const { DBSnapshots } = await rds.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: 'orders-1' }));
      expect(DBSnapshots).toMatchObject([
        { SnapshotDatabaseTime: new Date(moment), Encrypted: true, Status: 'creating', SnapshotType: 'manual' },
      ]);
      await expect(restore()).rejects.toMatchObject({ name: 'InvalidDBSnapshotStateFault' });
    });

    it('that are automated are found by id only with their type, and shared ones only when asked for', async () => {
      const { DBSnapshots: all } = await rds.send(new DescribeDBSnapshotsCommand({}));
      const automated = all?.find(({ SnapshotType }) => SnapshotType === 'automated')?.DBSnapshotIdentifier ?? '';
      const byId = { DBSnapshotIdentifier: automated };
      await expect(rds.send(new DescribeDBSnapshotsCommand(byId))).rejects.toMatchObject({
        name: 'DBSnapshotNotFoundFault',
      });
      const typed = await rds.send(new DescribeDBSnapshotsCommand({ ...byId, SnapshotType: 'automated' }));
      expect(typed.DBSnapshots).toHaveLength(1);
      const arn = 'arn:aws:rds:eu-west-1:999999999999:snapshot:theirs';
      aws.rds.setSnapshot('orders-1', { SnapshotType: 'shared', DBSnapshotArn: arn, DBSnapshotIdentifier: arn });
      expect((await rds.send(new DescribeDBSnapshotsCommand({}))).DBSnapshots).toHaveLength(1);
      const shared = await rds.send(new DescribeDBSnapshotsCommand({ SnapshotType: 'shared' }));
      expect(shared.DBSnapshots).toMatchObject([{ DBSnapshotArn: arn }]);
      await restore({ DBSnapshotIdentifier: arn });
      expect(await look()).toMatchObject({ Engine: 'postgres' });
    });

    it('name their instance by resource id, also after another took its name', async () => {
      const first = (await look('orders'))?.DbiResourceId ?? '';
      await rds.send(new ModifyDBInstanceCommand({ DBInstanceIdentifier: 'orders', DeletionProtection: false }));
      await remove('orders');
      clock.advance(2_000);
      await plant.instance('orders');
      const { DBSnapshots } = await rds.send(
        new DescribeDBSnapshotsCommand({ DbiResourceId: first, SnapshotType: 'manual' }),
      );
      expect(DBSnapshots?.map(({ DBSnapshotIdentifier }) => DBSnapshotIdentifier)).toEqual(['orders-1']);
    });
  });

  describe('points in time', () => {
    const pointInTime = (more: object) =>
      new RestoreDBInstanceToPointInTimeCommand({ TargetDBInstanceIdentifier: 'drill', ...more });

    it('have a window that ends five minutes ago, by the clock', async () => {
      const begin = clock.now();
      clock.advance(3_600_000);
      const { DBInstanceAutomatedBackups: backups } = await rds.send(new DescribeDBInstanceAutomatedBackupsCommand({}));
      const end = new Date(addMillis(clock.now(), -300_000));
      expect(backups).toMatchObject([
        { DBInstanceIdentifier: 'orders', RestoreWindow: { EarliestTime: new Date(begin), LatestTime: end } },
      ]);
      expect((await look('orders'))?.LatestRestorableTime).toEqual(end);
    });

    it('are refused after the window, twice named, or not named', async () => {
      const source = { SourceDBInstanceIdentifier: 'orders' };
      const wrong = [source, { ...source, RestoreTime: new Date(clock.now()), UseLatestRestorableTime: true }];
      for (const each of wrong) {
        await expect(rds.send(pointInTime(each))).rejects.toMatchObject({ name: 'InvalidParameterCombination' });
      }
      const future = { ...source, RestoreTime: new Date(addMillis(clock.now(), 60_000)) };
      await expect(rds.send(pointInTime(future))).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    });

    it('are restored by resource id too, with the tags of the source where a test wants them', async () => {
      aws.rds.settings.addsSourceTagsToPointInTime = true;
      const { DbiResourceId: SourceDbiResourceId } = (await look('orders')) ?? {};
      const Tags = [{ Key: 'mine', Value: 'x' }];
      await rds.send(pointInTime({ SourceDbiResourceId, UseLatestRestorableTime: true, Tags }));
      expect((await look())?.TagList).toEqual([...Tags, { Key: 'team', Value: 'shop' }]);
      expect(await look()).toMatchObject({ DBInstanceStatus: 'creating', MultiAZ: false, DeletionProtection: false });
    });
  });

  it('tells events of the last hour only, unless a window is named', async () => {
    const StartTime = new Date(clock.now());
    clock.advance(2 * 3_600_000);
    expect((await rds.send(new DescribeEventsCommand({}))).Events).toEqual([]);
    const { Events } = await rds.send(new DescribeEventsCommand({ StartTime }));
    expect(Events?.map(({ SourceIdentifier }) => SourceIdentifier)).toContain('orders');
  });

  it('knows quotas and offered classes', async () => {
    const { AccountQuotas } = await rds.send(new DescribeAccountAttributesCommand({}));
    expect(AccountQuotas?.find(({ AccountQuotaName }) => AccountQuotaName === 'DBInstances')).toMatchObject({
      Used: 1,
      Max: 40,
    });
    aws.rds.settings.offers = (_, name) => name === 'db.t4g.micro';
    const offered = async (DBInstanceClass: string) =>
      (await rds.send(new DescribeOrderableDBInstanceOptionsCommand({ Engine: 'postgres', DBInstanceClass })))
        .OrderableDBInstanceOptions;
    expect((await offered('db.t4g.micro'))?.map(({ StorageType }) => StorageType)).toContain('gp3');
    expect(await offered('db.x1.huge')).toEqual([]);
  });

  it('lets tags be changed as moto does', async () => {
    const { DBInstanceArn: ResourceName } = (await look('orders')) ?? {};
    await rds.send(new AddTagsToResourceCommand({ ResourceName, Tags: [{ Key: 'a', Value: 'b' }] }));
    expect((await look('orders'))?.TagList).toContainEqual({ Key: 'a', Value: 'b' });
  });
});
