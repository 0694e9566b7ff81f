import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  NOWHERE,
  SANDBOX_CIDR,
  SANDBOX_OUTPUTS,
  SANDBOX_SUBNETS,
  allowedTraffic,
  probeRoleName,
  sandboxTemplate,
  subnetGroupName,
} from '../../../../src/providers/aws/sandbox/template.ts';

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
}
interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs: Readonly<Record<string, unknown>>;
}

const PREFIX = 'drillbook-0123456789ab';
const template = (ports: readonly number[] = [5432]) => sandboxTemplate({ prefix: PREFIX, ports }) as Template;
const ofType = (type: string, made = template()) => Object.values(made.Resources).filter((one) => one.Type === type);
const getAtt = (id: string, name: string) => ({ 'Fn::GetAtt': [id, name] });

/** Says so out loud where it is not: a template that nobody linted looks like one without faults. */
const hasLinter = (() => {
  try {
    execFileSync('cfn-lint', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    process.stderr.write('SKIPPED: no cfn-lint on PATH, the template of the sandbox is not linted\n');
    return false;
  }
})();

describe('the template of a sandbox', () => {
  it('declares nothing that leads out of the VPC, and nothing that runs code', () => {
    const types = new Set(Object.values(template([5432, 3306]).Resources).map((one) => one.Type));
    expect([...types].sort()).toEqual([
      'AWS::EC2::RouteTable',
      'AWS::EC2::SecurityGroup',
      'AWS::EC2::SecurityGroupIngress',
      'AWS::EC2::Subnet',
      'AWS::EC2::SubnetRouteTableAssociation',
      'AWS::EC2::VPC',
      'AWS::EC2::VPCEndpoint',
      'AWS::IAM::Role',
      'AWS::RDS::DBSubnetGroup',
    ]);
  });

  it('keeps nothing when it is deleted', () => {
    expect(Object.values(template().Resources).filter((one) => one.DeletionPolicy !== undefined)).toEqual([]);
  });

  it('puts databases and probe into two zones each, without public addresses, every subnet on the local routes', () => {
    const made = template();
    const subnets = Object.entries(made.Resources).filter(([, one]) => one.Type === 'AWS::EC2::Subnet');
    for (const purpose of ['data', 'probe'] as const) {
      const zones = subnets
        .filter(([, one]) => (SANDBOX_SUBNETS[purpose] as readonly unknown[]).includes(one.Properties['CidrBlock']))
        .map(([, one]) => one.Properties['AvailabilityZone']);
      expect(zones).toEqual([{ 'Fn::Select': [0, { 'Fn::GetAZs': '' }] }, { 'Fn::Select': [1, { 'Fn::GetAZs': '' }] }]);
    }
    expect(subnets.map(([, one]) => one.Properties['MapPublicIpOnLaunch'])).toEqual(subnets.map(() => false));
    const associations = ofType('AWS::EC2::SubnetRouteTableAssociation', made).map((one) => one.Properties);
    expect(associations).toEqual(
      subnets.map(([id]) => ({ SubnetId: { Ref: id }, RouteTableId: { Ref: 'LocalRoutes' } })),
    );
  });

  it('gives every subnet its own part of the VPC', () => {
    const blocks = Object.values(SANDBOX_SUBNETS).flat().map(range);
    const vpc = range(SANDBOX_CIDR);
    for (const [index, block] of blocks.entries()) {
      expect(block.first >= vpc.first && block.last <= vpc.last).toBe(true);
      for (const other of blocks.slice(index + 1))
        expect(block.last < other.first || other.last < block.first).toBe(true);
    }
  });

  it('lets the probe call databases and endpoint, and nobody anything else', () => {
    const made = template([5432]);
    const egress = (id: string) => made.Resources[id]?.Properties['SecurityGroupEgress'];
    const tcp = (port: number) => ({ IpProtocol: 'tcp', FromPort: port, ToPort: port });
    expect(egress('DataSecurityGroup')).toEqual([NOWHERE]);
    expect(egress('EndpointSecurityGroup')).toEqual([NOWHERE]);
    expect(egress('ProbeSecurityGroup')).toEqual([
      { ...tcp(5432), DestinationSecurityGroupId: getAtt('DataSecurityGroup', 'GroupId') },
      { ...tcp(443), DestinationSecurityGroupId: getAtt('EndpointSecurityGroup', 'GroupId') },
    ]);
    const probe = { SourceSecurityGroupId: getAtt('ProbeSecurityGroup', 'GroupId') };
    expect(ofType('AWS::EC2::SecurityGroupIngress', made).map((one) => one.Properties)).toEqual([
      { GroupId: getAtt('DataSecurityGroup', 'GroupId'), ...tcp(5432), ...probe },
      { GroupId: getAtt('EndpointSecurityGroup', 'GroupId'), ...tcp(443), ...probe },
    ]);
    expect(ofType('AWS::EC2::SecurityGroup', made).filter((one) => 'SecurityGroupIngress' in one.Properties)).toEqual(
      [],
    );
  });

  it('opens each port once, however many databases listen on it', () => {
    expect(allowedTraffic([5432, 3306, 5432]).map(({ to, port }) => [to, port])).toEqual([
      ['data', 5432],
      ['data', 3306],
      ['endpoint', 443],
    ]);
    expect(ofType('AWS::EC2::SecurityGroupIngress', template([5432, 5432]))).toHaveLength(2);
  });

  it('lets the endpoint read secrets of RDS in this account, and nothing else', () => {
    const [endpoint] = ofType('AWS::EC2::VPCEndpoint');
    expect(endpoint?.Properties).toMatchObject({
      VpcEndpointType: 'Interface',
      PrivateDnsEnabled: true,
      SecurityGroupIds: [getAtt('EndpointSecurityGroup', 'GroupId')],
    });
    expect(statements(endpoint?.Properties['PolicyDocument'])).toEqual([
      {
        Effect: 'Allow',
        Principal: '*',
        Action: 'secretsmanager:GetSecretValue',
        Resource: {
          'Fn::Sub': 'arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:rds!db-*',
        },
        Condition: { StringEquals: { 'aws:PrincipalAccount': { Ref: 'AWS::AccountId' } } },
      },
    ]);
  });

  it("lets the probe read the secrets of this drill's instances alone, and write no log", () => {
    const [role] = ofType('AWS::IAM::Role');
    expect(role?.Properties['RoleName']).toBe(probeRoleName(PREFIX));
    const [policy] = (role?.Properties['Policies'] ?? []) as readonly { PolicyDocument: unknown }[];
    const [network, secrets] = statements(policy?.PolicyDocument);
    expect(network?.['Action']).not.toContainEqual(expect.stringMatching(/^(?!ec2:)/));
    expect(secrets).toMatchObject({
      Action: 'secretsmanager:GetSecretValue',
      Condition: {
        StringLike: {
          'aws:ResourceTag/aws:rds:primaryDBInstanceArn': {
            'Fn::Sub': `arn:\${AWS::Partition}:rds:\${AWS::Region}:\${AWS::AccountId}:db:${PREFIX}-*`,
          },
        },
      },
    });
    expect(statements(policy?.PolicyDocument)).toHaveLength(2);
  });

  it("calls what needs a name by the drill's prefix, and tells the drill what it made", () => {
    const made = template();
    expect(ofType('AWS::RDS::DBSubnetGroup', made)[0]?.Properties['DBSubnetGroupName']).toBe(subnetGroupName(PREFIX));
    expect(Object.keys(made.Outputs)).toEqual([...SANDBOX_OUTPUTS]);
  });

  it('is small enough to be sent within the creating call', () => {
    expect(JSON.stringify(template([5432, 3306, 5433])).length).toBeLessThan(51_200);
  });

  it.skipIf(!hasLinter)('has nothing that cfn-lint finds fault with', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'template-'));
    try {
      const file = join(folder, 'sandbox.json');
      await writeFile(file, JSON.stringify(template([5432, 3306]), null, 2));
      const { stdout } = await promisify(execFile)('cfn-lint', [file]).catch((error: { stdout: string }) => error);
      expect(stdout).toBe('');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

function statements(policy: unknown): readonly Readonly<Record<string, unknown>>[] {
  return (policy as { Statement: readonly Readonly<Record<string, unknown>>[] }).Statement;
}

function range(cidr: string): { first: number; last: number } {
  const [address = '', bits = '32'] = cidr.split('/');
  const first = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return { first, last: first + 2 ** (32 - Number(bits)) - 1 };
}
