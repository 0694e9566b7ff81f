import {
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateVpcCommand,
  CreateVpcPeeringConnectionCommand,
  DescribeDhcpOptionsCommand,
  DescribeEgressOnlyInternetGatewaysCommand,
  DescribeInternetGatewaysCommand,
  DescribeNatGatewaysCommand,
  DescribeNetworkAclsCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeTransitGatewayVpcAttachmentsCommand,
  DescribeVpcAttributeCommand,
  DescribeVpcBlockPublicAccessOptionsCommand,
  DescribeVpcPeeringConnectionsCommand,
  DescribeVpnGatewaysCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { CreateKeyCommand, DescribeKeyCommand, DisableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CreateDBInstanceCommand,
  CreateDBSnapshotCommand,
  DeleteDBInstanceCommand,
  DescribeAccountAttributesCommand,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotsCommand,
  DescribeOrderableDBInstanceOptionsCommand,
  ModifyDBInstanceCommand,
  RDSClient,
  RestoreDBInstanceFromDBSnapshotCommand,
} from '@aws-sdk/client-rds';
import { CreateHostedZoneCommand, ListHostedZonesByVPCCommand, Route53Client } from '@aws-sdk/client-route-53';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { takeMoto } from './moto-for-workers.ts';
import { findMotoServer, type MotoServer } from './moto-server.ts';
import { motoAt, type Proxy, startProxy } from './proxy.ts';
import { emulatorGaps } from './emulator-gaps.ts';
import { systemClock } from '../../../src/support/clock.ts';

const path = await findMotoServer();

/** Without our layers: what the emulator itself does. An upgrade that changes any of it shows here, not in a drill. */
describe.skipIf(path === undefined)('the emulator itself', () => {
  let moto: MotoServer;
  let door: Proxy;
  let corrected: Proxy;
  let rds: RDSClient;
  let ec2: EC2Client;
  const keys = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'x' };
  const config = (url: string) => ({ endpoint: url, region: 'eu-west-1', credentials: keys, maxAttempts: 1 });
  beforeAll(async () => {
    vi.stubEnv('AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED', 'true');
    moto = await takeMoto(path ?? '');
    door = await startProxy([], motoAt(moto.url), systemClock);
    corrected = await startProxy([emulatorGaps], motoAt(moto.url), systemClock);
    rds = new RDSClient(config(door.url));
    ec2 = new EC2Client(config(door.url));
  });
  beforeEach(async () => moto.reset());
  afterAll(async () => {
    vi.unstubAllEnvs();
    rds.destroy();
    ec2.destroy();
    await corrected.stop();
    await door.stop();
    await moto.stop();
  });

  const source = async (id = 'orders', more: object = {}) =>
    rds.send(
      new CreateDBInstanceCommand({
        DBInstanceIdentifier: id,
        DBInstanceClass: 'db.t4g.micro',
        Engine: 'postgres',
        AllocatedStorage: 20,
        MasterUsername: 'postgres',
        MasterUserPassword: 'not-a-secret',
        Tags: [{ Key: 'team', Value: 'shop' }],
        ...more,
      }),
    );
  const look = async (id: string) =>
    (await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: id }))).DBInstances?.[0];

  describe('does what the simulated RDS builds on:', () => {
    it('restores with tags, class and groups, and inherits tags where none are passed', async () => {
      await source();
      await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: 'orders', DBSnapshotIdentifier: 's' }));
      const restore = { DBSnapshotIdentifier: 's', VpcSecurityGroupIds: ['sg-1'], DBInstanceClass: 'db.m6g.large' };
      await rds.send(
        new RestoreDBInstanceFromDBSnapshotCommand({
          ...restore,
          DBInstanceIdentifier: 'a',
          Tags: [{ Key: 'k', Value: 'v' }],
        }),
      );
      await rds.send(new RestoreDBInstanceFromDBSnapshotCommand({ ...restore, DBInstanceIdentifier: 'b' }));
      expect(await look('a')).toMatchObject({
        DBInstanceClass: 'db.m6g.large',
        VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-1' }],
        TagList: [{ Key: 'k', Value: 'v' }],
      });
      expect((await look('b'))?.TagList).toEqual([{ Key: 'team', Value: 'shop' }]);
    });

    it('takes false and zero in a modification', async () => {
      await source('orders', { MultiAZ: true, BackupRetentionPeriod: 7, DeletionProtection: true });
      await rds.send(
        new ModifyDBInstanceCommand({
          DBInstanceIdentifier: 'orders',
          MultiAZ: false,
          BackupRetentionPeriod: 0,
          DeletionProtection: false,
          PubliclyAccessible: false,
          ManageMasterUserPassword: false,
        }),
      );
      expect(await look('orders')).toMatchObject({
        MultiAZ: false,
        BackupRetentionPeriod: 0,
        DeletionProtection: false,
        PubliclyAccessible: false,
      });
    });

    it('gives each account that a role is assumed in its own world', async () => {
      const sts = new STSClient(config(door.url));
      const role = { RoleArn: 'arn:aws:iam::222222222222:role/drill', RoleSessionName: 'drill' };
      const { Credentials: other } = await sts.send(new AssumeRoleCommand(role));
      const credentials = {
        accessKeyId: other?.AccessKeyId ?? '',
        secretAccessKey: other?.SecretAccessKey ?? '',
        sessionToken: other?.SessionToken ?? '',
      };
      const there = { ...config(door.url), credentials };
      expect((await new STSClient(there).send(new GetCallerIdentityCommand({}))).Account).toBe('222222222222');
      await source();
      expect((await new RDSClient(there).send(new DescribeDBInstancesCommand({}))).DBInstances).toEqual([]);
    });

    it('answers every describe of an isolation proof', async () => {
      const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
      const VpcId = Vpc?.VpcId ?? '';
      const ofVpc = { Filters: [{ Name: 'vpc-id', Values: [VpcId] }] };
      const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
      const { InternetGatewayId } = InternetGateway ?? {};
      await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId, VpcId }));
      const attached = { Filters: [{ Name: 'attachment.vpc-id', Values: [VpcId] }] };
      const { InternetGateways } = await ec2.send(new DescribeInternetGatewaysCommand(attached));
      expect(InternetGateways).toMatchObject([{ InternetGatewayId }]);
      expect((await ec2.send(new DescribeEgressOnlyInternetGatewaysCommand({}))).EgressOnlyInternetGateways).toEqual(
        [],
      );
      expect((await ec2.send(new DescribeNatGatewaysCommand({ Filter: ofVpc.Filters }))).NatGateways).toEqual([]);
      expect((await ec2.send(new DescribeVpnGatewaysCommand(attached))).VpnGateways).toEqual([]);
      const { TransitGatewayVpcAttachments: transit } = await ec2.send(
        new DescribeTransitGatewayVpcAttachmentsCommand(ofVpc),
      );
      expect(transit).toEqual([]);
      expect((await ec2.send(new DescribeRouteTablesCommand(ofVpc))).RouteTables).toHaveLength(1);
      expect((await ec2.send(new DescribeNetworkAclsCommand(ofVpc))).NetworkAcls).toHaveLength(1);
      expect((await ec2.send(new DescribeSecurityGroupRulesCommand({}))).SecurityGroupRules).not.toEqual([]);
      expect((await ec2.send(new DescribeDhcpOptionsCommand({}))).DhcpOptions).toBeDefined();
      const dns = new DescribeVpcAttributeCommand({ VpcId, Attribute: 'enableDnsSupport' });
      expect((await ec2.send(dns)).EnableDnsSupport).toEqual({ Value: true });
    });

    it('knows the private zones of a VPC, and the state of a key', async () => {
      const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }));
      const zones = new Route53Client(config(door.url));
      const VPC = { VPCId: Vpc?.VpcId ?? '', VPCRegion: 'eu-west-1' } as const;
      await zones.send(
        new CreateHostedZoneCommand({
          Name: 'shop.internal',
          CallerReference: 'a',
          VPC,
          HostedZoneConfig: { PrivateZone: true },
        }),
      );
      const { HostedZoneSummaries } = await zones.send(new ListHostedZonesByVPCCommand(VPC));
      expect(HostedZoneSummaries).toMatchObject([{ Name: 'shop.internal.' }]);
      const kms = new KMSClient(config(door.url));
      const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
      const key = { KeyId: KeyMetadata?.KeyId ?? '' };
      await kms.send(new DisableKeyCommand(key));
      expect((await kms.send(new DescribeKeyCommand(key))).KeyMetadata?.KeyState).toBe('Disabled');
    });
  });

  describe('still gets wrong what we put right:', () => {
    it('one resource id for all instances, and what is restored is there at once', async () => {
      await source('a');
      const { DBInstance } = await source('b');
      expect(DBInstance?.DBInstanceStatus).toBe('available');
      expect((await look('a'))?.DbiResourceId).toBe((await look('b'))?.DbiResourceId);
    });

    it('restores lose false and zero', async () => {
      await source('orders', { MultiAZ: true, BackupRetentionPeriod: 7, DeletionProtection: true });
      await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: 'orders', DBSnapshotIdentifier: 's' }));
      await rds.send(
        new RestoreDBInstanceFromDBSnapshotCommand({
          DBSnapshotIdentifier: 's',
          DBInstanceIdentifier: 'drill',
          MultiAZ: false,
          BackupRetentionPeriod: 0,
          DeletionProtection: false,
        }),
      );
      expect(await look('drill')).toMatchObject({
        MultiAZ: true,
        BackupRetentionPeriod: 7,
        DeletionProtection: true,
      });
    });

    it('instances are deleted at once, without being asked about a final snapshot', async () => {
      await source();
      await rds.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier: 'orders' }));
      await expect(look('orders')).rejects.toMatchObject({ name: 'DBInstanceNotFoundFault' });
    });

    it('snapshots come in one page, whatever is asked', async () => {
      await source();
      for (let index = 0; index < 21; index += 1) {
        const id = `s-${index}`;
        await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: 'orders', DBSnapshotIdentifier: id }));
      }
      const { DBSnapshots, Marker } = await rds.send(new DescribeDBSnapshotsCommand({ MaxRecords: 20 }));
      expect([DBSnapshots?.length, Marker]).toEqual([22, undefined]);
    });

    it('quotas and offered classes of RDS are unknown', async () => {
      await expect(rds.send(new DescribeAccountAttributesCommand({}))).rejects.toMatchObject({
        name: 'NotInEmulator',
      });
      const offered = await rds.send(new DescribeOrderableDBInstanceOptionsCommand({ Engine: 'postgres' }));
      expect(offered.OrderableDBInstanceOptions).toEqual([]);
    });

    it('filters of peerings are ignored, and the block of public access is unknown', async () => {
      const repaired = new EC2Client(config(corrected.url));
      const [from = '', to = ''] = await Promise.all(
        ['10.1.0.0/16', '10.2.0.0/16'].map(
          async (CidrBlock) => (await ec2.send(new CreateVpcCommand({ CidrBlock }))).Vpc?.VpcId,
        ),
      );
      await ec2.send(new CreateVpcPeeringConnectionCommand({ VpcId: from, PeerVpcId: to }));
      const byAccepter = (id: string) =>
        new DescribeVpcPeeringConnectionsCommand({ Filters: [{ Name: 'accepter-vpc-info.vpc-id', Values: [id] }] });
      const countOf = async (client: EC2Client, id: string) =>
        (await client.send(byAccepter(id))).VpcPeeringConnections?.length;
      expect([await countOf(ec2, from), await countOf(ec2, to)]).toEqual([1, 1]);
      expect([await countOf(repaired, from), await countOf(repaired, to)]).toEqual([0, 1]);
      const block = new DescribeVpcBlockPublicAccessOptionsCommand({});
      await expect(ec2.send(block)).rejects.toMatchObject({ name: 'NotInEmulator' });
      const { VpcBlockPublicAccessOptions: mode } = await repaired.send(block);
      expect(mode?.InternetGatewayBlockMode).toBe('off');
    });
  });
});
