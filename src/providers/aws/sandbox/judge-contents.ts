import type { IsolationProof } from '../../resource.ts';
import { type Expected, differences, listed, noneWrong, prove } from './isolation-claim.ts';
import { judgeInterfaces } from './judge-interfaces.ts';
import { type HostedZone, type NetworkFacts, type RouteTable, type Subnet, ruleText } from './network-facts.ts';
import { NOWHERE, SANDBOX_CIDR, SANDBOX_SUBNETS, type SandboxGroup, allowedTraffic } from './template.ts';

/** What is inside the sandbox, each kind compared with what the template makes. */
export function judgeContents(facts: NetworkFacts, expected: Expected): readonly IsolationProof[] {
  return [
    judgeVpc(facts, expected),
    judgeSubnets(facts, expected),
    judgeRoutes(facts, expected),
    judgeGroups(facts, expected),
    judgeDefaultGroup(facts),
    judgeAcls(facts),
    judgeEndpoints(facts, expected),
    judgeDhcp(facts),
    judgeZones(facts, expected),
    judgeResolverRules(facts),
    judgeInterfaces(facts, expected),
  ];
}

function judgeVpc({ vpc }: NetworkFacts, { network }: Expected): IsolationProof {
  return prove(vpc, {
    claim: 'the VPC has the addresses of the template, none of IPv6, and resolves names for its endpoint',
    method: 'ec2 DescribeVpcs, DescribeVpcAttribute',
    expected: `${network.vpcId}: ${SANDBOX_CIDR}; IPv6: none; DNS support and hostnames on`,
    judge: (found) => {
      if (found?.id !== network.vpcId) return { observed: 'there is no such VPC', holds: false };
      const { id, cidrs, ipv6, dnsSupport, dnsHostnames } = found;
      const dns = `DNS support ${onOrOff(dnsSupport)}, hostnames ${onOrOff(dnsHostnames)}`;
      return {
        observed: `${id}: ${listed(cidrs)}; IPv6: ${listed(ipv6)}; ${dns}`,
        holds: listed(cidrs) === SANDBOX_CIDR && ipv6.length === 0 && dnsSupport && dnsHostnames,
      };
    },
  });
}

function onOrOff(value: boolean): string {
  return value ? 'on' : 'off';
}

function judgeSubnets({ subnets }: NetworkFacts, { network }: Expected): IsolationProof {
  const cidrs = Object.values(SANDBOX_SUBNETS).flat();
  return prove(subnets, {
    claim: 'the subnets are those of the template, and give nobody a public or an IPv6 address',
    method: 'ec2 DescribeSubnets by vpc-id',
    expected: `${listed(cidrs)}; none public; IPv6: none`,
    judge: (found) => {
      const wrong = [
        ...differences(
          cidrs,
          found.map(({ cidr }) => cidr),
        ),
        ...[...network.dataSubnetIds, ...network.probeSubnetIds]
          .filter((id) => !found.some((subnet) => subnet.id === id))
          .map((id) => `missing: ${id}`),
        ...found.flatMap(openings),
      ];
      return noneWrong(wrong, `${listed(found.map(({ cidr }) => cidr))}; none public; IPv6: none`);
    },
  });
}

function openings({ id, mapsPublicAddresses, assignsIpv6, ipv6 }: Subnet): readonly string[] {
  return [
    ...(mapsPublicAddresses ? [`${id} gives public addresses`] : []),
    ...(assignsIpv6 || ipv6.length > 0 ? [`${id} has IPv6: ${listed(ipv6)}`] : []),
  ];
}

function judgeRoutes({ routeTables, subnets }: NetworkFacts, { network }: Expected): IsolationProof {
  const { routeTableId } = network;
  return prove(routeTables, {
    claim: 'every route stays in the VPC, and every subnet follows the table of the template',
    method: 'ec2 DescribeRouteTables by vpc-id',
    expected: `${routeTableId} and the main table, ${SANDBOX_CIDR} to local; no other route, table, gateway or propagation`,
    judge: (found) => {
      const ids = subnets.kind === 'answered' ? subnets.value.map(({ id }) => id) : [];
      const followers = found.find(({ id }) => id === routeTableId)?.subnetIds ?? [];
      const wrong = [
        ...differences(
          [routeTableId],
          found.filter(({ isMain }) => !isMain).map(({ id }) => id),
        ),
        ...[...network.dataSubnetIds, ...network.probeSubnetIds, ...ids]
          .filter((id) => !followers.includes(id))
          .map((id) => `${id} follows another table`),
        ...found.flatMap(strayRoutes),
      ];
      return noneWrong([...new Set(wrong)], `${listed(found.map(({ id }) => id))}: ${SANDBOX_CIDR} to local`);
    },
  });
}

