import { CreateSecurityGroupCommand, CreateSubnetCommand, CreateVpcCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  CreateDBSubnetGroupCommand,
  DescribeDBInstancesCommand,
  type DBInstance,
  RDSClient,
} from '@aws-sdk/client-rds';
import type { RdsRequest } from '../../../../src/providers/aws/rds/restore-parameters.ts';
import { startInstance } from '../../../../src/providers/aws/rds/start-instance.ts';
import { lookInstances } from '../../../../src/providers/aws/rds/look-instances.ts';
import { awsClients } from '../../../../src/providers/aws/aws-clients.ts';
import type { AwsContext } from '../../../../src/providers/aws/aws-context.ts';
import { drillPrefix } from '../../../../src/providers/aws/names.ts';
import type { SandboxNetwork } from '../../../../src/providers/aws/sandbox/network.ts';
import type { DrillIdentity, RemovalPermit, ResourceState } from '../../../../src/providers/provider.ts';
import type { Resource } from '../../../../src/providers/resource.ts';
import { type AwsWorld, startAwsWorld } from '../../../support/aws/aws-world.ts';
import { type Planter, planterOf } from '../../../support/aws/plant.ts';
import { fakeClock } from '../../../support/fake-clock.ts';
import { drillOf, NETWORK, PLACE, requestOf } from './rds-request.ts';

const never = new AbortController().signal;

/** A simulated AWS with a production instance, two snapshots of it, a sandbox network, and the provider's own clients. */
export interface InstanceWorld {
  readonly aws: AwsWorld;
  readonly planter: Planter;
  readonly clock: ReturnType<typeof fakeClock>;
  readonly context: AwsContext;
  readonly network: SandboxNetwork;
  readonly drill: DrillIdentity;
  /** The restore of the snapshot 'production-1' as 'orders'. */
  readonly request: RdsRequest;
  /** Says to the production instance's own id what recovery points say. */
  readonly sourceId: string;
  start(request?: RdsRequest): Promise<Resource>;
  look(...resources: readonly Resource[]): Promise<readonly ResourceState[]>;
  /** Looks once a second until the state is of that kind; starts again after each stage. */
  until(resource: Resource, kind: ResourceState['kind']): Promise<ResourceState>;
  describe(name: string): Promise<DBInstance | undefined>;
  permit(...ledger: readonly Resource[]): RemovalPermit;
}

/** Starts moto; `undefined` where it cannot be had. */
export async function openAws(): Promise<{ aws: AwsWorld; clock: ReturnType<typeof fakeClock> } | undefined> {
  const clock = fakeClock();
  const aws = await startAwsWorld({ clock });
  return aws && { aws, clock };
}

/** A fresh world in a running simulation. */
export async function freshWorld({
  aws,
  clock,
}: {
  aws: AwsWorld;
  clock: ReturnType<typeof fakeClock>;
}): Promise<InstanceWorld> {
  await aws.reset();
  const planter = planterOf(aws);
  const client = { endpoint: aws.url, region: aws.region, credentials: { accessKeyId: 'setup', secretAccessKey: 'x' } };
  const rds = new RDSClient(client);
  const { DbiResourceId: sourceId = '' } = await planter.instance('production', { team: 'shop' });
  await planter.snapshots('production', ['2026-11-19T03:00:00.000Z', '2026-11-19T09:00:00.000Z']);
  clock.advance(3_600_000);
  const drill = drillOf('drill-1', clock.now(), [sourceId]);
  const network = await makeNetwork(new EC2Client(client), rds, drillPrefix('drill-1'));
  const context: AwsContext = { place: PLACE, clients: awsClients(PLACE, 'test'), clock };
  const request = requestOf(drill, { rds: { sourceResourceId: sourceId } });
  aws.log.clear();
  const start: InstanceWorld['start'] = async (asked = request) => startInstance(asked, network, context, never);
  const look: InstanceWorld['look'] = async (...resources) => lookInstances(resources, context, never);
  return {
    aws,
    planter,
    clock,
    context,
    network,
    drill,
    request,
    sourceId,
    start,
    look,
    until: async (resource, kind) => {
      for (let n = 0; n < 60; n += 1) {
        const [state] = await look(resource);
        if (state?.kind === kind) return state;
        if (state?.kind === 'staged') await start();
        clock.advance(1_000);
      }
      throw new Error(`'${resource.id}' never became '${kind}'`);
    },
    describe: async (name) => {
      const reply = await rds.send(new DescribeDBInstancesCommand({}));
      return reply.DBInstances?.find(({ DBInstanceIdentifier }) => DBInstanceIdentifier === name);
    },
    permit: (...ledger) => ({ kind: 'own-drill', drill, ledger }),
  };
}

async function makeNetwork(ec2: EC2Client, rds: RDSClient, prefix: string): Promise<SandboxNetwork> {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.213.0.0/24' }));
  const VpcId = Vpc?.VpcId ?? '';
  const SubnetIds: string[] = [];
  for (const [index, zone] of ['eu-west-1a', 'eu-west-1b'].entries()) {
    const CidrBlock = `10.213.0.${String(index * 32)}/27`;
    const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock, AvailabilityZone: zone }));
    SubnetIds.push(Subnet?.SubnetId ?? '');
  }
  const { GroupId = '' } = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId, GroupName: 'data', Description: 'data' }),
  );
  const subnetGroupName = `${prefix}-data`;
  await rds.send(
    new CreateDBSubnetGroupCommand({
      DBSubnetGroupName: subnetGroupName,
      DBSubnetGroupDescription: 'data',
      SubnetIds,
    }),
  );
  return { ...NETWORK, vpcId: VpcId, dataSubnetIds: SubnetIds, dataSecurityGroupId: GroupId, subnetGroupName };
}
