import { interfacesBy, refuseUsedGroup, refuseUsedSubnet, refuseUsedVpc } from './dependents.ts';
import {
  type Making,
  type Properties,
  type ResourceType,
  numbered,
  numberedTags,
  objectsIn,
  textIn,
  textsIn,
} from './resource-types.ts';
import { childOf, childrenOf, textOf } from '../xml.ts';
import { ServiceRefusal, type ServiceCalls } from './service-calls.ts';

/** The `AWS::EC2::…` types of a sandbox, made through EC2's own API. */
export const NETWORK_TYPES: Readonly<Record<string, ResourceType>> = {
  'AWS::EC2::VPC': {
    async create(properties, making) {
      const { services } = making;
      const answer = await services.query('ec2', 'CreateVpc', {
        CidrBlock: textIn(properties, 'CidrBlock'),
        ...tagsOnCreation('vpc', making),
      });
      const vpcId = textOf(childOf(answer, 'vpc'), 'vpcId');
      making.exists({ physicalId: vpcId, attributes: { VpcId: vpcId, CidrBlock: textIn(properties, 'CidrBlock') } });
      for (const name of ['EnableDnsSupport', 'EnableDnsHostnames']) {
        const value = textIn(properties, name);
        if (value !== '') await services.query('ec2', 'ModifyVpcAttribute', { VpcId: vpcId, [`${name}.Value`]: value });
      }
    },
    async remove({ services, made }) {
      await refuseUsedVpc(services, made.physicalId);
      await services.query('ec2', 'DeleteVpc', { VpcId: made.physicalId });
    },
  },
  'AWS::EC2::Subnet': {
    async create(properties, making) {
      const answer = await making.services.query('ec2', 'CreateSubnet', {
        VpcId: textIn(properties, 'VpcId'),
        CidrBlock: textIn(properties, 'CidrBlock'),
        ...given(properties, 'AvailabilityZone'),
        ...tagsOnCreation('subnet', making),
      });
      const subnetId = textOf(childOf(answer, 'subnet'), 'subnetId');
      const attributes = {
        SubnetId: subnetId,
        VpcId: textIn(properties, 'VpcId'),
        AvailabilityZone: textOf(childOf(answer, 'subnet'), 'availabilityZone'),
      };
      making.exists({ physicalId: subnetId, attributes });
      const isPublic = textIn(properties, 'MapPublicIpOnLaunch');
      if (isPublic === '') return;
      const change = { SubnetId: subnetId, 'MapPublicIpOnLaunch.Value': isPublic };
      await making.services.query('ec2', 'ModifySubnetAttribute', change);
    },
    async remove({ services, made }) {
      await refuseUsedSubnet(services, made.physicalId);
      await services.query('ec2', 'DeleteSubnet', { SubnetId: made.physicalId });
    },
  },
  'AWS::EC2::RouteTable': {
    async create(properties, making) {
      const answer = await making.services.query('ec2', 'CreateRouteTable', {
        VpcId: textIn(properties, 'VpcId'),
        ...tagsOnCreation('route-table', making),
      });
      const routeTableId = textOf(childOf(answer, 'routeTable'), 'routeTableId');
      making.exists({ physicalId: routeTableId, attributes: { RouteTableId: routeTableId } });
    },
    async remove({ services, made }) {
      await services.query('ec2', 'DeleteRouteTable', { RouteTableId: made.physicalId });
    },
  },
  'AWS::EC2::SubnetRouteTableAssociation': {
    async create(properties, making) {
      const answer = await making.services.query('ec2', 'AssociateRouteTable', {
        RouteTableId: textIn(properties, 'RouteTableId'),
        SubnetId: textIn(properties, 'SubnetId'),
      });
      const id = textOf(answer, 'associationId');
      making.exists({ physicalId: id, attributes: { Id: id } });
    },
    async remove({ services, made }) {
      await services.query('ec2', 'DisassociateRouteTable', { AssociationId: made.physicalId });
    },
  },
  'AWS::EC2::SecurityGroup': { create: createSecurityGroup, remove: removeSecurityGroup },
  'AWS::EC2::SecurityGroupIngress': loneRule('Ingress'),
  'AWS::EC2::SecurityGroupEgress': loneRule('Egress'),
  'AWS::EC2::VPCEndpoint': { create: createEndpoint, remove: removeEndpoint },
};

