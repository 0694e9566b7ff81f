import * as ec2 from '@aws-sdk/client-ec2';
import { CreateDBInstanceCommand, ModifyDBInstanceCommand } from '@aws-sdk/client-rds';
import { CreateHostedZoneCommand } from '@aws-sdk/client-route-53';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProblemError } from '../../../../src/diagnostics/problem-error.ts';
import { awsName } from '../../../../src/providers/aws/names.ts';
import type { SandboxNetwork } from '../../../../src/providers/aws/sandbox/network.ts';
import { proveVpcIsolation } from '../../../../src/providers/aws/sandbox/prove-isolation.ts';
import { readNetwork, removeStack } from '../../../../src/providers/aws/sandbox/stack.ts';
import type { IsolationProof, Resource } from '../../../../src/providers/resource.ts';
import { type Planter, planterOf } from '../../../support/aws/plant.ts';
import { CLAIMS } from './planted-facts.ts';
import { type SandboxWorld, RESOURCE_MILLIS, startSandboxWorld } from './sandbox-world.ts';

const started = await startSandboxWorld();
type Claim = keyof typeof CLAIMS;

describe.skipIf(started === undefined)('the proof of isolation over the wire', () => {
  const world = started as SandboxWorld;
  const { context, signal, aws } = world ?? {};
  let sandbox: Resource;
  let network: SandboxNetwork;
  let client: ec2.EC2Client;
  let planter: Planter;
  beforeAll(async () => {
    sandbox = await world.sandbox();
    network = await readNetwork('drill-1', context, signal);
    client = await context.clients.ec2();
    planter = planterOf(aws);
  });
  afterAll(async () => {
    planter.close();
    await world.stop();
  });

  const proofs = async (restored?: Resource) =>
    (await proveVpcIsolation({ sandbox, ...(restored && { restored }) }, context, signal)).proofs;
  const refuted = (all: readonly IsolationProof[]) => all.filter(({ holds }) => !holds);

  it('holds in every claim for a sandbox as it was made, and tells its level', async () => {
    const evidence = await proveVpcIsolation({ sandbox }, context, signal);
    expect(evidence.level).toBe('VPC');
    expect(refuted(evidence.proofs)).toEqual([]);
    const { restored: _, ...others } = CLAIMS;
    expect(evidence.proofs.map(({ claim }) => claim)).toEqual(expect.arrayContaining(Object.values(others)));
  });

  it('only reads', async () => {
    aws.log.clear();
    await proofs();
    expect(aws.log.mutations()).toEqual([]);
    const asked = new Set(aws.log.calls.map(({ action }) => action));
    expect([...asked].sort()).toEqual([
      'DescribeEgressOnlyInternetGateways',
      'DescribeInternetGateways',
      'DescribeNatGateways',
      'DescribeNetworkAcls',
      'DescribeNetworkInterfaces',
      'DescribeRouteTables',
      'DescribeSecurityGroups',
      'DescribeStacks',
      'DescribeSubnets',
      'DescribeTransitGatewayAttachments',
      'DescribeVpcAttribute',
      'DescribeVpcBlockPublicAccessOptions',
      'DescribeVpcEndpoints',
      'DescribeVpcPeeringConnections',
      'DescribeVpcs',
      'DescribeVpnGateways',
      'GetCallerIdentity',
      'ListHostedZonesByVPC',
      'ListResolverRuleAssociations',
    ]);
  });

  it('is the same however the service cuts its listings into pages', async () => {
    const whole = await proofs();
    aws.ec2Paging.atMost = 1;
    aws.ec2Paging.startsEmpty = true;
    expect(await proofs()).toEqual(whole);
    delete aws.ec2Paging.atMost;
    delete aws.ec2Paging.startsEmpty;
  });

  it('does not hold where one question is refused, and says which', async () => {
    const refusal = { kind: 'error', status: 403, code: 'UnauthorizedOperation', times: 'always' } as const;
    const fault = aws.faults.add({ ...refusal, service: 'ec2', action: 'DescribeNatGateways' });
    const [proof, ...others] = refuted(await proofs());
    fault.remove();
    expect(others).toEqual([]);
    expect(proof).toMatchObject({
      claim: CLAIMS.nat,
      observed: expect.stringContaining('UnauthorizedOperation') as string,
    });
  });

  it('holds without the advice about the account', async () => {
    const refusal = { kind: 'error', status: 403, code: 'UnauthorizedOperation', times: 'always' } as const;
    const fault = aws.faults.add({ ...refusal, service: 'ec2', action: 'DescribeVpcBlockPublicAccessOptions' });
    expect(refuted(await proofs())).toEqual([]);
    fault.remove();
  });

  it('is left to the next try where the service fails', async () => {
    const { region } = aws;
    const impatient = { ...context.clients, ec2: async () => new ec2.EC2Client({ region, maxAttempts: 1 }) };
    const fault = aws.faults.add({ service: 'ec2', action: 'DescribeSubnets', kind: 'server-error' });
    const proving = proveVpcIsolation({ sandbox }, { ...context, clients: impatient }, signal);
    await expect(proving).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } });
    fault.remove();
  });

  /** From here on things are planted, one after another: each must change the claims about it, and no other. */
  const interfaceOfEndpoint = async () => {
    const Filters = [{ Name: 'group-id', Values: [network.endpointSecurityGroupId] }];
    const { NetworkInterfaces } = await client.send(new ec2.DescribeNetworkInterfacesCommand({ Filters }));
    return NetworkInterfaces?.[0]?.NetworkInterfaceId ?? '';
  };
  const letIn = async (permission: ec2.IpPermission) => {
    const IpPermissions = [{ IpProtocol: 'tcp', FromPort: 5432, ToPort: 5432, ...permission }];
    const GroupId = network.dataSecurityGroupId;
    await client.send(new ec2.AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
  };
  const prefixList = async () => {
    const input = { PrefixListName: 'planted', MaxEntries: 1, AddressFamily: 'IPv4' };
    const { PrefixList } = await client.send(new ec2.CreateManagedPrefixListCommand(input));
    return PrefixList?.PrefixListId;
  };
  const route = async (target: Partial<ec2.CreateRouteCommandInput>) => {
    const to = { RouteTableId: network.routeTableId, DestinationCidrBlock: '192.0.2.0/24', ...target };
    await client.send(new ec2.CreateRouteCommand(to));
  };

  const PLANTS: readonly (readonly [string, readonly Claim[], () => Promise<unknown>])[] = [
    [
      'an internet gateway and a route to it',
      ['internet', 'routes'],
      async () => route({ GatewayId: await planter.internetGateway(network.vpcId) }),
    ],
    [
      'an egress-only gateway',
      ['egressOnly'],
      async () => client.send(new ec2.CreateEgressOnlyInternetGatewayCommand({ VpcId: network.vpcId })),
    ],
    [
      'a NAT gateway, with its interface',
      ['nat', 'interfaces', 'defaultGroup'],
      async () => {
        const { AllocationId } = await client.send(new ec2.AllocateAddressCommand({ Domain: 'vpc' }));
        const [SubnetId] = network.dataSubnetIds;
        await client.send(new ec2.CreateNatGatewayCommand({ SubnetId, AllocationId }));
      },
    ],
    [
      'a VPN gateway',
      ['vpn'],
      async () => {
        const { VpnGateway } = await client.send(new ec2.CreateVpnGatewayCommand({ Type: 'ipsec.1' }));
        const { VpnGatewayId } = VpnGateway ?? {};
        await client.send(new ec2.AttachVpnGatewayCommand({ VpnGatewayId, VpcId: network.vpcId }));
      },
    ],
    [
      'a transit gateway',
      ['transit'],
      async () => {
        const { TransitGateway } = await client.send(new ec2.CreateTransitGatewayCommand({}));
        const { TransitGatewayId } = TransitGateway ?? {};
        const here = { VpcId: network.vpcId, SubnetIds: [...network.dataSubnetIds] };
        await client.send(new ec2.CreateTransitGatewayVpcAttachmentCommand({ TransitGatewayId, ...here }));
      },
    ],
    ['a peering that the sandbox asks for', ['peering'], async () => planter.peering(network.vpcId)],
    ['a peering that another VPC asks for', ['peering'], async () => planter.peering(network.vpcId, 'accepter')],
    [
      'a route to a peering',
      ['peering', 'routes'],
      async () => {
        const VpcPeeringConnectionId = await planter.peering(network.vpcId);
        await route({ VpcPeeringConnectionId, DestinationCidrBlock: '172.30.0.0/16' });
      },
    ],
    [
      'a subnet of ours made public',
      ['subnets'],
      async () => {
        const [SubnetId] = network.dataSubnetIds;
        await client.send(new ec2.ModifySubnetAttributeCommand({ SubnetId, MapPublicIpOnLaunch: { Value: true } }));
      },
    ],
    [
      'another public subnet',
      ['subnets', 'routes'],
      async () => planter.publicSubnet(network.vpcId, '10.213.0.224/28'),
    ],
    ['another endpoint', ['endpoints'], async () => planter.endpoint(network.vpcId)],
    [
      'a wider policy of the endpoint',
      ['endpoints'],
      async () => {
        const PolicyDocument = '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}';
        const { endpointId } = network;
        await client.send(new ec2.ModifyVpcEndpointCommand({ VpcEndpointId: endpointId, PolicyDocument }));
      },
    ],
    ['a rule from everywhere', ['groups'], async () => letIn({ IpRanges: [{ CidrIp: '0.0.0.0/0' }] })],
    ['a rule from everywhere in IPv6', ['groups'], async () => letIn({ Ipv6Ranges: [{ CidrIpv6: '::/0' }] })],
    [
      'a rule from a prefix list',
      ['groups'],
      async () => letIn({ PrefixListIds: [{ PrefixListId: await prefixList() }] }),
    ],
    [
      'a foreign group, on an interface of ours',
      ['groups', 'interfaces'],
      async () => {
        const Groups = [network.endpointSecurityGroupId, await planter.securityGroup(network.vpcId)];
        const NetworkInterfaceId = await interfaceOfEndpoint();
        await client.send(new ec2.ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId, Groups }));
      },
    ],
    [
      'a public address',
      ['interfaces'],
      async () => {
        const { AllocationId } = await client.send(new ec2.AllocateAddressCommand({ Domain: 'vpc' }));
        const NetworkInterfaceId = await interfaceOfEndpoint();
        await client.send(new ec2.AssociateAddressCommand({ AllocationId, NetworkInterfaceId }));
      },
    ],
    [
      'an interface in the default group',
      ['interfaces', 'defaultGroup'],
      async () => client.send(new ec2.CreateNetworkInterfaceCommand({ SubnetId: network.probeSubnetIds[0] })),
    ],
    ['a network ACL', ['acls'], async () => client.send(new ec2.CreateNetworkAclCommand({ VpcId: network.vpcId }))],
    [
      'a block of IPv6, which brings a route along',
      ['vpc', 'routes'],
      async () =>
        client.send(new ec2.AssociateVpcCidrBlockCommand({ VpcId: network.vpcId, AmazonProvidedIpv6CidrBlock: true })),
    ],
    [
      'resolvers on premises',
      ['dhcp'],
      async () => {
        const DhcpConfigurations = [{ Key: 'domain-name-servers', Values: ['10.1.0.2'] }];
        const { DhcpOptions } = await client.send(new ec2.CreateDhcpOptionsCommand({ DhcpConfigurations }));
        const { DhcpOptionsId } = DhcpOptions ?? {};
        await client.send(new ec2.AssociateDhcpOptionsCommand({ DhcpOptionsId, VpcId: network.vpcId }));
      },
    ],
    ['a rule that forwards to premises', ['rules'], async () => planter.resolverRule(network.vpcId)],
    [
      'a private hosted zone',
      ['zones'],
      async () => {
        const zones = await context.clients.route53();
        const VPC = { VPCId: network.vpcId, VPCRegion: 'eu-west-1' } as const;
        await zones.send(
          new CreateHostedZoneCommand({
            Name: 'prod.internal',
            CallerReference: '1',
            VPC,
            HostedZoneConfig: { PrivateZone: true },
          }),
        );
      },
    ],
  ];
  let before: readonly IsolationProof[] | undefined;
  it.each(PLANTS)('is refuted by %s in the claims about it alone', async (_what, claims, plant) => {
    before ??= await proofs();
    const observedBefore = new Map(before.map(({ claim, observed }) => [claim, observed]));
    await plant();
    const after = await proofs();
    before = after;
    const changed = after.filter(({ claim, observed }) => observedBefore.get(claim) !== observed);
    expect(changed.map(({ claim }) => claim).sort()).toEqual(claims.map((claim) => CLAIMS[claim]).sort());
    expect(refuted(changed)).toEqual(changed);
  });

  it('holds for an instance restored inside, and is refuted by one that is public or somewhere else', async () => {
    const rds = await context.clients.rds();
    const make = async (name: string, place: object) => {
      const common = { DBInstanceClass: 'db.t4g.micro', Engine: 'postgres', AllocatedStorage: 20 };
      const login = { MasterUsername: 'postgres', MasterUserPassword: 'not-a-secret' };
      const { DBInstance } = await rds.send(
        new CreateDBInstanceCommand({ DBInstanceIdentifier: awsName('drill-1', name), ...common, ...login, ...place }),
      );
      return { provider: 'aws', type: 'db-instance', id: DBInstance?.DBInstanceArn ?? '', name, token: name };
    };
    const inside = {
      DBSubnetGroupName: network.subnetGroupName,
      VpcSecurityGroupIds: [network.dataSecurityGroupId],
      PubliclyAccessible: false,
    };
    const aboutIt = async (restored: Resource) =>
      (await proofs(restored)).find(({ claim }) => claim.startsWith('the restored instance'));
    const orders = await make('orders', inside);
    expect(await aboutIt(orders)).toMatchObject({ holds: true });
    await rds.send(
      new ModifyDBInstanceCommand({ DBInstanceIdentifier: awsName('drill-1', 'orders'), PubliclyAccessible: true }),
    );
    expect(await aboutIt(orders)).toMatchObject({ holds: false });
    const outside = await make('outside', { ...inside, VpcSecurityGroupIds: ['sg-production'] });
    expect(await aboutIt(outside)).toMatchObject({ holds: false });
    expect(await aboutIt({ ...orders, id: `${orders.id}-not-there` })).toMatchObject({
      holds: false,
      observed: 'there is no such instance',
    });
  });

  it('cannot be had without the stack', async () => {
    const gone = await world.sandbox('drill-2');
    await removeStack(gone, world.permit(world.drill('drill-2'), [gone]), context, signal);
    world.clock.advance(RESOURCE_MILLIS * 60);
    const error = await proveVpcIsolation({ sandbox: gone }, context, signal).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ProblemError);
    expect(error).toMatchObject({ problem: { code: 'aws/sandbox-missing' } });
  });
});
