/** What a call showed, or why it showed nothing. What was not answered proves nothing. */
export type Answer<T> =
  { readonly kind: 'answered'; readonly value: T } | { readonly kind: 'unanswered'; readonly because: string };

/** Something that leads out of a VPC, or would, with its state in the service's own word. */
export interface WayOut {
  readonly id: string;
  readonly state: string;
}

/** One route. */
export interface Route {
  /** CIDR block, IPv6 block or prefix list. */
  readonly destination: string;
  /** `local`, or the id of what it leads to. */
  readonly target: string;
  readonly state: string;
}

export interface RouteTable {
  readonly id: string;
  readonly isMain: boolean;
  readonly subnetIds: readonly string[];
  /** Gateways that send what comes in through this table (edge associations). */
  readonly gatewayIds: readonly string[];
  /** Gateways that may add routes to it at any time. */
  readonly propagatingIds: readonly string[];
  readonly routes: readonly Route[];
}

export interface SecurityGroup {
  readonly id: string;
  readonly name: string;
  /** Each rule as one line, e.g. `in tcp 5432-5432 sg-1`; see `ruleText`. */
  readonly rules: readonly string[];
}

export interface NetworkAcl {
  readonly id: string;
  readonly isDefault: boolean;
}

export interface Subnet {
  readonly id: string;
  readonly cidr: string;
  readonly mapsPublicAddresses: boolean;
  readonly ipv6: readonly string[];
  readonly assignsIpv6: boolean;
}

export interface Endpoint {
  readonly id: string;
  readonly service: string;
  readonly type: string;
  readonly state: string;
  /** See `policyHash`; `none` when the service told no policy. */
  readonly policyHash: string;
  readonly groupIds: readonly string[];
}

export interface Vpc {
  readonly id: string;
  readonly cidrs: readonly string[];
  readonly ipv6: readonly string[];
  readonly dnsSupport: boolean;
  readonly dnsHostnames: boolean;
}

/** A DHCP option with its values; a VPC without options has none. */
export interface DhcpOption {
  readonly key: string;
  readonly values: readonly string[];
}

export interface HostedZone {
  readonly id: string;
  readonly name: string;
  /** An account's number, or the service's name. */
  readonly owner: { readonly kind: 'account' | 'service' | 'unknown'; readonly name: string };
}

/** A rule by which the VPC's resolver answers or forwards questions, as it is associated with the VPC. */
export interface RuleAssociation {
  readonly ruleId: string;
  /** The association's name. */
  readonly name: string;
  readonly state: string;
}

export interface NetworkInterface {
  readonly id: string;
  readonly type: string;
  readonly description: string;
  readonly requesterId: string;
  readonly groupIds: readonly string[];
  readonly publicAddress?: string;
  readonly ipv6: readonly string[];
}

/** Where a restored instance is, as RDS tells it. */
export interface InstanceFacts {
  readonly arn: string;
  readonly vpcId: string;
  readonly subnetGroupName: string;
  readonly groupIds: readonly string[];
  /** `undefined` when RDS did not say, which is not a no. */
  readonly isPublic?: boolean;
}

/** All that the isolation of a sandbox is judged by, as the account's own APIs answer at this moment. */
export interface NetworkFacts {
  readonly identity: Answer<{ readonly account: string; readonly arn: string }>;
  readonly internetGateways: Answer<readonly WayOut[]>;
  readonly egressOnlyGateways: Answer<readonly WayOut[]>;
  readonly natGateways: Answer<readonly WayOut[]>;
  readonly vpnGateways: Answer<readonly WayOut[]>;
  readonly transitAttachments: Answer<readonly WayOut[]>;
  readonly peerings: Answer<readonly WayOut[]>;
  readonly routeTables: Answer<readonly RouteTable[]>;
  readonly securityGroups: Answer<readonly SecurityGroup[]>;
  readonly networkAcls: Answer<readonly NetworkAcl[]>;
  readonly subnets: Answer<readonly Subnet[]>;
  readonly endpoints: Answer<readonly Endpoint[]>;
  readonly vpc: Answer<Vpc | undefined>;
  readonly dhcpOptions: Answer<readonly DhcpOption[] | undefined>;
  readonly hostedZones: Answer<readonly HostedZone[]>;
  readonly resolverRules: Answer<readonly RuleAssociation[]>;
  readonly interfaces: Answer<readonly NetworkInterface[]>;
  /** The mode in which the account blocks internet gateways, e.g. `off`, `block-bidirectional`. */
  readonly publicAccessBlock: Answer<string>;
  /** Absent before a restore; an instance that is not found is an answer without a value. */
  readonly restored?: Answer<InstanceFacts | undefined>;
}

/** One security group rule, to be compared as text: direction, protocol, ports and the one peer it names. */
export function ruleText(rule: {
  readonly direction: 'in' | 'out';
  readonly protocol: string;
  readonly fromPort?: number | undefined;
  readonly toPort?: number | undefined;
  readonly peer: string;
}): string {
  const ports = rule.fromPort === undefined ? 'all ports' : `${rule.fromPort}-${rule.toPort ?? rule.fromPort}`;
  return `${rule.direction} ${rule.protocol} ${rule.protocol === '-1' ? 'all ports' : ports} ${rule.peer}`;
}