function tagsOnCreation(resourceType: string, { tags }: Making): Record<string, string> {
  return { 'TagSpecification.1.ResourceType': resourceType, ...numberedTags('TagSpecification.1.Tag', tags) };
}

function given(properties: Properties, name: string): Record<string, string> {
  const value = textIn(properties, name);
  return value === '' ? {} : { [name]: value };
}

/** Begins the description of an endpoint's network interface, before the endpoint's id. */
export const ENDPOINT_INTERFACE = 'VPC Endpoint Interface ';

const EVERYTHING = { IpProtocol: '-1', CidrIp: '0.0.0.0/0' };

async function createSecurityGroup(properties: Properties, making: Making): Promise<void> {
  const { services } = making;
  const vpcId = textIn(properties, 'VpcId');
  const answer = await services.query('ec2', 'CreateSecurityGroup', {
    GroupName: textIn(properties, 'GroupName') || making.inventedName,
    GroupDescription: textIn(properties, 'GroupDescription'),
    VpcId: vpcId,
    ...tagsOnCreation('security-group', making),
  });
  const groupId = textOf(answer, 'groupId');
  making.exists({ physicalId: groupId, attributes: { GroupId: groupId, Id: groupId, VpcId: vpcId } });
  await authorize(services, 'Ingress', groupId, objectsIn(properties, 'SecurityGroupIngress'));
  const egress = objectsIn(properties, 'SecurityGroupEgress');
  // As the real one: the rule that every new group starts with goes only for a rule in its place.
  if (egress.length === 0) return;
  await services.query('ec2', 'RevokeSecurityGroupEgress', { GroupId: groupId, ...permissions([EVERYTHING]) });
  await authorize(services, 'Egress', groupId, egress);
}

async function authorize(
  services: ServiceCalls,
  side: 'Ingress' | 'Egress',
  groupId: string,
  rules: readonly Properties[],
): Promise<string> {
  if (rules.length === 0) return '';
  const action = `AuthorizeSecurityGroup${side}`;
  const answer = await services.query('ec2', action, { GroupId: groupId, ...permissions(rules) });
  const [first] = childrenOf(answer, 'securityGroupRuleSet', 'item');
  return first === undefined ? '' : textOf(first, 'securityGroupRuleId');
}

function permissions(rules: readonly Properties[]): Record<string, string> {
  return Object.assign(
    {},
    ...rules.map((rule, index) => {
      const prefix = `IpPermissions.${String(index + 1)}`;
      const peer = textIn(rule, 'SourceSecurityGroupId') || textIn(rule, 'DestinationSecurityGroupId');
      const fields = {
        IpProtocol: textIn(rule, 'IpProtocol'),
        FromPort: textIn(rule, 'FromPort'),
        ToPort: textIn(rule, 'ToPort'),
        'Groups.1.GroupId': peer,
        'IpRanges.1.CidrIp': textIn(rule, 'CidrIp'),
        'IpRanges.1.Description': textIn(rule, 'CidrIp') === '' ? '' : textIn(rule, 'Description'),
      };
      return Object.fromEntries(
        Object.entries(fields)
          .filter(([, value]) => value !== '')
          .map(([name, value]) => [`${prefix}.${name}`, value]),
      );
    }),
  ) as Record<string, string>;
}

async function removeSecurityGroup({ services, made }: Parameters<ResourceType['remove']>[0]): Promise<void> {
  await refuseUsedGroup(services, made.physicalId);
  await services.query('ec2', 'DeleteSecurityGroup', { GroupId: made.physicalId });
}

