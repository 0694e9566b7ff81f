import { type XmlNode, childOf, childrenOf, textOf } from '../xml.ts';
import { ServiceRefusal, type ServiceCalls } from './service-calls.ts';

/** Every DB instance of the account, page by page. */
async function databases(services: ServiceCalls): Promise<readonly XmlNode[]> {
  const found: XmlNode[] = [];
  let marker = '';
  do {
    const page = await services.query('rds', 'DescribeDBInstances', marker === '' ? {} : { Marker: marker });
    found.push(...childrenOf(page, 'DBInstances', 'DBInstance'));
    marker = textOf(page, 'Marker');
  } while (marker !== '');
  return found;
}

/** Network interfaces that a filter finds. */
export async function interfacesBy(services: ServiceCalls, filter: string, value: string): Promise<readonly XmlNode[]> {
  const answer = await services.query('ec2', 'DescribeNetworkInterfaces', filtered(filter, value));
  return childrenOf(answer, 'networkInterfaceSet', 'item');
}

/** One filter of an EC2 describe. */
function filtered(name: string, value: string): Record<string, string> {
  return { 'Filter.1.Name': name, 'Filter.1.Value.1': value };
}

/** Refuses while a network interface, or the one a database would have there, is in the subnet. */
export async function refuseUsedSubnet(services: ServiceCalls, subnetId: string): Promise<void> {
  const interfaces = await interfacesBy(services, 'subnet-id', subnetId);
  const instances = (await databases(services)).filter((one) =>
    childrenOf(childOf(one, 'DBSubnetGroup'), 'Subnets', 'Subnet').some(
      (subnet) => textOf(subnet, 'SubnetIdentifier') === subnetId,
    ),
  );
  if (interfaces.length + instances.length === 0) return;
  throw dependencyViolation(`The subnet '${subnetId}' has dependencies and cannot be deleted.`);
}

/** Refuses while an interface or a database carries the group, or another group names it. */
export async function refuseUsedGroup(services: ServiceCalls, groupId: string): Promise<void> {
  const interfaces = await interfacesBy(services, 'group-id', groupId);
  const instances = (await databases(services)).filter((one) =>
    childrenOf(one, 'VpcSecurityGroups', 'VpcSecurityGroupMembership').some(
      (group) => textOf(group, 'VpcSecurityGroupId') === groupId,
    ),
  );
  const all = childrenOf(await services.query('ec2', 'DescribeSecurityGroups', {}), 'securityGroupInfo', 'item');
  const naming = all.filter((group) => textOf(group, 'groupId') !== groupId && namesGroup(group, groupId));
  if (interfaces.length + instances.length + naming.length === 0) return;
  throw dependencyViolation(`resource ${groupId} has a dependent object`);
}

function namesGroup(group: XmlNode, groupId: string): boolean {
  return ['ipPermissions', 'ipPermissionsEgress'].some((side) =>
    childrenOf(group, side, 'item').some((rule) =>
      childrenOf(rule, 'groups', 'item').some((peer) => textOf(peer, 'groupId') === groupId),
    ),
  );
}

/** What keeps a VPC: each listing with what of it is a VPC's own and goes with it. */
const VPC_CONTENTS = [
  { action: 'DescribeSubnets', list: 'subnetSet' },
  { action: 'DescribeNetworkInterfaces', list: 'networkInterfaceSet' },
  { action: 'DescribeInternetGateways', list: 'internetGatewaySet', filter: 'attachment.vpc-id' },
  {
    action: 'DescribeSecurityGroups',
    list: 'securityGroupInfo',
    isOwn: (one: XmlNode) => textOf(one, 'groupName') === 'default',
  },
  {
    action: 'DescribeRouteTables',
    list: 'routeTableSet',
    isOwn: (one: XmlNode) => childrenOf(one, 'associationSet', 'item').some((use) => textOf(use, 'main') === 'true'),
  },
  { action: 'DescribeNetworkAcls', list: 'networkAclSet', isOwn: (one: XmlNode) => textOf(one, 'default') === 'true' },
  {
    action: 'DescribeVpcEndpoints',
    list: 'vpcEndpointSet',
    isOwn: (one: XmlNode) => textOf(one, 'state') === 'deleted',
  },
] as const satisfies readonly { action: string; list: string; filter?: string; isOwn?: (one: XmlNode) => boolean }[];

/** Refuses while the VPC holds anything that does not go with it. */
export async function refuseUsedVpc(services: ServiceCalls, vpcId: string): Promise<void> {
  for (const content of VPC_CONTENTS) {
    const filter = 'filter' in content ? content.filter : 'vpc-id';
    const isOwn: (one: XmlNode) => boolean = 'isOwn' in content ? content.isOwn : () => false;
    const found = childrenOf(
      await services.query('ec2', content.action, filtered(filter, vpcId)),
      content.list,
      'item',
    );
    if (!found.every(isOwn)) throw dependencyViolation(`The vpc '${vpcId}' has dependencies and cannot be deleted.`);
  }
}

function dependencyViolation(message: string): ServiceRefusal {
  return new ServiceRefusal('DependencyViolation', message);
}
