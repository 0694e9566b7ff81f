import type { IsolationProof, Resource } from '../../resource.ts';
import { judgeContents } from './judge-contents.ts';
import { type Claim, type Expected, listed, prove } from './isolation-claim.ts';
import type { InstanceFacts, NetworkFacts, WayOut } from './network-facts.ts';

export type { Expected } from './isolation-claim.ts';

/**
 * The isolation of a sandbox, one proof a claim. What is not as the template made it, what nobody knows and what was not
 * answered do not hold. The one exception is advice: whether the account itself blocks internet gateways.
 *
 * Not looked at: Route 53 profiles, which bring zones and rules in without associating them, and VPC Lattice, to whose
 * addresses none of the template's security groups lets anything out.
 */
export function judgeIsolation(facts: NetworkFacts, expected: Expected): readonly IsolationProof[] {
  return [
    judgeIdentity(facts, expected),
    ...WAYS_OUT.map(({ of, ...words }) => prove(facts[of], { ...words, expected: 'none', judge: judgeNone })),
    ...judgeContents(facts, expected),
    advisePublicAccessBlock(facts),
    ...(expected.restored === undefined ? [] : [judgeRestored(facts, expected, expected.restored)]),
  ];
}

function judgeIdentity({ identity }: NetworkFacts, { account }: Expected): IsolationProof {
  return prove(identity, {
    claim: 'what is proven here is proven of the sandbox account',
    method: 'sts GetCallerIdentity',
    expected: account,
    judge: (who) => ({ observed: `${who.account}, as '${who.arn}'`, holds: who.account === account }),
  });
}

type WayOutFact =
  'internetGateways' | 'egressOnlyGateways' | 'natGateways' | 'vpnGateways' | 'transitAttachments' | 'peerings';

const WAYS_OUT: readonly ({ readonly of: WayOutFact } & Pick<Claim<unknown>, 'claim' | 'method'>)[] = [
  {
    of: 'internetGateways',
    claim: 'no internet gateway is attached',
    method: 'ec2 DescribeInternetGateways by attachment.vpc-id',
  },
  {
    of: 'egressOnlyGateways',
    claim: 'no egress-only internet gateway is attached',
    method: 'ec2 DescribeEgressOnlyInternetGateways, those attached to the VPC',
  },
  { of: 'natGateways', claim: 'there is no NAT gateway', method: 'ec2 DescribeNatGateways by vpc-id' },
  {
    of: 'vpnGateways',
    claim: 'no virtual private gateway (VPN, Direct Connect) is attached',
    method: 'ec2 DescribeVpnGateways by attachment.vpc-id',
  },
  {
    of: 'transitAttachments',
    claim: 'no transit gateway is attached',
    method: 'ec2 DescribeTransitGatewayAttachments by resource-id',
  },
  {
    of: 'peerings',
    claim: 'there is no peering, neither asked for nor accepted nor active',
    method: 'ec2 DescribeVpcPeeringConnections, those with the VPC on either side',
  },
];

/** States in which a thing is only remembered: nothing passes through it, and it does not come back. */
const OVER = new Set(['deleted', 'detached', 'failed', 'rejected', 'expired']);

function judgeNone(found: readonly WayOut[]): { observed: string; holds: boolean } {
  const there = found.filter(({ state }) => !OVER.has(state));
  return { observed: listed(there.map(({ id, state }) => `${id} (${state})`)), holds: there.length === 0 };
}

/** A second wall around the account is good to have; the sandbox stands without it. */
function advisePublicAccessBlock({ publicAccessBlock: block }: NetworkFacts): IsolationProof {
  return {
    claim: 'whether the account blocks internet gateways besides is known (advice: no proof rests on it)',
    method: 'ec2 DescribeVpcBlockPublicAccessOptions',
    expected: 'best: block-bidirectional',
    observed: block.kind === 'answered' ? block.value : `not answered: ${block.because}`,
    holds: true,
  };
}

function judgeRestored(facts: NetworkFacts, { network }: Expected, { id, name }: Resource): IsolationProof {
  const { vpcId, subnetGroupName, dataSecurityGroupId } = network;
  const claim: Claim<InstanceFacts | undefined> = {
    claim: `the restored instance '${name}' is in the sandbox, and not public`,
    method: 'rds DescribeDBInstances',
    expected: `in ${vpcId}, subnet group '${subnetGroupName}', groups ${dataSecurityGroupId}, not public`,
    judge: (instance) => {
      if (instance?.arn !== id) return { observed: 'there is no such instance', holds: false };
      const access = instance.isPublic === undefined ? 'public or not is not told' : accessText(instance.isPublic);
      const groups = listed(instance.groupIds);
      const isInside =
        instance.vpcId === vpcId &&
        instance.subnetGroupName.toLowerCase() === subnetGroupName.toLowerCase() &&
        groups === dataSecurityGroupId;
      return {
        observed: `in ${instance.vpcId}, subnet group '${instance.subnetGroupName}', groups ${groups}, ${access}`,
        holds: isInside && instance.isPublic === false,
      };
    },
  };
  return prove(facts.restored ?? { kind: 'unanswered', because: 'it was not asked for' }, claim);
}

function accessText(isPublic: boolean): string {
  return isPublic ? 'public' : 'not public';
}
