import type { LoggedCall } from '../request-log.ts';
import { type Asked, type Ledger, ask, requestTags, tagsIn } from './ledger.ts';

/** What a call makes, and how its answer tells the id. */
const MADE: Readonly<Record<string, { readonly type: string; readonly id: RegExp }>> = {
  CreateVpc: { type: 'vpc', id: /<vpcId>([^<]+)/ },
  CreateSubnet: { type: 'subnet', id: /<subnetId>([^<]+)/ },
  CreateRouteTable: { type: 'route-table', id: /<routeTableId>([^<]+)/ },
  CreateSecurityGroup: { type: 'security-group', id: /<groupId>([^<]+)/ },
  CreateVpcEndpoint: { type: 'vpc-endpoint', id: /<vpcEndpointId>([^<]+)/ },
};

const TYPES: Readonly<Record<string, string>> = {
  vpc: 'vpc',
  subnet: 'subnet',
  rtb: 'route-table',
  sg: 'security-group',
  vpce: 'vpc-endpoint',
};

/** What IAM is asked for a call of EC2; what it makes is noted in the ledger. */
export function askedOfEc2(call: LoggedCall, ledger: Ledger): readonly Asked[] {
  const { action, params, region } = call;
  if (action.startsWith('Describe') && action !== 'DescribeVpcAttribute') return [ask(`ec2:${action}`)];
  const arn = (resource: string): string => `arn:aws:ec2:${region}:${ledger.account}:${resource}`;
  const named = namedIn(params, ledger, arn).map((resource) => ask(`ec2:${action}`, resource));
  if (action === 'AssociateRouteTable') noteAssociation(call, ledger, named);
  const making = MADE[action];
  return making === undefined ? named : [...named, ...askedForMade(call, ledger, arn(`${making.type}/`))];
}

function askedForMade(call: LoggedCall, ledger: Ledger, prefix: string): readonly Asked[] {
  const { action, params, answer = '' } = call;
  const tags = tagsIn(params, 'TagSpecification.1.Tag');
  const id = MADE[action]?.id.exec(answer)?.[1];
  if (id !== undefined) ledger.tags.set(`${prefix}${id}`, tags);
  const made = `${prefix}*`;
  const service = params['ServiceName'];
  const keys = { ...requestTags(tags), ...(service !== undefined && { 'ec2:VpceServiceName': service }) };
  const marks =
    Object.keys(tags).length > 0 ? [ask('ec2:CreateTags', made, { ...keys, 'ec2:CreateAction': action })] : [];
  // Documented by Route 53 alone: private names of an endpoint are a hosted zone, associated in the caller's name.
  const names = params['PrivateDnsEnabled'] === 'true' ? [ask('route53:AssociateVPCWithHostedZone', ZONE_OF_AWS)] : [];
  return [ask(`ec2:${action}`, made, keys), ...marks, ...names];
}

const ZONE_OF_AWS = 'arn:aws:route53:::hostedzone/Z00000000OFAWS';

/** ARNs of all that a call names, save the peers of rules, which EC2 does not judge. */
function namedIn(params: LoggedCall['params'], ledger: Ledger, arn: (resource: string) => string): readonly string[] {
  return Object.entries(params).flatMap(([name, value]) => {
    if (name.startsWith('IpPermissions')) return [];
    const associated = ledger.associations.get(value);
    if (associated !== undefined) return associated;
    const type = TYPES[/^([a-z]+)-[0-9a-f]+$/.exec(value)?.[1] ?? ''];
    return type === undefined ? [] : [arn(`${type}/${value}`)];
  });
}

function noteAssociation({ answer = '' }: LoggedCall, ledger: Ledger, named: readonly Asked[]): void {
  const id = /<associationId>([^<]+)/.exec(answer)?.[1];
  if (id === undefined) return;
  ledger.associations.set(
    id,
    named.map(({ resource }) => resource),
  );
}
