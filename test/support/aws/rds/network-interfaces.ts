import type { AwsReply } from '../call.ts';
import { isOk, querySubCall } from '../sub-call.ts';
import { childOf, childrenOf, ec2Reply, parseXml, textOf, type XmlNode } from '../xml.ts';
import type { InstanceRecord, RdsContext } from './rds-state.ts';

/** RDS describes the interfaces of its instances with this word and nothing else: they do not name their instance. */
const DESCRIPTION = 'RDSNetworkInterface';

/** Puts an instance's network interface into a subnet, as RDS does; it keeps subnet, groups and VPC in use. */
export async function addInterface(
  { call, next }: RdsContext,
  record: InstanceRecord,
  { subnetId, groupIds }: { readonly subnetId: string; readonly groupIds: readonly string[] },
): Promise<void> {
  const params: Record<string, string> = { SubnetId: subnetId, Description: DESCRIPTION };
  for (const [index, id] of groupIds.entries()) params[`SecurityGroupId.${index + 1}`] = id;
  const reply = await next(querySubCall(call, { service: 'ec2', action: 'CreateNetworkInterface', params }));
  if (!isOk(reply)) throw new Error(`no network interface for ${record.arn}: ${reply.body.toString('utf8')}`);
  record.interfaceId = textOf(childOf(parseXml(reply.body), 'networkInterface'), 'networkInterfaceId');
}

/** Takes the interface of an instance that is gone away. */
export async function removeInterface({ call, next }: RdsContext, record: InstanceRecord): Promise<void> {
  if (record.interfaceId === undefined) return;
  const params = { NetworkInterfaceId: record.interfaceId };
  await next(querySubCall(call, { service: 'ec2', action: 'DeleteNetworkInterface', params }));
}

/** DescribeNetworkInterfaces: those of RDS instances as its own, which moto cannot tell. */
export async function describeInterfaces({ call, next }: RdsContext): Promise<AwsReply> {
  const reply = await next(call);
  if (!isOk(reply) || !reply.body.includes(DESCRIPTION)) return reply;
  const answer = parseXml(reply.body);
  const items = childrenOf(answer, 'networkInterfaceSet', 'item').map(asOfRds);
  return ec2Reply(call.action, { ...answer, networkInterfaceSet: { item: items } });
}

function asOfRds(item: XmlNode): XmlNode {
  if (textOf(item, 'description') !== DESCRIPTION) return item;
  return {
    ...item,
    requesterId: 'amazon-rds',
    requesterManaged: 'true',
    status: 'in-use',
    attachment: { instanceOwnerId: 'amazon-rds', deviceIndex: '1', status: 'attached', deleteOnTermination: 'false' },
  };
}
