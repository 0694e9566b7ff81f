import type { NetworkFacts } from '../../../../src/providers/aws/sandbox/network-facts.ts';
import { SOUND, answered } from './sandbox-facts.ts';

/** The claims, in their order. */
export const CLAIMS = {
  identity: 'what is proven here is proven of the sandbox account',
  internet: 'no internet gateway is attached',
  egressOnly: 'no egress-only internet gateway is attached',
  nat: 'there is no NAT gateway',
  vpn: 'no virtual private gateway (VPN, Direct Connect) is attached',
  transit: 'no transit gateway is attached',
  peering: 'there is no peering, neither asked for nor accepted nor active',
  vpc: 'the VPC has the addresses of the template, none of IPv6, and resolves names for its endpoint',
  subnets: 'the subnets are those of the template, and give nobody a public or an IPv6 address',
  routes: 'every route stays in the VPC, and every subnet follows the table of the template',
  groups: 'the security groups and their rules are those of the template',
  defaultGroup: "nothing uses the VPC's default security group",
  acls: 'there is no network ACL but the one every VPC has',
  endpoints: 'the one endpoint is that of Secrets Manager, with the policy and the group of the template',
  dhcp: "nothing in the VPC is told of anybody else's resolvers or servers",
  zones: 'no private hosted zone is associated but that of the endpoint',
  rules: 'no Resolver rule is associated but the one that every VPC has',
  interfaces:
    "every network interface is the endpoint's, the probe's or a restored database's, in its own group, not public",
  restored: "the restored instance 'orders' is in the sandbox, and not public",
} as const;

type Value<A> = A extends { readonly kind: 'answered'; readonly value: infer T } ? T : never;
/** One of the facts. */
export type Fact = keyof NetworkFacts;

/** The sound facts with one of them changed. */
export function planted<F extends Fact>(fact: F, change: (sound: Value<NetworkFacts[F]>) => unknown): NetworkFacts {
  const sound = SOUND[fact];
  if (sound?.kind !== 'answered') throw new Error(`'${fact}' is no sound fact`);
  return { ...SOUND, [fact]: answered(change(sound.value as Value<NetworkFacts[F]>)) };
}

/** A change of the one thing of a list that has this id; everything else stays. */
function changed<T extends { readonly id: string }>(id: string, more: (one: T) => object) {
  return (all: readonly T[]): readonly T[] => {
    if (!all.some((one) => one.id === id)) throw new Error(`'${id}' is not there to be changed`);
    return all.map((one) => (one.id === id ? { ...one, ...more(one) } : one));
  };
}

function withRule(group: string, rule: string) {
  return planted(
    'securityGroups',
    changed(group, ({ rules }) => ({ rules: [...rules, rule] })),
  );
}

function withRoute(table: string, destination: string, target: string, state = 'active') {
  return planted(
    'routeTables',
    changed(table, ({ routes }) => ({ routes: [...routes, { destination, target, state }] })),
  );
}

const gateway = { id: 'gw-1', state: 'available' };
const foreign = { id: 'sg-foreign', name: 'planted', rules: ['out -1 all ports 0.0.0.0/0'] };
const zone = { id: 'Z9', name: 'prod.internal.', owner: { kind: 'account', name: '111111111111' } };
const forwarding = (state: string) => ({ ruleId: 'rslvr-rr-1', name: 'to premises', state });
/** Somebody's interface in one of our groups. */
export const eni = {
  id: 'eni-9',
  type: 'interface',
  description: 'mine',
  requesterId: '',
  groupIds: ['sg-data'],
  ipv6: [],
};

