import { type Finding, type LookAhead, warning } from './finding.ts';

/** What AWS allows in a region unless asked for more. What an account was given, only Service Quotas tells. */
const VPCS_BY_DEFAULT = 5;

/** Whether there may be room for one more VPC. */
export async function findVpcsAhead({ context, signal }: LookAhead): Promise<readonly Finding[]> {
  const { paginateDescribeVpcs } = await import('@aws-sdk/client-ec2');
  const client = await context.clients.ec2();
  let used = 0;
  for await (const { Vpcs } of paginateDescribeVpcs({ client }, {}, { abortSignal: signal })) used += Vpcs?.length ?? 0;
  return judgeVpcs(used);
}

/** What the number of VPCs that are there says of one more. */
function judgeVpcs(used: number): readonly Finding[] {
  if (used < VPCS_BY_DEFAULT) return [];
  return [
    warning(
      'preflight/vpc-quota',
      `the account has ${used} VPCs in this region, and the drill needs one more: AWS allows ${VPCS_BY_DEFAULT} unless it was asked for more`,
      "Look at the quota 'VPCs per Region' in Service Quotas, and ask for more where there is no room.",
    ),
  ];
}