/** A rule that is a resource of its own, as two groups that name each other need it. */
function loneRule(side: 'Ingress' | 'Egress'): ResourceType {
  return {
    async create(properties, making) {
      const id = await authorize(making.services, side, textIn(properties, 'GroupId'), [properties]);
      making.exists({ physicalId: id, attributes: { Id: id } });
    },
    async remove({ services, properties }) {
      await services.query('ec2', `RevokeSecurityGroup${side}`, {
        GroupId: textIn(properties, 'GroupId'),
        ...permissions([properties]),
      });
    },
  };
}

async function createEndpoint(properties: Properties, making: Making): Promise<void> {
  const { services } = making;
  const vpcId = textIn(properties, 'VpcId');
  if (textIn(properties, 'PrivateDnsEnabled') === 'true') await refuseVpcWithoutNames(services, vpcId);
  const groups = textsIn(properties, 'SecurityGroupIds');
  const policy = properties['PolicyDocument'];
  const answer = await services.query('ec2', 'CreateVpcEndpoint', {
    VpcId: vpcId,
    ServiceName: textIn(properties, 'ServiceName'),
    ...given(properties, 'VpcEndpointType'),
    ...given(properties, 'PrivateDnsEnabled'),
    ...numbered('SubnetId', textsIn(properties, 'SubnetIds')),
    ...numbered('SecurityGroupId', groups),
    ...numbered('RouteTableId', textsIn(properties, 'RouteTableIds')),
    ...(policy === undefined ? {} : { PolicyDocument: JSON.stringify(policy) }),
    ...tagsOnCreation('vpc-endpoint', making),
  });
  const endpointId = textOf(childOf(answer, 'vpcEndpoint'), 'vpcEndpointId');
  making.exists({ physicalId: endpointId, attributes: { Id: endpointId } });
  // The emulator puts an endpoint's interfaces into the VPC's default group; the real one, into the endpoint's own.
  const interfaces = childOf(childOf(answer, 'vpcEndpoint'), 'networkInterfaceIdSet')['item'] ?? [];
  for (const NetworkInterfaceId of [interfaces].flat().map(String)) {
    const own = { NetworkInterfaceId, ...numbered('SecurityGroupId', groups) };
    if (groups.length > 0) await services.query('ec2', 'ModifyNetworkInterfaceAttribute', own);
    const description = `${ENDPOINT_INTERFACE}${endpointId}`;
    const named = { NetworkInterfaceId, 'Description.Value': description };
    await services.query('ec2', 'ModifyNetworkInterfaceAttribute', named);
  }
}

async function refuseVpcWithoutNames(services: ServiceCalls, vpcId: string): Promise<void> {
  for (const name of ['enableDnsSupport', 'enableDnsHostnames']) {
    const answer = await services.query('ec2', 'DescribeVpcAttribute', { VpcId: vpcId, Attribute: name });
    if (textOf(childOf(answer, name), 'value') === 'true') continue;
    throw new ServiceRefusal(
      'InvalidParameter',
      `Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for ${vpcId}`,
    );
  }
}

async function removeEndpoint({ services, made }: Parameters<ResourceType['remove']>[0]): Promise<void> {
  const before = await services.query('ec2', 'DescribeVpcEndpoints', numbered('VpcEndpointId', [made.physicalId]));
  const [endpoint] = childrenOf(before, 'vpcEndpointSet', 'item');
  if (endpoint === undefined || textOf(endpoint, 'state') === 'deleted') return;
  await services.query('ec2', 'DeleteVpcEndpoints', { 'VpcEndpointId.1': made.physicalId });
  const left = await interfacesBy(services, 'description', `${ENDPOINT_INTERFACE}${made.physicalId}`);
  for (const eni of left) {
    await services.query('ec2', 'DeleteNetworkInterface', { NetworkInterfaceId: textOf(eni, 'networkInterfaceId') });
  }
}
