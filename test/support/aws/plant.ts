import {
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  CreateVpcPeeringConnectionCommand,
  EC2Client,
  ModifySubnetAttributeCommand,
} from '@aws-sdk/client-ec2';
import {
  CreateDBInstanceCommand,
  type CreateDBInstanceCommandInput,
  CreateDBSnapshotCommand,
  type DBInstance,
  RDSClient,
} from '@aws-sdk/client-rds';
import { Route53ResolverClient } from '../../../src/providers/aws/route53-resolver.ts';
import type { Instant } from '../../../src/support/time.ts';
import type { AwsWorld } from './aws-world.ts';
import type { XmlNode } from './xml.ts';

/** Tags by name. */
export type Tags = Readonly<Record<string, string>>;

const CREDENTIALS = { accessKeyId: 'AKIAIOSFODNN7PLANTER', secretAccessKey: 'planted' };

/** Puts things into a simulated AWS as somebody else would: with keys of their own, so that the log can tell them apart. */
export interface Planter {
  /** Access key of everything that is planted. */
  readonly accessKey: string;
  /** A production instance with retention 7 and protection; `more` overrides anything. */
  instance(id: string, tags?: Tags, more?: Partial<CreateDBInstanceCommandInput>): Promise<DBInstance>;
  /** Manual snapshots of an instance, one for each moment (its data moment and creation time), named `ID-1`, `ID-2`, … */
  snapshots(instance: string, moments: readonly Instant[], shown?: XmlNode): Promise<string[]>;
  /** A VPC; answers its id. */
  vpc(cidr: string): Promise<string>;
  internetGateway(vpcId: string): Promise<string>;
  /** A peering of `vpcId` with a new VPC; who asks is `side`. */
  peering(vpcId: string, side?: 'requester' | 'accepter'): Promise<string>;
  /** A subnet that gives public addresses. */
  publicSubnet(vpcId: string, cidr: string): Promise<string>;
  endpoint(vpcId: string, service?: string): Promise<string>;
  securityGroup(vpcId: string, name?: string): Promise<string>;
  /** A rule that forwards questions for a domain to a resolver on premises, associated with the VPC. */
  resolverRule(vpcId: string, domain?: string): Promise<string>;
  /** An instance that carries all tags of another one, as a copy made by hand would. */
  lookAlike(id: string, of: string, more?: Partial<CreateDBInstanceCommandInput>): Promise<DBInstance>;
  /** Closes the clients. */
  close(): void;
}

/** A planter for a world. */
export function planterOf(world: AwsWorld): Planter {
  const config = { endpoint: world.url, region: world.region, credentials: CREDENTIALS, maxAttempts: 1 };
  const rds = new RDSClient(config);
  const ec2 = new EC2Client(config);
  const resolver = new Route53ResolverClient(config);
  return {
    accessKey: CREDENTIALS.accessKeyId,
    ...databasePlants(rds, world),
    ...networkPlants(ec2, world.region),
    resolverRule: async (vpcId, domain = 'corp.example') => plantRule(resolver, vpcId, domain),
    close: () => {
      rds.destroy();
      ec2.destroy();
      resolver.destroy();
    },
  };
}

function databasePlants(rds: RDSClient, world: AwsWorld): Pick<Planter, 'instance' | 'snapshots' | 'lookAlike'> {
  const instance: Planter['instance'] = async (id, tags = {}, more = {}) => {
    const { DBInstance } = await rds.send(
      new CreateDBInstanceCommand({
        DBInstanceIdentifier: id,
        DBInstanceClass: 'db.t4g.micro',
        Engine: 'postgres',
        EngineVersion: '16.4',
        AllocatedStorage: 20,
        StorageType: 'gp3',
        MasterUsername: 'postgres',
        MasterUserPassword: 'production-only',
        BackupRetentionPeriod: 7,
        DeletionProtection: true,
        Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
        ...more,
      }),
    );
    return made(DBInstance, id);
  };
  return {
    instance,
    snapshots: async (of, moments, shown = {}) => {
      const ids: string[] = [];
      for (const [index, moment] of moments.entries()) {
        const id = `${of}-${index + 1}`;
        await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: of, DBSnapshotIdentifier: id }));
        world.rds.setSnapshot(id, {
          SnapshotCreateTime: moment,
          OriginalSnapshotCreateTime: moment,
          SnapshotDatabaseTime: moment,
          ...shown,
        });
        ids.push(id);
      }
      return ids;
    },
    lookAlike: async (id, of, more = {}) => {
      const { DescribeDBInstancesCommand } = await import('@aws-sdk/client-rds');
      const found = await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: of }));
      const tags = found.DBInstances?.[0]?.TagList ?? [];
      return instance(id, Object.fromEntries(tags.map(({ Key, Value }) => [Key ?? '', Value ?? ''])), {
        DeletionProtection: false,
        ...more,
      });
    },
  };
}

type NetworkPlants = Omit<Planter, 'instance' | 'snapshots' | 'lookAlike' | 'resolverRule' | 'close' | 'accessKey'>;

function networkPlants(ec2: EC2Client, region: string): NetworkPlants {
  const vpc: Planter['vpc'] = async (cidr) => {
    const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: cidr }));
    return made(Vpc?.VpcId, cidr);
  };
  return {
    vpc,
    internetGateway: async (vpcId) => {
      const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
      const id = made(InternetGateway?.InternetGatewayId, 'internet gateway');
      await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: id, VpcId: vpcId }));
      return id;
    },
    peering: async (vpcId, side = 'requester') => {
      const other = await vpc('172.30.0.0/16');
      const [from, to] = side === 'requester' ? [vpcId, other] : [other, vpcId];
      const reply = await ec2.send(new CreateVpcPeeringConnectionCommand({ VpcId: from, PeerVpcId: to }));
      return made(reply.VpcPeeringConnection?.VpcPeeringConnectionId, 'peering');
    },
    publicSubnet: async (vpcId, cidr) => {
      const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId: vpcId, CidrBlock: cidr }));
      const id = made(Subnet?.SubnetId, cidr);
      await ec2.send(new ModifySubnetAttributeCommand({ SubnetId: id, MapPublicIpOnLaunch: { Value: true } }));
      return id;
    },
    endpoint: async (vpcId, service = 's3') => {
      const reply = await ec2.send(
        new CreateVpcEndpointCommand({ VpcId: vpcId, ServiceName: `com.amazonaws.${region}.${service}` }),
      );
      return made(reply.VpcEndpoint?.VpcEndpointId, service);
    },
    securityGroup: async (vpcId, name = 'planted') => {
      const reply = await ec2.send(
        new CreateSecurityGroupCommand({ VpcId: vpcId, GroupName: name, Description: 'planted' }),
      );
      return made(reply.GroupId, name);
    },
  };
}

async function plantRule(resolver: Route53ResolverClient, vpcId: string, domain: string): Promise<string> {
  const { ResolverRule } = await resolver.call<{ ResolverRule?: { Id?: string } }>('CreateResolverRule', {
    CreatorRequestId: `planted-${vpcId}-${domain}`,
    RuleType: 'FORWARD',
    DomainName: domain,
    TargetIps: [{ Ip: '10.1.0.2', Port: 53 }],
  });
  const id = made(ResolverRule?.Id, domain);
  await resolver.call('AssociateResolverRule', { ResolverRuleId: id, VPCId: vpcId, Name: 'planted' });
  return id;
}

function made<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the simulated AWS answered nothing for ${what}`);
  return value;
}