/** Blackholes too: they tell of a way out that was there, and is again once its target is. */
function strayRoutes({ id, routes, gatewayIds, propagatingIds }: RouteTable): readonly string[] {
  const stray = routes.filter(({ destination, target }) => destination !== SANDBOX_CIDR || target !== 'local');
  return [
    ...stray.map(({ destination, target, state }) => `${id} routes ${destination} to ${target} (${state})`),
    ...gatewayIds.map((gateway) => `${id} routes what comes in through ${gateway}`),
    ...propagatingIds.map((gateway) => `${id} takes routes from ${gateway}`),
  ];
}

function judgeGroups({ securityGroups }: NetworkFacts, { network, ports }: Expected): IsolationProof {
  const wanted = wantedRules(network, ports);
  return prove(securityGroups, {
    claim: 'the security groups and their rules are those of the template',
    method: 'ec2 DescribeSecurityGroups by vpc-id',
    expected: listed(wanted),
    judge: (found) => {
      const own = found.filter(({ name }) => name !== DEFAULT_GROUP);
      const ids = own.map(({ id }) => id);
      const { dataSecurityGroupId, probeSecurityGroupId, endpointSecurityGroupId } = network;
      const rules = own.flatMap(({ id, rules }) => rules.map((rule) => `${id}: ${rule}`));
      const wrong = [
        ...differences([dataSecurityGroupId, probeSecurityGroupId, endpointSecurityGroupId], ids),
        ...differences(wanted, rules),
      ];
      return noneWrong(wrong, listed(rules));
    },
  });
}

const DEFAULT_GROUP = 'default';

/** The rules of the template's groups, each with its group. */
function wantedRules(network: Expected['network'], ports: readonly number[]): readonly string[] {
  const ids: Readonly<Record<SandboxGroup, string>> = {
    data: network.dataSecurityGroupId,
    probe: network.probeSecurityGroupId,
    endpoint: network.endpointSecurityGroupId,
  };
  const traffic = allowedTraffic(ports);
  const pairs = traffic.flatMap(({ from, to, port }) => {
    const tcp = { protocol: 'tcp', fromPort: port, toPort: port };
    return [
      `${ids[from]}: ${ruleText({ ...tcp, direction: 'out', peer: ids[to] })}`,
      `${ids[to]}: ${ruleText({ ...tcp, direction: 'in', peer: ids[from] })}`,
    ];
  });
  const nowhere = ruleText({ direction: 'out', protocol: NOWHERE.IpProtocol, peer: NOWHERE.CidrIp });
  const silent = (Object.keys(ids) as SandboxGroup[]).filter((group) => !traffic.some(({ from }) => from === group));
  return [...pairs, ...silent.map((group) => `${ids[group]}: ${nowhere}`)];
}

/** EC2 gives every VPC this group, open to the world, and lets nobody delete it: so nothing may be in it. */
function judgeDefaultGroup({ securityGroups, interfaces }: NetworkFacts): IsolationProof {
  const words = {
    claim: "nothing uses the VPC's default security group",
    method: 'ec2 DescribeSecurityGroups, DescribeNetworkInterfaces by vpc-id',
    expected: 'no network interface in it',
  };
  if (interfaces.kind === 'unanswered') return prove(interfaces, { ...words, judge: () => noneWrong([], '') });
  return prove(securityGroups, {
    ...words,
    judge: (groups) => {
      const ids = groups.filter(({ name }) => name === DEFAULT_GROUP).map(({ id }) => id);
      const users = interfaces.value.filter(({ groupIds }) => groupIds.some((id) => ids.includes(id)));
      if (ids.length === 0) return { observed: 'the group is not listed', holds: false };
      return noneWrong(
        users.map(({ id }) => `${id} is in it`),
        'no network interface in it',
      );
    },
  });
}

function judgeAcls({ networkAcls }: NetworkFacts): IsolationProof {
  return prove(networkAcls, {
    claim: 'there is no network ACL but the one every VPC has',
    method: 'ec2 DescribeNetworkAcls by vpc-id',
    expected: 'one, the default',
    judge: (found) => ({
      observed: listed(found.map(({ id, isDefault }) => (isDefault ? `${id} (default)` : id))),
      holds: found.length === 1 && found.every(({ isDefault }) => isDefault),
    }),
  });
}

