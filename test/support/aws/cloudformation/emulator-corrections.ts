import type { AwsCall, AwsReply } from '../call.ts';
import { isOk, querySubCall } from '../sub-call.ts';
import { type XmlNode, childrenOf, ec2Reply, parseXml, textOf } from '../xml.ts';
import { ENDPOINT_INTERFACE } from './network-types.ts';

type Next = (call: AwsCall) => Promise<AwsReply>;

/**
 * What EC2 would show of a stack's things, where the emulator shows something else: it lists deleted endpoints and the
 * default network ACLs of deleted VPCs for ever, and an endpoint's interfaces as somebody's own that hang in the air.
 */
export async function correctedReply(call: AwsCall, next: Next): Promise<AwsReply> {
  const correction = call.service === 'ec2' ? CORRECTIONS[call.action] : undefined;
  const reply = await next(call);
  if (correction === undefined || !isOk(reply)) return reply;
  const answer = parseXml(reply.body);
  const items = await correction.correct(childrenOf(answer, correction.list, 'item'), call, next);
  return ec2Reply(call.action, { ...answer, [correction.list]: items.length === 0 ? '' : { item: [...items] } });
}

interface Correction {
  readonly list: string;
  readonly correct: (
    items: readonly XmlNode[],
    call: AwsCall,
    next: Next,
  ) => readonly XmlNode[] | Promise<readonly XmlNode[]>;
}

const CORRECTIONS: Readonly<Record<string, Correction>> = {
  DescribeVpcEndpoints: {
    list: 'vpcEndpointSet',
    correct: (items) => items.filter((one) => textOf(one, 'state') !== 'deleted'),
  },
  DescribeNetworkAcls: {
    list: 'networkAclSet',
    correct: async (items, call, next) => {
      const vpcs = await next(querySubCall(call, { service: 'ec2', action: 'DescribeVpcs' }));
      const ids = childrenOf(parseXml(vpcs.body), 'vpcSet', 'item').map((one) => textOf(one, 'vpcId'));
      return items.filter((one) => ids.includes(textOf(one, 'vpcId')));
    },
  },
  DescribeNetworkInterfaces: {
    list: 'networkInterfaceSet',
    correct: (items) =>
      items.map((one) =>
        textOf(one, 'description').startsWith(ENDPOINT_INTERFACE)
          ? { ...one, interfaceType: 'vpc_endpoint', status: 'in-use', requesterManaged: 'true' }
          : one,
      ),
  },
};
