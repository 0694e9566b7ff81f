/** What a sandbox's template is made from. */
export interface SandboxInputs {
  /** The drill's name prefix: what every one of its resources on AWS is called by. */
  readonly prefix: string;
  /** The ports that the restored databases listen on; a port named twice counts once. */
  readonly ports: readonly number[];
}

/** A security group of the sandbox. */
export type SandboxGroup = 'data' | 'probe' | 'endpoint';

/** One thing that may be said inside the sandbox: who may open a TCP connection to whom, on which port. */
export interface Traffic {
  readonly from: SandboxGroup;
  readonly to: SandboxGroup;
  readonly port: number;
}

/** The sandbox's addresses. Nothing routes there from outside, so every drill may use the same ones. */
export const SANDBOX_CIDR = '10.213.0.0/24';

/**
 * The subnets by purpose: databases and probe in two zones (a DB subnet group needs two), the endpoint in one, because
 * private DNS answers with its address in both.
 */
export const SANDBOX_SUBNETS = {
  data: ['10.213.0.0/27', '10.213.0.32/27'],
  probe: ['10.213.0.64/27', '10.213.0.96/27'],
  endpoint: ['10.213.0.128/27'],
} as const satisfies Record<SandboxGroup, readonly string[]>;

/**
 * The one egress rule of a group that may call nobody: loopback addresses never leave a host. The rule must be there,
 * since EC2 gives a new group "everything, everywhere", which CloudFormation only takes away for a rule in its place.
 */
export const NOWHERE = { IpProtocol: '-1', CidrIp: '127.0.0.1/32' } as const;

/** What the DB subnet group is called. */
export function subnetGroupName(prefix: string): string {
  return `${prefix}-data`;
}

/** What the probe's role is called. */
export function probeRoleName(prefix: string): string {
  return `${prefix}-probe`;
}

/** Every connection that the security groups let pass: the template is made from it, and the proof compares with it. */
export function allowedTraffic(ports: readonly number[]): readonly Traffic[] {
  const toData = [...new Set(ports)].map((port): Traffic => ({ from: 'probe', to: 'data', port }));
  return [...toData, { from: 'probe', to: 'endpoint', port: 443 }];
}

/**
 * The CloudFormation template of a drill's sandbox, as data: a VPC that no route leaves, with room for the restored
 * databases, the probe, and the one endpoint through which the probe reads its credentials.
 *
 * No network ACLs: they would repeat what the security groups say in twenty more resources. What a template cannot
 * close is left to the isolation proof: the VPC's default security group cannot be emptied (nothing may use it), and
 * the VPC's resolver goes on answering for public names.
 */
export function sandboxTemplate({ prefix, ports }: SandboxInputs): object {
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: `The sandbox of the drill ${prefix}: a VPC without any way out. Made and removed by drillbook.`,
    Resources: {
      Vpc: {
        Type: 'AWS::EC2::VPC',
        Properties: { CidrBlock: SANDBOX_CIDR, EnableDnsSupport: true, EnableDnsHostnames: true },
      },
      LocalRoutes: { Type: 'AWS::EC2::RouteTable', Properties: { VpcId: ref('Vpc') } },
      ...subnets(),
      ...securityGroups(allowedTraffic(ports)),
      DataSubnetGroup: {
        Type: 'AWS::RDS::DBSubnetGroup',
        Properties: {
          DBSubnetGroupName: subnetGroupName(prefix),
          DBSubnetGroupDescription: 'Where the restored databases live',
          SubnetIds: subnetIds('data'),
        },
      },
      SecretsEndpoint: secretsEndpoint(),
      ProbeRole: probeRole(prefix),
    },
    Outputs: outputs(),
  };
}

type Json = string | number | boolean | { readonly [key: string]: Json } | readonly Json[];
interface Resource {
  readonly Type: string;
  readonly Properties: { readonly [key: string]: Json };
}
type Resources = Readonly<Record<string, Resource>>;

const LOGICAL = { data: 'Data', probe: 'Probe', endpoint: 'Endpoint' } as const satisfies Record<SandboxGroup, string>;
const GROUPS = ['data', 'probe', 'endpoint'] as const;

function ref(logicalId: string): Json {
  return { Ref: logicalId };
}

function attribute(logicalId: string, name: string): Json {
  return { 'Fn::GetAtt': [logicalId, name] };
}

function sub(text: string): Json {
  return { 'Fn::Sub': text };
}

function subnetName(group: SandboxGroup, index: number): string {
  return `${LOGICAL[group]}Subnet${String(index + 1)}`;
}

function subnetIds(group: SandboxGroup): Json {
  return SANDBOX_SUBNETS[group].map((_, index) => ref(subnetName(group, index)));
}

function groupId(group: SandboxGroup): Json {
  return attribute(`${LOGICAL[group]}SecurityGroup`, 'GroupId');
}

/** Every subnet with its own association: one that has none follows the main route table, which anybody may change. */
function subnets(): Resources {
  const made = GROUPS.flatMap((group) =>
    SANDBOX_SUBNETS[group].flatMap((cidr, index): [string, Resource][] => {
      const name = subnetName(group, index);
      const zone: Json = { 'Fn::Select': [index, { 'Fn::GetAZs': '' }] };
      const place = { VpcId: ref('Vpc'), CidrBlock: cidr, AvailabilityZone: zone, MapPublicIpOnLaunch: false };
      const routes = { SubnetId: ref(name), RouteTableId: ref('LocalRoutes') };
      return [
        [name, { Type: 'AWS::EC2::Subnet', Properties: place }],
        [`${name}Routes`, { Type: 'AWS::EC2::SubnetRouteTableAssociation', Properties: routes }],
      ];
    }),
  );
  return Object.fromEntries(made);
}

