import * as cfn from '@aws-sdk/client-cloudformation';
import * as ec2 from '@aws-sdk/client-ec2';
import * as rds from '@aws-sdk/client-rds';
import { sandboxTemplate } from '../../../../src/providers/aws/sandbox/template.ts';
import type { fakeClock } from '../../fake-clock.ts';
import type { AwsWorld } from '../aws-world.ts';
import { type XmlNode, childrenOf, queryResultOf, textOf } from '../xml.ts';

/** The prefix, and the name, of the stack that `stackUser` makes. */
export const PREFIX = 'drillbook-0123456789ab';
export const NAME = `${PREFIX}-sandbox`;
export const STACK_TAGS = [{ Key: 'drillbook:drill-id', Value: 'drill-1' }];

/** Longer than any stack works. */
export const HOUR = 3_600_000;

/** What tests do to the stacks of a simulated AWS, by the real SDK's clients; without a world its tests are skipped. */
export function stackUser(aws: AwsWorld | undefined, clock: ReturnType<typeof fakeClock>) {
  const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' };
  const { url, region } = aws ?? { url: 'http://127.0.0.1:1', region: 'eu-west-1' };
  const config = { endpoint: url, region, credentials, maxAttempts: 1 };
  const stacks = new cfn.CloudFormationClient(config);
  const network = new ec2.EC2Client(config);
  const databases = new rds.RDSClient(config);

  /** Begins to make a stack; its id. */
  async function create(template: object = sandboxTemplate({ prefix: PREFIX, ports: [5432] }), token = 'token-1') {
    const { StackId = '' } = await stacks.send(
      new cfn.CreateStackCommand({
        StackName: NAME,
        TemplateBody: JSON.stringify(template),
        ClientRequestToken: token,
        Capabilities: ['CAPABILITY_NAMED_IAM'],
        Tags: STACK_TAGS,
      }),
    );
    return StackId;
  }

  /** A whole sandbox, and what its outputs say. */
  async function created(): Promise<{ id: string; outputs: Record<string, string> }> {
    const id = await create();
    clock.advance(HOUR);
    const stack = await look(id);
    if (stack.StackStatus !== 'CREATE_COMPLETE') throw new Error(`the stack is ${String(stack.StackStatus)}`);
    const outputs = Object.fromEntries(
      (stack.Outputs ?? []).map((one) => [one.OutputKey ?? '', one.OutputValue ?? '']),
    );
    return { id, outputs };
  }

  async function look(id: string): Promise<cfn.Stack> {
    const { Stacks = [] } = await stacks.send(new cfn.DescribeStacksCommand({ StackName: id }));
    const [stack] = Stacks;
    if (stack === undefined) throw new Error(`no stack '${id}' in the answer`);
    return stack;
  }

  /** Deletes the stack and lets it work; its status then. */
  async function remove(id: string): Promise<string | undefined> {
    await stacks.send(new cfn.DeleteStackCommand({ StackName: id }));
    clock.advance(HOUR);
    return (await look(id)).StackStatus;
  }

  /** What the stack tells of itself, oldest first. */
  async function history(id: string): Promise<readonly cfn.StackEvent[]> {
    const all: cfn.StackEvent[] = [];
    for await (const page of cfn.paginateDescribeStackEvents({ client: stacks }, { StackName: id })) {
      all.push(...(page.StackEvents ?? []));
    }
    return all.reverse();
  }

  async function identities(action: string, params: Record<string, string>): Promise<XmlNode> {
    const scope = 'AKIATEST/20261120/eu-west-1/iam/aws4_request';
    const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`;
    const body = new URLSearchParams({ Action: action, Version: '2010-05-08', ...params });
    const response = await fetch(url, { method: 'POST', headers: { authorization }, body });
    const text = Buffer.from(await response.arrayBuffer());
    return queryResultOf({ status: response.status, headers: {}, body: text });
  }

  /** How many VPCs there are beside the account's default one. */
  async function vpcCount(): Promise<number> {
    const { Vpcs = [] } = await network.send(new ec2.DescribeVpcsCommand({}));
    return Vpcs.filter((one) => one.IsDefault !== true).length;
  }

  /** The ids of everything that a sandbox consists of, in the whole account. */
  async function everything(): Promise<readonly string[]> {
    const { Vpcs = [] } = await network.send(new ec2.DescribeVpcsCommand({}));
    const { Subnets = [] } = await network.send(new ec2.DescribeSubnetsCommand({}));
    const { SecurityGroups = [] } = await network.send(new ec2.DescribeSecurityGroupsCommand({}));
    const { RouteTables = [] } = await network.send(new ec2.DescribeRouteTablesCommand({}));
    const { NetworkInterfaces = [] } = await network.send(new ec2.DescribeNetworkInterfacesCommand({}));
    const { VpcEndpoints = [] } = await network.send(new ec2.DescribeVpcEndpointsCommand({}));
    const { NetworkAcls = [] } = await network.send(new ec2.DescribeNetworkAclsCommand({}));
    const { DBSubnetGroups = [] } = await databases.send(new rds.DescribeDBSubnetGroupsCommand({}));
    const roles = childrenOf(await identities('ListRoles', {}), 'Roles', 'member');
    return [
      ...Vpcs.map((one) => one.VpcId),
      ...Subnets.map((one) => one.SubnetId),
      ...SecurityGroups.map((one) => one.GroupId),
      ...RouteTables.map((one) => one.RouteTableId),
      ...NetworkInterfaces.map((one) => one.NetworkInterfaceId),
      ...VpcEndpoints.map((one) => one.VpcEndpointId),
      ...NetworkAcls.map((one) => one.NetworkAclId),
      ...DBSubnetGroups.map((one) => one.DBSubnetGroupName),
      ...roles.map((one) => textOf(one, 'RoleName')),
    ]
      .map(String)
      .sort();
  }

  return {
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
  };
}

/** `LOGICAL-ID STATUS` of an event. */
export function lineOf({ LogicalResourceId, ResourceStatus }: cfn.StackEvent): string {
  return `${LogicalResourceId ?? ''} ${ResourceStatus ?? ''}`;
}
