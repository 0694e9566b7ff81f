import type { Expected } from '../../../../src/providers/aws/sandbox/judge-isolation.ts';
import type { SandboxNetwork } from '../../../../src/providers/aws/sandbox/network.ts';
import type { Answer, NetworkFacts, NetworkInterface } from '../../../../src/providers/aws/sandbox/network-facts.ts';
import type { Resource } from '../../../../src/providers/resource.ts';

const NETWORK: SandboxNetwork = {
  vpcId: 'vpc-1',
  dataSubnetIds: ['subnet-d1', 'subnet-d2'],
  probeSubnetIds: ['subnet-p1', 'subnet-p2'],
  dataSecurityGroupId: 'sg-data',
  probeSecurityGroupId: 'sg-probe',
  endpointSecurityGroupId: 'sg-endpoint',
  subnetGroupName: 'drillbook-0123456789ab-data',
  probeRoleArn: 'arn:aws:iam::123456789012:role/drillbook-0123456789ab-probe',
  endpointId: 'vpce-1',
  routeTableId: 'rtb-1',
};

const RESTORED: Resource = {
  provider: 'aws',
  type: 'db-instance',
  id: 'arn:aws:rds:eu-west-1:123456789012:db:drillbook-0123456789ab-orders',
  name: 'orders',
  token: 'token-2',
};

export const EXPECTED: Expected = {
  account: '123456789012',
  region: 'eu-west-1',
  network: NETWORK,
  ports: [5432, 3306],
  endpointPolicyHash: 'abc',
  restored: RESTORED,
};

/** A call that was answered. */
export function answered<T>(value: T): Answer<T> {
  return { kind: 'answered', value };
}

const LOCAL = { destination: '10.213.0.0/24', target: 'local', state: 'active' };
const TABLE = { gatewayIds: [], propagatingIds: [], routes: [LOCAL] };
const ENI: NetworkInterface = {
  id: 'eni-1',
  type: 'interface',
  description: '',
  requesterId: '',
  groupIds: [],
  ipv6: [],
};

/** Everything as the template makes it, with a probe and a restored instance inside, written out by hand. */
export const SOUND: NetworkFacts = {
  identity: answered({ account: '123456789012', arn: 'arn:aws:sts::123456789012:assumed-role/drill/drillbook' }),
  internetGateways: answered([]),
  egressOnlyGateways: answered([]),
  natGateways: answered([]),
  vpnGateways: answered([]),
  transitAttachments: answered([]),
  peerings: answered([]),
  routeTables: answered([
    { ...TABLE, id: 'rtb-main', isMain: true, subnetIds: [] },
    {
      ...TABLE,
      id: 'rtb-1',
      isMain: false,
      subnetIds: ['subnet-d1', 'subnet-d2', 'subnet-p1', 'subnet-p2', 'subnet-e1'],
    },
  ]),
  securityGroups: answered([
    { id: 'sg-default', name: 'default', rules: ['in -1 all ports sg-default', 'out -1 all ports 0.0.0.0/0'] },
    {
      id: 'sg-data',
      name: 'drill-DataSecurityGroup',
      rules: ['in tcp 5432-5432 sg-probe', 'in tcp 3306-3306 sg-probe', 'out -1 all ports 127.0.0.1/32'],
    },
    {
      id: 'sg-probe',
      name: 'drill-ProbeSecurityGroup',
      rules: ['out tcp 5432-5432 sg-data', 'out tcp 3306-3306 sg-data', 'out tcp 443-443 sg-endpoint'],
    },
    {
      id: 'sg-endpoint',
      name: 'drill-EndpointSecurityGroup',
      rules: ['in tcp 443-443 sg-probe', 'out -1 all ports 127.0.0.1/32'],
    },
  ]),
  networkAcls: answered([{ id: 'acl-1', isDefault: true }]),
  subnets: answered(
    [
      ['subnet-d1', '10.213.0.0/27'],
      ['subnet-d2', '10.213.0.32/27'],
      ['subnet-p1', '10.213.0.64/27'],
      ['subnet-p2', '10.213.0.96/27'],
      ['subnet-e1', '10.213.0.128/27'],
    ].map(([id = '', cidr = '']) => ({ id, cidr, mapsPublicAddresses: false, ipv6: [], assignsIpv6: false })),
  ),
  endpoints: answered([
    {
      id: 'vpce-1',
      service: 'com.amazonaws.eu-west-1.secretsmanager',
      type: 'Interface',
      state: 'available',
      policyHash: 'abc',
      groupIds: ['sg-endpoint'],
    },
  ]),
  vpc: answered({ id: 'vpc-1', cidrs: ['10.213.0.0/24'], ipv6: [], dnsSupport: true, dnsHostnames: true }),
  dhcpOptions: answered([
    { key: 'domain-name', values: ['eu-west-1.compute.internal'] },
    { key: 'domain-name-servers', values: ['AmazonProvidedDNS'] },
  ]),
  hostedZones: answered([
    {
      id: 'Z1',
      name: 'secretsmanager.eu-west-1.amazonaws.com.',
      owner: { kind: 'service', name: 'vpce.amazonaws.com' },
    },
  ]),
  resolverRules: answered([
    { ruleId: 'rslvr-autodefined-rr-internet-resolver', name: 'System Rule Association', state: 'COMPLETE' },
  ]),
  interfaces: answered([
    {
      ...ENI,
      id: 'eni-e',
      type: 'vpc_endpoint',
      description: 'VPC Endpoint Interface vpce-1',
      groupIds: ['sg-endpoint'],
    },
    { ...ENI, id: 'eni-p', type: 'lambda', description: 'AWS Lambda VPC ENI-probe', groupIds: ['sg-probe'] },
    { ...ENI, id: 'eni-d', requesterId: 'amazon-rds', description: 'RDSNetworkInterface', groupIds: ['sg-data'] },
  ]),
  publicAccessBlock: answered('off'),
  restored: answered({
    arn: RESTORED.id,
    vpcId: 'vpc-1',
    subnetGroupName: 'drillbook-0123456789ab-data',
    groupIds: ['sg-data'],
    isPublic: false,
  }),
};