/** The groups with their egress, and the ingress rules apart: two groups that name each other inline are a cycle. */
function securityGroups(traffic: readonly Traffic[]): Resources {
  const groups = GROUPS.map((group): [string, Resource] => {
    const egress = traffic
      .filter(({ from }) => from === group)
      .map(({ to, port }) => ({ ...tcp(port), DestinationSecurityGroupId: groupId(to) }));
    const properties = {
      GroupDescription: DESCRIPTIONS[group],
      VpcId: ref('Vpc'),
      SecurityGroupEgress: egress.length > 0 ? egress : [NOWHERE],
    };
    return [`${LOGICAL[group]}SecurityGroup`, { Type: 'AWS::EC2::SecurityGroup', Properties: properties }];
  });
  const ingress = traffic.map(({ from, to, port }): [string, Resource] => {
    const properties = { GroupId: groupId(to), ...tcp(port), SourceSecurityGroupId: groupId(from) };
    return [
      `${LOGICAL[to]}From${LOGICAL[from]}On${String(port)}`,
      { Type: 'AWS::EC2::SecurityGroupIngress', Properties: properties },
    ];
  });
  return Object.fromEntries([...groups, ...ingress]);
}

const DESCRIPTIONS = {
  data: 'Restored databases: the probe may call them, they may call nobody',
  probe: 'The probe: calls the databases and the endpoint, nobody calls it',
  endpoint: 'The Secrets Manager endpoint: the probe may call it',
} as const satisfies Record<SandboxGroup, string>;

function tcp(port: number): { IpProtocol: string; FromPort: number; ToPort: number } {
  return { IpProtocol: 'tcp', FromPort: port, ToPort: port };
}

const SECRETS_OF_RDS = 'arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:rds!db-*' as const;

/** Without a policy of its own the endpoint would be a way to any secret of any account: a way out. */
function secretsEndpoint(): Resource {
  const onlyReadingHere = {
    Effect: 'Allow',
    Principal: '*',
    Action: 'secretsmanager:GetSecretValue',
    Resource: sub(SECRETS_OF_RDS),
    Condition: { StringEquals: { 'aws:PrincipalAccount': ref('AWS::AccountId') } },
  };
  return {
    Type: 'AWS::EC2::VPCEndpoint',
    Properties: {
      VpcEndpointType: 'Interface',
      ServiceName: sub('com.amazonaws.${AWS::Region}.secretsmanager'),
      VpcId: ref('Vpc'),
      SubnetIds: subnetIds('endpoint'),
      SecurityGroupIds: [groupId('endpoint')],
      PrivateDnsEnabled: true,
      PolicyDocument: { Version: '2012-10-17', Statement: [onlyReadingHere] },
    },
  };
}

/**
 * What Lambda needs to put the probe into the VPC, and the secrets that RDS made for this drill's instances (RDS tags
 * each with its instance). No logs: Lambda would make a log group, which outlives function and stack.
 */
function probeRole(prefix: string): Resource {
  const joinNetwork = { Effect: 'Allow', Action: NETWORK_INTERFACE_ACTIONS, Resource: '*' };
  const ownInstances = sub('arn:${AWS::Partition}:rds:${AWS::Region}:${AWS::AccountId}:db:' + prefix + '-*');
  const readSecrets = {
    Effect: 'Allow',
    Action: 'secretsmanager:GetSecretValue',
    Resource: sub(SECRETS_OF_RDS),
    Condition: { StringLike: { 'aws:ResourceTag/aws:rds:primaryDBInstanceArn': ownInstances } },
  };
  const trust = { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' };
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      RoleName: probeRoleName(prefix),
      AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [trust] },
      Policies: [
        {
          PolicyName: 'probe',
          PolicyDocument: { Version: '2012-10-17', Statement: [joinNetwork, readSecrets] },
        },
      ],
    },
  };
}

/** Those of AWSLambdaVPCAccessExecutionRole: Lambda uses them as the role, and none takes a narrower resource there. */
const NETWORK_INTERFACE_ACTIONS = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
];

/** What the drill must know of its sandbox; each is a string, lists are joined by commas. */
export const SANDBOX_OUTPUTS = [
  'VpcId',
  'DataSubnetIds',
  'ProbeSubnetIds',
  'DataSecurityGroupId',
  'ProbeSecurityGroupId',
  'EndpointSecurityGroupId',
  'SubnetGroupName',
  'ProbeRoleArn',
  'EndpointId',
  'RouteTableId',
] as const;

function outputs(): Record<string, { Value: Json }> {
  const commaList = (group: SandboxGroup): Json => ({ 'Fn::Join': [',', subnetIds(group)] });
  const values: Record<(typeof SANDBOX_OUTPUTS)[number], Json> = {
    VpcId: ref('Vpc'),
    DataSubnetIds: commaList('data'),
    ProbeSubnetIds: commaList('probe'),
    DataSecurityGroupId: groupId('data'),
    ProbeSecurityGroupId: groupId('probe'),
    EndpointSecurityGroupId: groupId('endpoint'),
    SubnetGroupName: ref('DataSubnetGroup'),
    ProbeRoleArn: attribute('ProbeRole', 'Arn'),
    EndpointId: ref('SecretsEndpoint'),
    RouteTableId: ref('LocalRoutes'),
  };
  return Object.fromEntries(Object.entries(values).map(([name, Value]) => [name, { Value }]));
}
