import type { AwsCall, AwsReply, Layer } from './call.ts';
import { renderError } from './render-error.ts';
import { isOk } from './sub-call.ts';
import { childOf, childrenOf, ec2Reply, parseXml, textOf, type XmlNode } from './xml.ts';

/** Answers the few calls that moto lacks or answers wrongly (moto-conformance.test.ts holds each), next to moto. */
export const emulatorGaps: Layer = async (call, next) => {
  if (call.service === 'route53resolver') return resolverRules(call, next);
  if (call.service !== 'ec2') return next(call);
  switch (call.action) {
    case 'DescribeVpcBlockPublicAccessOptions':
      return blockPublicAccess(call);
    case 'DescribeVpcPeeringConnections':
      return peerings(call, next);
    default:
      return next(call);
  }
};

/** The page after the one with the rule that every VPC has. */
const OTHER_RULES = 'other-rules';

// moto gives no VPC the association that AWS gives every one. Here it comes on a page of its own: AWS cuts where it likes.
async function resolverRules(call: AwsCall, next: Parameters<Layer>[1]): Promise<AwsReply> {
  const { Filters: filters = [], NextToken: token } = (call.json ?? {}) as ListRules;
  const vpcId = filters.find(({ Name }) => Name === 'VPCId')?.Values?.[0];
  if (call.action !== 'ListResolverRuleAssociations' || vpcId === undefined) return next(call);
  if (token === OTHER_RULES) {
    const json = { Filters: filters };
    return next({ ...call, json, body: Buffer.from(JSON.stringify(json)) });
  }
  const association = {
    Id: `rslvr-autodefined-assoc-${vpcId}-internet-resolver`,
    ResolverRuleId: 'rslvr-autodefined-rr-internet-resolver',
    Name: 'System Rule Association',
    VPCId: vpcId,
    Status: 'COMPLETE',
    StatusMessage: '',
  };
  const page = { ResolverRuleAssociations: [association], NextToken: OTHER_RULES, MaxResults: 1 };
  const headers = { 'content-type': 'application/x-amz-json-1.1' };
  return { status: 200, headers, body: Buffer.from(JSON.stringify(page)) };
}

interface ListRules {
  readonly Filters?: readonly { readonly Name: string; readonly Values?: readonly string[] }[];
  readonly NextToken?: string;
}

// moto has no such operation; AWS answers with the mode of the account and region, `off` unless set.
function blockPublicAccess(call: AwsCall): AwsReply {
  return ec2Reply(call.action, {
    vpcBlockPublicAccessOptions: {
      awsAccountId: '123456789012',
      awsRegion: call.region,
      state: 'default-state',
      internetGatewayBlockMode: 'off',
      managedBy: 'account',
      exclusionsAllowed: 'allowed',
    },
  });
}

const PEERING_FILTERS: Readonly<Record<string, (peering: XmlNode) => string>> = {
  'accepter-vpc-info.vpc-id': (peering) => textOf(childOf(peering, 'accepterVpcInfo'), 'vpcId'),
  'requester-vpc-info.vpc-id': (peering) => textOf(childOf(peering, 'requesterVpcInfo'), 'vpcId'),
  'status-code': (peering) => textOf(childOf(peering, 'status'), 'code'),
};

// moto ignores every filter of peerings: all are fetched, and filtered here.
async function peerings(call: AwsCall, next: Parameters<Layer>[1]): Promise<AwsReply> {
  const filters = ec2Filters(call);
  const unknown = filters.find(({ name }) => !(name in PEERING_FILTERS));
  if (unknown !== undefined) {
    const message = `The filter '${unknown.name}' is invalid`;
    return renderError(call, { status: 400, code: 'InvalidParameterValue', message });
  }
  const reply = await next(call);
  if (!isOk(reply)) return reply;
  const items = childrenOf(parseXml(reply.body), 'vpcPeeringConnectionSet', 'item').filter((peering) =>
    filters.every(({ name, values }) => values.includes(PEERING_FILTERS[name]?.(peering) ?? '')),
  );
  return ec2Reply(call.action, { vpcPeeringConnectionSet: { item: items } });
}

function ec2Filters({ params }: AwsCall): { readonly name: string; readonly values: readonly string[] }[] {
  const filters = [];
  for (let index = 1; ; index += 1) {
    const name = params[`Filter.${index}.Name`];
    if (name === undefined) return filters;
    const values = Object.entries(params)
      .filter(([key]) => key.startsWith(`Filter.${index}.Value.`))
      .map(([, value]) => value);
    filters.push({ name, values });
  }
}
