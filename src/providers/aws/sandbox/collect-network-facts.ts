import type { Resource } from '../../resource.ts';
import { classifyAws } from '../aws-errors.ts';
import * as contents from './describe-contents.ts';
import { resolverRules } from './describe-resolver-rules.ts';
import * as waysOut from './describe-ways-out.ts';
import type { Answer, HostedZone, InstanceFacts, NetworkFacts } from './network-facts.ts';
import { type VpcLook, texts } from './vpc-look.ts';

/**
 * Asks the account's own APIs for all that the isolation of a VPC is judged by, all pages. A refused call is an answer
 * that proves nothing; what may go better at the next try is thrown.
 */
export async function collectNetworkFacts(look: VpcLook, restored: Resource | undefined): Promise<NetworkFacts> {
  // In three turns: EC2 answers fewer calls at once the busier the account is.
  return {
    ...(await collectWaysOut(look)),
    ...(await collectContents(look)),
    ...(await together({
      identity: answerOf(identity, look),
      hostedZones: answerOf(hostedZones, look),
      resolverRules: answerOf(resolverRules, look),
      publicAccessBlock: answerOf(publicAccessBlock, look),
      ...(restored && { restored: answerOf(async () => instance(restored, look), look) }),
    })),
  };
}

async function collectWaysOut(look: VpcLook) {
  return together({
    internetGateways: answerOf(waysOut.internetGateways, look),
    egressOnlyGateways: answerOf(waysOut.egressOnlyGateways, look),
    natGateways: answerOf(waysOut.natGateways, look),
    vpnGateways: answerOf(waysOut.vpnGateways, look),
    transitAttachments: answerOf(waysOut.transitAttachments, look),
    peerings: answerOf(waysOut.peerings, look),
  });
}

async function collectContents(look: VpcLook) {
  return together({
    routeTables: answerOf(contents.routeTables, look),
    securityGroups: answerOf(contents.securityGroups, look),
    networkAcls: answerOf(contents.networkAcls, look),
    subnets: answerOf(contents.subnets, look),
    endpoints: answerOf(contents.endpoints, look),
    vpc: answerOf(contents.vpc, look),
    dhcpOptions: answerOf(contents.dhcpOptions, look),
    interfaces: answerOf(contents.interfaces, look),
  });
}

async function together<T extends Record<string, Promise<unknown>>>(
  asked: T,
): Promise<{ [K in keyof T]: Awaited<T[K]> }> {
  const answers = await Promise.all(Object.entries(asked).map(async ([name, answer]) => [name, await answer] as const));
  return Object.fromEntries(answers) as { [K in keyof T]: Awaited<T[K]> };
}

async function answerOf<T>(question: (look: VpcLook) => Promise<T>, look: VpcLook): Promise<Answer<T>> {
  try {
    return { kind: 'answered', value: await question(look) };
  } catch (error) {
    const failure = classifyAws(error);
    if (failure.class === 'transient') throw error;
    return { kind: 'unanswered', because: failure.problem.message };
  }
}

async function identity({ context, signal }: VpcLook): Promise<{ account: string; arn: string }> {
  const { GetCallerIdentityCommand } = await import('@aws-sdk/client-sts');
  const client = await context.clients.sts();
  const { Account, Arn } = await client.send(new GetCallerIdentityCommand({}), { abortSignal: signal });
  return { account: Account ?? 'an account that is not told', arn: Arn ?? 'not told' };
}

/** The SDK has no pager for this listing. */
async function hostedZones({ context, vpcId, signal }: VpcLook): Promise<readonly HostedZone[]> {
  const { ListHostedZonesByVPCCommand } = await import('@aws-sdk/client-route-53');
  const client = await context.clients.route53();
  const vpc = { VPCId: vpcId, VPCRegion: context.place.region as 'eu-west-1' };
  const found: HostedZone[] = [];
  let token: string | undefined;
  do {
    const command = new ListHostedZonesByVPCCommand({ ...vpc, ...(token !== undefined && { NextToken: token }) });
    const page = await client.send(command, { abortSignal: signal });
    for (const { HostedZoneId, Name, Owner } of page.HostedZoneSummaries ?? []) {
      found.push({ id: HostedZoneId ?? 'unnamed', name: Name ?? 'unnamed', owner: ownerOf(Owner) });
    }
    token = page.NextToken;
  } while (token !== undefined);
  return found;
}

function ownerOf(owner: { OwningAccount?: string | undefined; OwningService?: string | undefined } | undefined) {
  if (owner?.OwningService !== undefined) return { kind: 'service', name: owner.OwningService } as const;
  if (owner?.OwningAccount !== undefined) return { kind: 'account', name: owner.OwningAccount } as const;
  return { kind: 'unknown', name: 'nobody known' } as const;
}

async function publicAccessBlock({ context, signal }: VpcLook): Promise<string> {
  const { DescribeVpcBlockPublicAccessOptionsCommand } = await import('@aws-sdk/client-ec2');
  const client = await context.clients.ec2();
  const command = new DescribeVpcBlockPublicAccessOptionsCommand({});
  const { VpcBlockPublicAccessOptions } = await client.send(command, { abortSignal: signal });
  return VpcBlockPublicAccessOptions?.InternetGatewayBlockMode ?? 'not told';
}

/** By a filter, which finds nothing where an identifier would be an error. */
async function instance({ id }: Resource, { context, signal }: VpcLook): Promise<InstanceFacts | undefined> {
  const { DescribeDBInstancesCommand } = await import('@aws-sdk/client-rds');
  const client = await context.clients.rds();
  const identifier = id.slice(id.lastIndexOf(':') + 1);
  const command = new DescribeDBInstancesCommand({ Filters: [{ Name: 'db-instance-id', Values: [identifier] }] });
  const { DBInstances } = await client.send(command, { abortSignal: signal });
  const found = DBInstances?.find(({ DBInstanceArn }) => DBInstanceArn === id);
  if (found === undefined) return undefined;
  return {
    arn: id,
    vpcId: found.DBSubnetGroup?.VpcId ?? 'no VPC that is told',
    subnetGroupName: found.DBSubnetGroup?.DBSubnetGroupName ?? 'not told',
    groupIds: texts(found.VpcSecurityGroups?.map(({ VpcSecurityGroupId }) => VpcSecurityGroupId)),
    ...(found.PubliclyAccessible !== undefined && { isPublic: found.PubliclyAccessible }),
  };
}
