import type { RuleAssociation } from './network-facts.ts';
import type { VpcLook } from './vpc-look.ts';

/** Resolver rules that are associated with the VPC, all pages: those of the account, those shared with it, AWS's own. */
export async function resolverRules({ context, vpcId, signal }: VpcLook): Promise<readonly RuleAssociation[]> {
  const client = await context.clients.resolver();
  const ofVpc = { Filters: [{ Name: 'VPCId', Values: [vpcId] }] };
  const found: RuleAssociation[] = [];
  let next: string | undefined;
  do {
    const asked = { ...ofVpc, ...(next !== undefined && { NextToken: next }) };
    const page = await client.call<Page>('ListResolverRuleAssociations', asked, signal);
    for (const { ResolverRuleId, Name, Status } of page.ResolverRuleAssociations ?? []) {
      found.push({ ruleId: ResolverRuleId ?? 'unnamed', name: Name ?? '', state: Status ?? 'unknown' });
    }
    next = page.NextToken;
  } while (next !== undefined && next !== '');
  return found;
}

/** https://docs.aws.amazon.com/Route53/latest/APIReference/API_route53resolver_ListResolverRuleAssociations.html */
interface Page {
  readonly ResolverRuleAssociations?: readonly {
    readonly ResolverRuleId?: string;
    readonly Name?: string;
    readonly Status?: string;
  }[];
  readonly NextToken?: string;
}
