import * as cfn from '@aws-sdk/client-cloudformation';
import * as ec2 from '@aws-sdk/client-ec2';
import * as rds from '@aws-sdk/client-rds';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import {
  NOWHERE,
  SANDBOX_OUTPUTS,
  probeRoleName,
  sandboxTemplate,
} from '../../../../src/providers/aws/sandbox/template.ts';
import { fakeClock } from '../../fake-clock.ts';
import { type AwsWorld, startAwsWorld } from '../aws-world.ts';
import { childOf, childrenOf } from '../xml.ts';
import { HOUR, NAME, PREFIX, STACK_TAGS, lineOf, stackUser } from './stack-user.ts';

const RESOURCE_MILLIS = 1_000;
const clock = fakeClock();
const started = await startAwsWorld({ clock, cloudFormation: { resourceMillis: RESOURCE_MILLIS } });

describe.skipIf(started === undefined)('a stack of the simulated CloudFormation', () => {
  const aws = started as AwsWorld;
  const {
    config,
    stacks,
    network,
    databases,
    create,
    created,
    look,
    remove,
    history,
    identities,
    vpcCount,
    everything,
  } = stackUser(started, clock);

  beforeEach(async () => aws.reset());
  afterAll(async () => aws.stop());

  it('makes the sandbox in the emulator as the template declares it', async () => {
    const { outputs } = await created();
    expect(Object.keys(outputs).sort()).toEqual([...SANDBOX_OUTPUTS].sort());
    const { VpcId = '' } = outputs;
    const inVpc = { Filters: [{ Name: 'vpc-id', Values: [VpcId] }] };
    const { Subnets = [] } = await network.send(new ec2.DescribeSubnetsCommand(inVpc));
    expect(Subnets.map((one) => one.SubnetId)).toEqual(
      expect.arrayContaining([
        ...(outputs['DataSubnetIds'] ?? '').split(','),
        ...(outputs['ProbeSubnetIds'] ?? '').split(','),
      ]),
    );
    expect(Subnets).toHaveLength(5);
    const { RouteTables = [] } = await network.send(
      new ec2.DescribeRouteTablesCommand({ RouteTableIds: [outputs['RouteTableId'] ?? ''] }),
    );
    expect(RouteTables[0]?.Associations).toHaveLength(5);
    expect(RouteTables[0]?.Routes?.map((route) => route.GatewayId)).toEqual(['local']);
    const { VpcEndpoints = [] } = await network.send(new ec2.DescribeVpcEndpointsCommand(inVpc));
    expect(VpcEndpoints[0]).toMatchObject({
      VpcEndpointId: outputs['EndpointId'],
      ServiceName: 'com.amazonaws.eu-west-1.secretsmanager',
      PrivateDnsEnabled: true,
      Groups: [{ GroupId: outputs['EndpointSecurityGroupId'] }],
    });
    const { NetworkInterfaces = [] } = await network.send(new ec2.DescribeNetworkInterfacesCommand(inVpc));
    expect(NetworkInterfaces.map((one) => one.Groups?.map((group) => group.GroupId))).toEqual([
      [outputs['EndpointSecurityGroupId']],
    ]);
    const names = await network.send(new ec2.DescribeVpcAttributeCommand({ VpcId, Attribute: 'enableDnsHostnames' }));
    expect(names.EnableDnsHostnames?.Value).toBe(true);
    const { DBSubnetGroups = [] } = await databases.send(new rds.DescribeDBSubnetGroupsCommand({}));
    expect(DBSubnetGroups[0]).toMatchObject({ DBSubnetGroupName: outputs['SubnetGroupName'], VpcId });
  });

  it('puts the tags of the stack and its own on what it makes', async () => {
    const { id, outputs } = await created();
    const { Vpcs = [] } = await network.send(new ec2.DescribeVpcsCommand({ VpcIds: [outputs['VpcId'] ?? ''] }));
    const expected = [
      ...STACK_TAGS,
      { Key: 'aws:cloudformation:stack-name', Value: NAME },
      { Key: 'aws:cloudformation:stack-id', Value: id },
      { Key: 'aws:cloudformation:logical-id', Value: 'Vpc' },
    ];
    expect(Vpcs[0]?.Tags).toEqual(expect.arrayContaining(expected));
    const { DBSubnetGroups = [] } = await databases.send(new rds.DescribeDBSubnetGroupsCommand({}));
    const { TagList } = await databases.send(
      new rds.ListTagsForResourceCommand({ ResourceName: DBSubnetGroups[0]?.DBSubnetGroupArn }),
    );
    expect(TagList).toEqual(expect.arrayContaining(STACK_TAGS));
    const role = await identities('GetRole', { RoleName: probeRoleName(PREFIX) });
    expect(childrenOf(childOf(role, 'Role'), 'Tags', 'member')).toEqual(expect.arrayContaining(STACK_TAGS));
    expect((await look(id)).Tags).toEqual(STACK_TAGS);
  });

  it('takes the rule that lets everything out from a group that declares egress, and leaves it to one that does not', async () => {
    await create({
      Resources: {
        Vpc: VPC,
        Closed: group({ SecurityGroupEgress: [NOWHERE] }),
        Open: group({}),
      },
    });
    clock.advance(HOUR);
    const { StackResources = [] } = await stacks.send(new cfn.DescribeStackResourcesCommand({ StackName: NAME }));
    const idOf = (logicalId: string) =>
      StackResources.find((one) => one.LogicalResourceId === logicalId)?.PhysicalResourceId ?? '';
    const egress = async (logicalId: string) => {
      const found = await network.send(new ec2.DescribeSecurityGroupsCommand({ GroupIds: [idOf(logicalId)] }));
      return found.SecurityGroups?.[0]?.IpPermissionsEgress?.flatMap((rule) => rule.IpRanges?.map((one) => one.CidrIp));
    };
    expect(await egress('Closed')).toEqual(['127.0.0.1/32']);
    expect(await egress('Open')).toEqual(['0.0.0.0/0']);
  });

  it('makes one resource after another by the clock, and tells of each', async () => {
    const id = await create({ Resources: { Subnet: subnet('10.213.0.0/27'), Vpc: VPC } });
    expect((await look(id)).StackStatus).toBe('CREATE_IN_PROGRESS');
    clock.advance(RESOURCE_MILLIS);
    expect(await vpcCount()).toBe(1);
    expect((await history(id)).map(lineOf)).toEqual([
      `${NAME} CREATE_IN_PROGRESS`,
      'Vpc CREATE_IN_PROGRESS',
      'Vpc CREATE_COMPLETE',
      'Subnet CREATE_IN_PROGRESS',
    ]);
    clock.advance(RESOURCE_MILLIS);
    expect((await look(id)).StackStatus).toBe('CREATE_COMPLETE');
    const events = await history(id);
    const [first, last] = [events[0]?.Timestamp?.getTime() ?? 0, events.at(-1)?.Timestamp?.getTime() ?? 0];
    expect(last - first).toBe(2 * RESOURCE_MILLIS);
  });

  it('has made what was due before a call of another service is answered', async () => {
    await create({ Resources: { Vpc: VPC } });
    expect(await vpcCount()).toBe(0);
    clock.advance(RESOURCE_MILLIS);
    expect(await vpcCount()).toBe(1);
  });

  it('rolls back what it made when a resource is refused, and says why', async () => {
    const id = await create({ Resources: { Vpc: VPC, Outside: subnet('192.168.0.0/24') } });
    clock.advance(2 * RESOURCE_MILLIS);
    const failing = await look(id);
    expect(failing.StackStatus).toBe('ROLLBACK_IN_PROGRESS');
    expect(failing.StackStatusReason).toContain('[Outside]');
    clock.advance(HOUR);
    expect((await look(id)).StackStatus).toBe('ROLLBACK_COMPLETE');
    expect(await vpcCount()).toBe(0);
    const refused = (await history(id)).find((event) => event.ResourceStatus === 'CREATE_FAILED');
    expect(refused?.LogicalResourceId).toBe('Outside');
    expect(refused?.ResourceStatusReason).toContain("'192.168.0.0/24' is invalid");
    expect(await remove(id)).toBe('DELETE_COMPLETE');
  });

  it('fails where a test plans it, and leaves nothing of the whole sandbox', async () => {
    const before = await everything();
    aws.cloudFormation.failCreationOf('SecretsEndpoint', 'no such service in this zone');
    const id = await create();
    clock.advance(HOUR);
    expect((await look(id)).StackStatus).toBe('ROLLBACK_COMPLETE');
    expect((await history(id)).map((event) => event.ResourceStatusReason ?? '').join()).toContain('no such service');
    expect(await everything()).toEqual(before);
  });

  it('refuses private DNS in a VPC without names of hosts', async () => {
    const template = sandboxTemplate({ prefix: PREFIX, ports: [5432] }) as {
      Resources: { Vpc: { Properties: object } };
    };
    Object.assign(template.Resources.Vpc.Properties, { EnableDnsHostnames: false });
    const id = await create(template);
    clock.advance(HOUR);
    expect((await look(id)).StackStatus).toBe('ROLLBACK_COMPLETE');
    expect((await history(id)).map((event) => event.ResourceStatusReason ?? '').join()).toContain('enableDnsHostnames');
  });

  it('answers a repeated request with the same stack, and refuses another of its name', async () => {
    const id = await create();
    expect(await create()).toBe(id);
    await expect(create(undefined, 'token-2')).rejects.toThrow(cfn.AlreadyExistsException);
    clock.advance(HOUR);
    expect(await vpcCount()).toBe(1);
    expect(await remove(id)).toBe('DELETE_COMPLETE');
    expect(await create()).not.toBe(id);
  });

  it('gives the history page by page', async () => {
    const id = await create(sandboxTemplate({ prefix: PREFIX, ports: [1, 2, 3, 4, 5, 6] }));
    clock.advance(HOUR);
    await remove(id);
    const { StackEvents = [], NextToken } = await stacks.send(new cfn.DescribeStackEventsCommand({ StackName: id }));
    expect(StackEvents).toHaveLength(100);
    expect(StackEvents[0]?.ResourceStatus).toBe('DELETE_COMPLETE');
    expect(NextToken).toBeDefined();
    expect((await history(id)).length).toBeGreaterThan(100);
  });

  it('knows no stack that is not there, and has nothing against deleting it', async () => {
    await expect(look('nobody')).rejects.toMatchObject({ name: 'ValidationError' });
    await expect(stacks.send(new cfn.DescribeStackEventsCommand({ StackName: 'nobody' }))).rejects.toThrow('nobody');
    await stacks.send(new cfn.DeleteStackCommand({ StackName: 'nobody' }));
  });

  it('lists the stacks of one account and region', async () => {
    const { id } = await created();
    const other = new cfn.CloudFormationClient({ ...config, region: 'eu-central-1' });
    const { StackSummaries = [] } = await stacks.send(new cfn.ListStacksCommand({}));
    expect(StackSummaries.map((one) => one.StackId)).toEqual([id]);
    expect((await other.send(new cfn.ListStacksCommand({}))).StackSummaries).toEqual([]);
    const { Credentials } = await new STSClient(config).send(
      new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::222222222222:role/drills', RoleSessionName: 'drill' }),
    );
    const foreign = new cfn.CloudFormationClient({
      ...config,
      credentials: {
        accessKeyId: Credentials?.AccessKeyId ?? '',
        secretAccessKey: Credentials?.SecretAccessKey ?? '',
        sessionToken: Credentials?.SessionToken ?? '',
      },
    });
    expect((await foreign.send(new cfn.DescribeStacksCommand({}))).Stacks).toEqual([]);
    await expect(foreign.send(new cfn.DescribeStacksCommand({ StackName: id }))).rejects.toThrow('does not exist');
  });

  it('gives the template back as it came, and records what it called in the name of its caller', async () => {
    const { id } = await created();
    const { TemplateBody } = await stacks.send(new cfn.GetTemplateCommand({ StackName: id }));
    expect(JSON.parse(TemplateBody ?? '')).toEqual(sandboxTemplate({ prefix: PREFIX, ports: [5432] }));
    const inItsName = aws.log.onBehalf.map(({ service, action, accessKey }) => [service, action, accessKey]);
    expect(inItsName).toContainEqual(['ec2', 'CreateVpc', 'AKIATEST']);
    expect(inItsName).toContainEqual(['iam', 'CreateRole', 'AKIATEST']);
  });

  it('refuses before it makes anything: a type it does not know, a name without capability, a broken template', async () => {
    await expect(create({ Resources: { Gate: { Type: 'AWS::EC2::NatGateway' } } })).rejects.toThrow(
      'Unrecognized resource types: [AWS::EC2::NatGateway]',
    );
    await expect(create({ Resources: { Vpc: { ...VPC, DependsOn: 'Nothing' } } })).rejects.toThrow('Nothing');
    const unallowed = new cfn.CreateStackCommand({
      StackName: NAME,
      TemplateBody: JSON.stringify(sandboxTemplate({ prefix: PREFIX, ports: [5432] })),
      Capabilities: ['CAPABILITY_IAM'],
    });
    await expect(stacks.send(unallowed)).rejects.toThrow(cfn.InsufficientCapabilitiesException);
    await expect(
      stacks.send(new cfn.CreateStackCommand({ StackName: NAME, TemplateBody: 'Resources: {}' })),
    ).rejects.toMatchObject({ name: 'ValidationError' });
    expect((await stacks.send(new cfn.ListStacksCommand({}))).StackSummaries).toEqual([]);
  });

  it('hangs where a test makes it', async () => {
    aws.cloudFormation.setResourceMillis(Infinity);
    const id = await create();
    clock.advance(100 * HOUR);
    expect((await look(id)).StackStatus).toBe('CREATE_IN_PROGRESS');
    aws.cloudFormation.setResourceMillis(RESOURCE_MILLIS);
  });

  /** Asks what the SDK clients of this project cannot. */
});

const VPC = { Type: 'AWS::EC2::VPC', Properties: { CidrBlock: '10.213.0.0/24' } };

function subnet(block: string): object {
  return { Type: 'AWS::EC2::Subnet', Properties: { VpcId: { Ref: 'Vpc' }, CidrBlock: block } };
}

function group(more: object): object {
  return {
    Type: 'AWS::EC2::SecurityGroup',
    Properties: { VpcId: { Ref: 'Vpc' }, GroupDescription: 'a group', ...more },
  };
}
