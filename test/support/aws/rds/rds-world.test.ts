import { DescribeNetworkInterfacesCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  AddTagsToResourceCommand,
  CreateDBSubnetGroupCommand,
  DeleteDBInstanceCommand,
  DeleteDBSubnetGroupCommand,
  DescribeAccountAttributesCommand,
  DescribeDBInstanceAutomatedBackupsCommand,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotsCommand,
  DescribeEventsCommand,
  DescribeOrderableDBInstanceOptionsCommand,
  ModifyDBInstanceCommand,
  RDSClient,
} from '@aws-sdk/client-rds';
import { ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import type { Layer } from '../call.ts';
import { motoAt, startProxy } from '../proxy.ts';
import { describeRds } from './rds-stage.ts';
import { rdsWorld } from './rds-world.ts';
import { failingRestore, stuckRestore } from './timeline.ts';

await describeRds('the simulated RDS', (stage) => {
  const { aws, clock, rds, plant, restore, look, remove } = stage;

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
