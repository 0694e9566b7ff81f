import type { RuleAssociation } from './network-facts.ts';
import type { VpcLook } from './vpc-look.ts';

/** Resolver rules that are associated with the VPC, all pages: those of the account, those shared with it, AWS's own. */
export async function resolverRules({ context, vpcId, signal }: VpcLook): Promise<readonly RuleAssociation[]> {
  const { paginateListResolverRuleAssociations } = await import('@aws-sdk/client-route53resolver');
  const client = await context.clients.resolver();
  const ofVpc = { Filters: [{ Name: 'VPCId', Values: [vpcId] }] };
  const found: RuleAssociation[] = [];
  for await (const page of paginateListResolverRuleAssociations({ client }, ofVpc, { abortSignal: signal })) {
    for (const { ResolverRuleId, Name, Status } of page.ResolverRuleAssociations ?? []) {
      found.push({ ruleId: ResolverRuleId ?? 'unnamed', name: Name ?? '', state: Status ?? 'unknown' });
    }
  }
  return found;
}
