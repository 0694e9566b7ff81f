import type { IpPermission, Route as Ec2Route } from '@aws-sdk/client-ec2';
import { policyTextHash } from './endpoint-policy.ts';
import {
  type DhcpOption,
  type Endpoint,
  type NetworkAcl,
  type NetworkInterface,
  type Route,
  type RouteTable,
  type SecurityGroup,
  type Subnet,
  type Vpc,
  ruleText,
} from './network-facts.ts';
import { type VpcLook, byVpc, listAll, texts } from './vpc-look.ts';

/** The VPC's route tables. */
export async function routeTables(look: VpcLook): Promise<readonly RouteTable[]> {
  const { paginateDescribeRouteTables } = await import('@aws-sdk/client-ec2');
  const found = await listAll(paginateDescribeRouteTables, byVpc('vpc-id', look), {
    look,
    items: (page) => page.RouteTables,
  });
  return found.map(({ RouteTableId, Associations = [], PropagatingVgws, Routes = [] }) => ({
    id: RouteTableId ?? 'unnamed',
    isMain: Associations.some(({ Main }) => Main === true),
    subnetIds: texts(Associations.map(({ SubnetId }) => SubnetId)),
    gatewayIds: texts(Associations.map(({ GatewayId }) => GatewayId)),
    propagatingIds: (PropagatingVgws ?? []).map(({ GatewayId }) => GatewayId ?? 'unnamed'),
    routes: Routes.map(routeOf),
  }));
}

function routeOf(route: Ec2Route): Route {
  const targets = [
    route.GatewayId,
    route.NatGatewayId,
    route.TransitGatewayId,
    route.VpcPeeringConnectionId,
    route.EgressOnlyInternetGatewayId,
    route.NetworkInterfaceId,
    route.InstanceId,
    route.LocalGatewayId,
    route.CarrierGatewayId,
    route.CoreNetworkArn,
  ];
  return {
    destination:
      route.DestinationCidrBlock ?? route.DestinationIpv6CidrBlock ?? route.DestinationPrefixListId ?? 'unnamed',
    target: texts(targets).join(' and ') || 'unnamed',
    state: route.State ?? 'unknown',
  };
}

/** The VPC's security groups, each permission taken apart into rules of one peer. */
export async function securityGroups(look: VpcLook): Promise<readonly SecurityGroup[]> {
  const { paginateDescribeSecurityGroups } = await import('@aws-sdk/client-ec2');
  const found = await listAll(paginateDescribeSecurityGroups, byVpc('vpc-id', look), {
    look,
    items: (page) => page.SecurityGroups,
  });
  return found.map(({ GroupId, GroupName, IpPermissions = [], IpPermissionsEgress = [] }) => ({
    id: GroupId ?? 'unnamed',
    name: GroupName ?? 'unnamed',
    rules: [
      ...IpPermissions.flatMap((permission) => rulesOf('in', permission)),
      ...IpPermissionsEgress.flatMap((permission) => rulesOf('out', permission)),
    ],
  }));
}

function rulesOf(direction: 'in' | 'out', permission: IpPermission): readonly string[] {
  const {
    IpProtocol,
    FromPort,
    ToPort,
    IpRanges = [],
    Ipv6Ranges = [],
    PrefixListIds = [],
    UserIdGroupPairs = [],
  } = permission;
  const peers = [
    ...IpRanges.map(({ CidrIp }) => CidrIp),
    ...Ipv6Ranges.map(({ CidrIpv6 }) => CidrIpv6),
    ...PrefixListIds.map(({ PrefixListId }) => PrefixListId),
    ...UserIdGroupPairs.map(({ GroupId }) => GroupId),
  ];
  return peers.map((peer = 'unnamed') =>
    ruleText({ direction, protocol: IpProtocol ?? 'unknown', fromPort: FromPort, toPort: ToPort, peer }),
  );
}

/** The VPC's network ACLs. */
export async function networkAcls(look: VpcLook): Promise<readonly NetworkAcl[]> {
  const { paginateDescribeNetworkAcls } = await import('@aws-sdk/client-ec2');
  const found = await listAll(paginateDescribeNetworkAcls, byVpc('vpc-id', look), {
    look,
    items: (page) => page.NetworkAcls,
  });
  return found.map(({ NetworkAclId, IsDefault }) => ({ id: NetworkAclId ?? 'unnamed', isDefault: IsDefault === true }));
}

/** The VPC's subnets. A block of IPv6 that is being taken away counts until it is gone. */
export async function subnets(look: VpcLook): Promise<readonly Subnet[]> {
  const { paginateDescribeSubnets } = await import('@aws-sdk/client-ec2');
  const found = await listAll(paginateDescribeSubnets, byVpc('vpc-id', look), { look, items: (page) => page.Subnets });
  return found.map((subnet) => ({
    id: subnet.SubnetId ?? 'unnamed',
    cidr: subnet.CidrBlock ?? 'unnamed',
    mapsPublicAddresses: subnet.MapPublicIpOnLaunch !== false,
    assignsIpv6: subnet.AssignIpv6AddressOnCreation === true,
    ipv6: (subnet.Ipv6CidrBlockAssociationSet ?? [])
      .filter(({ Ipv6CidrBlockState }) => Ipv6CidrBlockState?.State !== 'disassociated')
      .map(({ Ipv6CidrBlock }) => Ipv6CidrBlock ?? 'unnamed'),
  }));
}

