import type { WayOut } from './network-facts.ts';
import { type VpcLook, byVpc, listAll } from './vpc-look.ts';

/** Internet gateways attached to the VPC. */
export async function internetGateways(look: VpcLook): Promise<readonly WayOut[]> {
  const { paginateDescribeInternetGateways } = await import('@aws-sdk/client-ec2');
  const found = await listAll(paginateDescribeInternetGateways, byVpc('attachment.vpc-id', look), {
    look,
    items: (page) => page.InternetGateways,
  });
  return found.map(({ InternetGatewayId, Attachments }) =>
    wayOut(InternetGatewayId, Attachments?.find(({ VpcId }) => VpcId === look.vpcId)?.State),
  );
}

/** Egress-only internet gateways attached to the VPC; EC2 has no filter for that. */
export async function egressOnlyGateways(look: VpcLook): Promise<readonly WayOut[]> {
  const { paginateDescribeEgressOnlyInternetGateways } = await import('@aws-sdk/client-ec2');
  const found = await listAll(
    paginateDescribeEgressOnlyInternetGateways,
    {},
    {
      look,
      items: (page) => page.EgressOnlyInternetGateways,
    },
  );
  return found.flatMap(({ EgressOnlyInternetGatewayId, Attachments }) => {
    const here = Attachments?.find(({ VpcId }) => VpcId === look.vpcId);
    return here === undefined ? [] : [wayOut(EgressOnlyInternetGatewayId, here.State)];
  });
}

/** NAT gateways in the VPC. */
export async function natGateways(look: VpcLook): Promise<readonly WayOut[]> {
  const { paginateDescribeNatGateways } = await import('@aws-sdk/client-ec2');
  const input = { Filter: byVpc('vpc-id', look).Filters };
  const found = await listAll(paginateDescribeNatGateways, input, { look, items: (page) => page.NatGateways });
  return found.map(({ NatGatewayId, State }) => wayOut(NatGatewayId, State));
}

/** Virtual private gateways attached to the VPC; EC2 lists them in one page. */
export async function vpnGateways(look: VpcLook): Promise<readonly WayOut[]> {
  const { DescribeVpnGatewaysCommand } = await import('@aws-sdk/client-ec2');
  const client = await look.context.clients.ec2();
  const command = new DescribeVpnGatewaysCommand(byVpc('attachment.vpc-id', look));
  const { VpnGateways } = await client.send(command, { abortSignal: look.signal });
  return (VpnGateways ?? []).map(({ VpnGatewayId, VpcAttachments }) =>
    wayOut(VpnGatewayId, VpcAttachments?.find(({ VpcId }) => VpcId === look.vpcId)?.State),
  );
}

/** Attachments of the VPC to transit gateways, whosever they are. */
export async function transitAttachments(look: VpcLook): Promise<readonly WayOut[]> {
  const { paginateDescribeTransitGatewayAttachments } = await import('@aws-sdk/client-ec2');
  const found = await listAll(paginateDescribeTransitGatewayAttachments, byVpc('resource-id', look), {
    look,
    items: (page) => page.TransitGatewayAttachments,
  });
  return found.map(({ TransitGatewayAttachmentId, State }) => wayOut(TransitGatewayAttachmentId, State));
}

/** Peerings with the VPC on either side: EC2 joins filters by "and", so that one for each side takes two listings. */
export async function peerings(look: VpcLook): Promise<readonly WayOut[]> {
  const { paginateDescribeVpcPeeringConnections } = await import('@aws-sdk/client-ec2');
  const sides = ['requester-vpc-info.vpc-id', 'accepter-vpc-info.vpc-id'] as const;
  const found = await Promise.all(
    sides.map(async (side) =>
      listAll(paginateDescribeVpcPeeringConnections, byVpc(side, look), {
        look,
        items: (page) => page.VpcPeeringConnections,
      }),
    ),
  );
  return found.flat().map(({ VpcPeeringConnectionId, Status }) => wayOut(VpcPeeringConnectionId, Status?.Code));
}

function wayOut(id: string | undefined, state: string | undefined): WayOut {
  return { id: id ?? 'unnamed', state: state ?? 'unknown' };
}
