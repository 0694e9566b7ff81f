import type { IsolationProof } from '../../resource.ts';
import { type Expected, listed, noneWrong, prove } from './isolation-claim.ts';
import type { NetworkFacts, NetworkInterface } from './network-facts.ts';

/**
 * Every network interface is one of the three kinds that a drill brings along, in that kind's own group and no other,
 * without a public or an IPv6 address. Whatever is run in the VPC (an instance, a load balancer, an inbound resolver,
 * another's function) has one of its own, so what is not known here is somebody else's.
 */
export function judgeInterfaces({ interfaces }: NetworkFacts, expected: Expected): IsolationProof {
  return prove(interfaces, {
    claim:
      "every network interface is the endpoint's, the probe's or a restored database's, in its own group, not public",
    method: 'ec2 DescribeNetworkInterfaces by vpc-id',
    expected: "the endpoint's, Lambda's and RDS's; no public address; IPv6: none",
    judge: (found) => {
      const known = found.map((one) => ({ one, kind: kindOf(one, expected) }));
      const wrong = known.flatMap(({ one, kind }) => [
        ...(kind === undefined ? [strangerText(one)] : []),
        ...(one.publicAddress === undefined ? [] : [`${one.id} is public as ${one.publicAddress}`]),
        ...(one.ipv6.length === 0 ? [] : [`${one.id} has IPv6: ${listed(one.ipv6)}`]),
      ]);
      return noneWrong(wrong, listed(known.map(({ one, kind }) => `${one.id} (${kind ?? 'unknown'})`)));
    },
  });
}

function strangerText({ id, type, description, groupIds }: NetworkInterface): string {
  return `${id} is not known: ${type}, '${description}', groups ${listed(groupIds)}`;
}

/** Type, description and requester as the services put them; the group decides what an interface can do. */
function kindOf(one: NetworkInterface, { network }: Expected): 'endpoint' | 'probe' | 'database' | undefined {
  const group = listed(one.groupIds);
  const isOfEndpoint = one.description === `VPC Endpoint Interface ${network.endpointId}`;
  if (group === network.endpointSecurityGroupId && isOfEndpoint) return 'endpoint';
  const isOfLambda = one.type === 'lambda' || one.description.startsWith('AWS Lambda VPC ENI');
  if (group === network.probeSecurityGroupId && isOfLambda) return 'probe';
  const isOfRds = one.requesterId === 'amazon-rds' || one.description === 'RDSNetworkInterface';
  if (group === network.dataSecurityGroupId && isOfRds) return 'database';
  return undefined;
}
