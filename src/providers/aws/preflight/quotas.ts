import type { AccountQuota } from '@aws-sdk/client-rds';
import { type Finding, type LookAhead, plannedRds, refusal } from './finding.ts';

/** Whether the account has room for all that the drill restores; everything of one drill is there at the same time. */
export async function findQuotasAhead({ plan, context, signal }: LookAhead): Promise<readonly Finding[]> {
  const { DescribeAccountAttributesCommand } = await import('@aws-sdk/client-rds');
  const rds = await context.clients.rds();
  const { AccountQuotas } = await rds.send(new DescribeAccountAttributesCommand({}), { abortSignal: signal });
  const planned = plannedRds(plan);
  const gib = planned.reduce((sum, { point }) => sum + point.rds.allocatedGib, 0);
  return judgeQuotas(AccountQuotas ?? [], { instances: planned.length, gib });
}

/** What a drill will take of an account. */
export interface QuotaNeeds {
  readonly instances: number;
  readonly gib: number;
}

/** Which quotas the drill would exceed; of one that RDS does not tell nothing is known. */
export function judgeQuotas(quotas: readonly AccountQuota[], { instances, gib }: QuotaNeeds): readonly Finding[] {
  const needs = [
    { quota: 'DBInstances', of: 'DB instances', needed: instances },
    { quota: 'AllocatedStorage', of: 'GiB of DB storage', needed: gib },
    { quota: 'DBSubnetGroups', of: 'DB subnet groups', needed: 1 },
  ];
  return needs.flatMap(({ quota, of, needed }) => {
    const { Used: used, Max: max } = quotas.find(({ AccountQuotaName: name }) => name === quota) ?? {};
    if (used === undefined || max === undefined || used + needed <= max) return [];
    const message = `the account has a quota of ${max} ${of} in this region, ${used} are in use, and the drill needs ${needed} more`;
    const hint = `Remove what is no longer needed ('drillbook sweep' lists expired drills), or ask AWS for more ${of}.`;
    return [refusal('preflight/quota', message, hint)];
  });
}