/** The VPC's endpoints, of every type. */
export async function endpoints(look: VpcLook): Promise<readonly Endpoint[]> {
  const { paginateDescribeVpcEndpoints } = await import('@aws-sdk/client-ec2');
  const found = await listAll(paginateDescribeVpcEndpoints, byVpc('vpc-id', look), {
    look,
    items: (page) => page.VpcEndpoints,
  });
  return found.map((endpoint) => ({
    id: endpoint.VpcEndpointId ?? 'unnamed',
    service: endpoint.ServiceName ?? 'unnamed',
    type: endpoint.VpcEndpointType ?? 'unknown',
    state: endpoint.State ?? 'unknown',
    policyHash: policyTextHash(endpoint.PolicyDocument),
    groupIds: texts(endpoint.Groups?.map(({ GroupId }) => GroupId)),
  }));
}

/** The VPC itself; `undefined` when EC2 does not list it. */
export async function vpc(look: VpcLook): Promise<Vpc | undefined> {
  const { paginateDescribeVpcs } = await import('@aws-sdk/client-ec2');
  const found = await listAll(paginateDescribeVpcs, byVpc('vpc-id', look), { look, items: (page) => page.Vpcs });
  const own = found.find(({ VpcId }) => VpcId === look.vpcId);
  if (own === undefined) return undefined;
  const [dnsSupport, dnsHostnames] = await Promise.all([
    vpcAttribute('enableDnsSupport', look),
    vpcAttribute('enableDnsHostnames', look),
  ]);
  return {
    id: look.vpcId,
    cidrs: (own.CidrBlockAssociationSet ?? [])
      .filter(({ CidrBlockState }) => CidrBlockState?.State !== 'disassociated')
      .map(({ CidrBlock }) => CidrBlock ?? 'unnamed'),
    ipv6: (own.Ipv6CidrBlockAssociationSet ?? [])
      .filter(({ Ipv6CidrBlockState }) => Ipv6CidrBlockState?.State !== 'disassociated')
      .map(({ Ipv6CidrBlock }) => Ipv6CidrBlock ?? 'unnamed'),
    dnsSupport,
    dnsHostnames,
  };
}

async function vpcAttribute(name: 'enableDnsSupport' | 'enableDnsHostnames', look: VpcLook): Promise<boolean> {
  const { DescribeVpcAttributeCommand } = await import('@aws-sdk/client-ec2');
  const client = await look.context.clients.ec2();
  const command = new DescribeVpcAttributeCommand({ VpcId: look.vpcId, Attribute: name });
  const answer = await client.send(command, { abortSignal: look.signal });
  return (name === 'enableDnsSupport' ? answer.EnableDnsSupport : answer.EnableDnsHostnames)?.Value === true;
}

/** The DHCP options of the VPC, `undefined` when EC2 does not tell. It calls it `default` when a VPC has none at all. */
export async function dhcpOptions(look: VpcLook): Promise<readonly DhcpOption[] | undefined> {
  const { paginateDescribeDhcpOptions, paginateDescribeVpcs } = await import('@aws-sdk/client-ec2');
  const vpcs = await listAll(paginateDescribeVpcs, byVpc('vpc-id', look), { look, items: (page) => page.Vpcs });
  const id = vpcs.find(({ VpcId }) => VpcId === look.vpcId)?.DhcpOptionsId;
  if (id === undefined) return undefined;
  if (id === 'default') return [];
  const input = { DhcpOptionsIds: [id] };
  const found = await listAll(paginateDescribeDhcpOptions, input, { look, items: (page) => page.DhcpOptions });
  if (found.length === 0) return undefined;
  return found.flatMap(({ DhcpConfigurations = [] }) =>
    DhcpConfigurations.map(({ Key, Values }) => ({
      key: Key ?? 'unnamed',
      values: texts(Values?.map(({ Value }) => Value)),
    })),
  );
}

/** The network interfaces in the VPC, whosever they are. */
export async function interfaces(look: VpcLook): Promise<readonly NetworkInterface[]> {
  const { paginateDescribeNetworkInterfaces } = await import('@aws-sdk/client-ec2');
  const found = await listAll(paginateDescribeNetworkInterfaces, byVpc('vpc-id', look), {
    look,
    items: (page) => page.NetworkInterfaces,
  });
  return found.map((eni) => {
    const addresses = [eni.Association, ...(eni.PrivateIpAddresses ?? []).map(({ Association }) => Association)];
    const association = addresses.find((one) => one !== undefined);
    return {
      id: eni.NetworkInterfaceId ?? 'unnamed',
      type: eni.InterfaceType ?? 'unknown',
      description: eni.Description ?? '',
      requesterId: eni.RequesterId ?? '',
      groupIds: texts(eni.Groups?.map(({ GroupId }) => GroupId)),
      ...(association && { publicAddress: association.PublicIp ?? 'an address that is not told' }),
      ipv6: texts(eni.Ipv6Addresses?.map(({ Ipv6Address }) => Ipv6Address)),
    };
  });
}