/** What is planted, the one claim that it refutes, and the facts with it. */
export const PLANTS: readonly (readonly [string, keyof typeof CLAIMS, NetworkFacts])[] = [
  ['another account', 'identity', planted('identity', (who) => ({ ...who, account: '999999999999' }))],
  ['an internet gateway', 'internet', planted('internetGateways', () => [gateway])],
  [
    'an internet gateway in a state nobody knows',
    'internet',
    planted('internetGateways', () => [{ id: 'x', state: 'odd' }]),
  ],
  ['an egress-only gateway', 'egressOnly', planted('egressOnlyGateways', () => [gateway])],
  ['a NAT gateway on its way', 'nat', planted('natGateways', () => [{ id: 'nat-1', state: 'pending' }])],
  ['a VPN gateway', 'vpn', planted('vpnGateways', () => [{ id: 'vgw-1', state: 'attached' }])],
  ['a transit gateway', 'transit', planted('transitAttachments', () => [{ id: 'tgw-1', state: 'pendingAcceptance' }])],
  ['an active peering', 'peering', planted('peerings', () => [{ id: 'pcx-1', state: 'active' }])],
  ['a peering asked for', 'peering', planted('peerings', () => [{ id: 'pcx-1', state: 'pending-acceptance' }])],
  ['another block of addresses', 'vpc', planted('vpc', (vpc) => ({ ...vpc, cidrs: ['10.213.0.0/24', '10.0.0.0/8'] }))],
  ['a block of IPv6', 'vpc', planted('vpc', (vpc) => ({ ...vpc, ipv6: ['2001:db8::/56'] }))],
  ['hostnames switched off', 'vpc', planted('vpc', (vpc) => ({ ...vpc, dnsHostnames: false }))],
  ['a VPC that is not there', 'vpc', planted('vpc', () => undefined)],
  [
    'a public subnet',
    'subnets',
    planted(
      'subnets',
      changed('subnet-d1', () => ({ mapsPublicAddresses: true })),
    ),
  ],
  [
    'a subnet of IPv6',
    'subnets',
    planted(
      'subnets',
      changed('subnet-d1', () => ({ ipv6: ['2001:db8::/64'] })),
    ),
  ],
  [
    'a subnet that gives IPv6',
    'subnets',
    planted(
      'subnets',
      changed('subnet-d1', () => ({ assignsIpv6: true })),
    ),
  ],
  [
    'other data subnets',
    'subnets',
    planted('subnets', (all) => all.map((one) => (one.id === 'subnet-d1' ? { ...one, cidr: '10.213.0.192/27' } : one))),
  ],
  ['a detour of the own addresses', 'routes', withRoute('rtb-1', '10.213.0.0/24', 'eni-9')],
  ['a route to a gateway', 'routes', withRoute('rtb-1', '0.0.0.0/0', 'igw-1')],
  ['a route of the main table to a peering', 'routes', withRoute('rtb-main', '10.0.0.0/8', 'pcx-1')],
  ['the hint of a removed path', 'routes', withRoute('rtb-1', '0.0.0.0/0', 'nat-1', 'blackhole')],
  ['a route to a prefix list', 'routes', withRoute('rtb-1', 'pl-1', 'vpce-9')],
  ['a local route of IPv6', 'routes', withRoute('rtb-1', '2001:db8::/56', 'local')],
  [
    'a subnet on the main table',
    'routes',
    planted(
      'routeTables',
      changed('rtb-1', ({ subnetIds }) => ({ subnetIds: subnetIds.slice(1) })),
    ),
  ],
  [
    'the endpoint on the main table',
    'routes',
    planted(
      'routeTables',
      changed('rtb-1', ({ subnetIds }) => ({ subnetIds: subnetIds.slice(0, 4) })),
    ),
  ],
  [
    'another route table',
    'routes',
    planted('routeTables', (all) => [...all, { ...all[0], id: 'rtb-9', isMain: false }]),
  ],
  [
    'routes that a VPN gateway adds',
    'routes',
    planted(
      'routeTables',
      changed('rtb-1', () => ({ propagatingIds: ['vgw-1'] })),
    ),
  ],
  [
    'a table at a gateway',
    'routes',
    planted(
      'routeTables',
      changed('rtb-1', () => ({ gatewayIds: ['igw-1'] })),
    ),
  ],
  ['a rule from everywhere', 'groups', withRule('sg-data', 'in tcp 5432-5432 0.0.0.0/0')],
  ['a rule to everywhere in IPv6', 'groups', withRule('sg-probe', 'out -1 all ports ::/0')],
  ['a rule to a prefix list', 'groups', withRule('sg-probe', 'out tcp 443-443 pl-1')],
  ['a rule from another group', 'groups', withRule('sg-endpoint', 'in tcp 443-443 sg-other')],
  ['another port', 'groups', withRule('sg-data', 'in tcp 22-22 sg-probe')],
  [
    'a rule that is missing',
    'groups',
    planted(
      'securityGroups',
      changed('sg-data', ({ rules }) => ({ rules: rules.slice(1) })),
    ),
  ],
  ['a foreign group', 'groups', planted('securityGroups', (all) => [...all, foreign])],
  [
    'a group of ours that is gone',
    'groups',
    planted('securityGroups', (all) => all.filter(({ id }) => id !== 'sg-endpoint')),
  ],
  [
    'a default group that is not listed',
    'defaultGroup',
    planted('securityGroups', (all) => all.filter(({ id }) => id !== 'sg-default')),
  ],
  ['another network ACL', 'acls', planted('networkAcls', (all) => [...all, { id: 'acl-9', isDefault: false }])],
  ['no network ACL at all', 'acls', planted('networkAcls', () => [])],
  [
    'another endpoint',
    'endpoints',
    planted('endpoints', (all) => [...all, { ...all[0], id: 'vpce-9', service: 's3', type: 'Gateway' }]),
  ],
  [
    'another policy of the endpoint',
    'endpoints',
    planted(
      'endpoints',
      changed('vpce-1', () => ({ policyHash: 'def' })),
    ),
  ],
  [
    'another service',
    'endpoints',
    planted(
      'endpoints',
      changed('vpce-1', () => ({ service: 'com.amazonaws.eu-west-1.s3' })),
    ),
  ],
  [
    'another group on the endpoint',
    'endpoints',
    planted(
      'endpoints',
      changed('vpce-1', ({ groupIds }) => ({ groupIds: [...groupIds, 'sg-x'] })),
    ),
  ],
  [
    'an endpoint that is gone',
    'endpoints',
    planted(
      'endpoints',
      changed('vpce-1', () => ({ state: 'deleted' })),
    ),
  ],
  [
    'resolvers on premises',
    'dhcp',
    planted('dhcpOptions', () => [{ key: 'domain-name-servers', values: ['10.1.0.2'] }]),
  ],
  [
    'a second resolver',
    'dhcp',
    planted('dhcpOptions', () => [{ key: 'domain-name-servers', values: ['AmazonProvidedDNS', '10.1.0.2'] }]),
  ],
  [
    'time servers',
    'dhcp',
    planted('dhcpOptions', (all) => [...(all ?? []), { key: 'ntp-servers', values: ['10.1.0.3'] }]),
  ],
  ['options that are not told', 'dhcp', planted('dhcpOptions', () => undefined)],
  ['a hosted zone', 'zones', planted('hostedZones', (all) => [...all, zone])],
  [
    "an account's zone that is called like the endpoint's",
    'zones',
    planted(
      'hostedZones',
      changed('Z1', () => ({ owner: { kind: 'account', name: '111111111111' } })),
    ),
  ],
  [
    "another service's zone",
    'zones',
    planted(
      'hostedZones',
      changed('Z1', () => ({ name: 'efs.eu-west-1.amazonaws.com.' })),
    ),
  ],
  ['a rule that forwards', 'rules', planted('resolverRules', (all) => [...all, forwarding('COMPLETE')])],
  ['a rule that is on its way out', 'rules', planted('resolverRules', () => [forwarding('DELETING')])],
  [
    "a rule that is called like AWS's own",
    'rules',
    planted('resolverRules', (all) => all.map((one) => ({ ...one, ruleId: 'rslvr-rr-1' }))),
  ],
  [
    'a rule that is not named',
    'rules',
    planted('resolverRules', (all) => all.map((one) => ({ ...one, ruleId: 'unnamed' }))),
  ],
  ['an unknown interface in our group', 'interfaces', planted('interfaces', (all) => [...all, eni])],
  [
    'a foreign group on a database',
    'interfaces',
    planted(
      'interfaces',
      changed('eni-d', ({ groupIds }) => ({ groupIds: [...groupIds, 'sg-foreign'] })),
    ),
  ],
  [
    'a function in a foreign group',
    'interfaces',
    planted(
      'interfaces',
      changed('eni-p', () => ({ groupIds: ['sg-foreign'] })),
    ),
  ],
  [
    'a public address',
    'interfaces',
    planted(
      'interfaces',
      changed('eni-d', () => ({ publicAddress: '198.51.100.1' })),
    ),
  ],
  [
    'an interface with IPv6',
    'interfaces',
    planted(
      'interfaces',
      changed('eni-d', () => ({ ipv6: ['2001:db8::1'] })),
    ),
  ],
  ['another VPC', 'restored', planted('restored', (one) => ({ ...one, vpcId: 'vpc-production' }))],
  ['another subnet group', 'restored', planted('restored', (one) => ({ ...one, subnetGroupName: 'default' }))],
  ['the default group', 'restored', planted('restored', (one) => ({ ...one, groupIds: ['sg-data', 'sg-default'] }))],
  ['no group', 'restored', planted('restored', (one) => ({ ...one, groupIds: [] }))],
  ['a public instance', 'restored', planted('restored', (one) => ({ ...one, isPublic: true }))],
  ['an instance that may be public', 'restored', planted('restored', (one) => ({ ...one, isPublic: undefined }))],
  ['no instance', 'restored', planted('restored', () => undefined)],
];