/** States in which an endpoint is only remembered. */
const OVER = new Set(['deleted', 'failed', 'rejected', 'expired']);

function judgeEndpoints(
  { endpoints }: NetworkFacts,
  { network, region, endpointPolicyHash }: Expected,
): IsolationProof {
  const { endpointId, endpointSecurityGroupId } = network;
  const service = `com.amazonaws.${region}.secretsmanager`;
  const wanted = `${endpointId} (interface, ${service}, policy ${endpointPolicyHash}, groups ${endpointSecurityGroupId})`;
  return prove(endpoints, {
    claim: 'the one endpoint is that of Secrets Manager, with the policy and the group of the template',
    method: 'ec2 DescribeVpcEndpoints by vpc-id',
    expected: wanted,
    judge: (found) => {
      const there = found.filter(({ state }) => !OVER.has(state.toLowerCase()));
      const observed = there.map(
        ({ id, type, service, policyHash, groupIds }) =>
          `${id} (${type.toLowerCase()}, ${service}, policy ${policyHash}, groups ${listed(groupIds)})`,
      );
      return { observed: listed(observed), holds: listed(observed) === wanted };
    },
  });
}

/** Without options at all a VPC has no resolver to be told of. `AmazonProvidedDNS` is the VPC's own. */
function judgeDhcp({ dhcpOptions }: NetworkFacts): IsolationProof {
  return prove(dhcpOptions, {
    claim: "nothing in the VPC is told of anybody else's resolvers or servers",
    method: 'ec2 DescribeDhcpOptions of the VPC',
    expected: 'domain-name-servers: AmazonProvidedDNS at most; no other servers',
    judge: (found) => {
      if (found === undefined) return { observed: 'not told', holds: false };
      const wrong = found.filter(
        ({ key, values }) =>
          key !== 'domain-name' && !(key === 'domain-name-servers' && listed(values) === VPC_RESOLVER),
      );
      const words = (options: typeof found) => options.map(({ key, values }) => `${key}: ${listed(values)}`);
      return noneWrong(words(wrong), listed(words(found)));
    },
  });
}

const VPC_RESOLVER = 'AmazonProvidedDNS';

/**
 * Private DNS of an endpoint is a zone too, owned by the service and named after what it answers for. Of all others only
 * the one that the drill's journal knows may be there.
 */
function judgeZones({ hostedZones }: NetworkFacts, { account, region, zoneId }: Expected): IsolationProof {
  const own = `secretsmanager.${region}.`;
  const isService = ({ name, owner }: HostedZone) => owner.kind === 'service' && name.startsWith(own);
  const isCopy = ({ id, owner }: HostedZone) => id === zoneId && owner.kind === 'account' && owner.name === account;
  const more = zoneId === undefined ? '' : `, and the drill's copy ${zoneId}`;
  return prove(hostedZones, {
    claim: 'no private hosted zone is associated but that of the endpoint',
    method: 'route53 ListHostedZonesByVPC',
    expected: `none but a service's own '${own}…'${more}`,
    judge: (found) => {
      const foreign = found.filter((zone) => !isService(zone) && !isCopy(zone));
      const words = (zones: typeof found) => zones.map(({ id, name, owner }) => `'${name}' (${id}, of ${owner.name})`);
      return noneWrong(words(foreign), listed(words(found)));
    },
  });
}

/** The rule that every VPC has, by which its resolver asks the internet: only AWS gives ids, and this one is its own. */
const RULE_OF_EVERY_VPC = 'rslvr-autodefined-rr-internet-resolver';

/** A rule sends questions, and what is hidden in them, to resolvers of somebody's choice. None is over until it is gone. */
function judgeResolverRules({ resolverRules }: NetworkFacts): IsolationProof {
  return prove(resolverRules, {
    claim: 'no Resolver rule is associated but the one that every VPC has',
    method: 'route53resolver ListResolverRuleAssociations by VPCId',
    expected: `none but ${RULE_OF_EVERY_VPC}`,
    judge: (found) => {
      const foreign = found.filter(({ ruleId }) => ruleId !== RULE_OF_EVERY_VPC);
      const words = (rules: typeof found) => rules.map(({ ruleId, name, state }) => `${ruleId} ('${name}', ${state})`);
      return noneWrong(words(foreign), listed(words(found)));
    },
  });
}
