import type { CutoverSpec } from '../../../runbook/runbook.ts';
import type { Arns } from './arns.ts';
import type { Statement } from './policy-document.ts';
import { allow } from './sandbox-statements.ts';

/**
 * What a drill asks of Route 53 to make, fill and remove its copy of a zone, and that it never changes the zone itself.
 *
 * Nothing here tells the copy from other zones of the account: Route 53 has no condition keys for tags, gives a zone its
 * id when it is made, and judges a creation on `*` alone. So of all zones only the runbook's own is kept from the
 * session, and `drillbook permissions` says so. Nor do names of records narrow it: the copy holds every name of the zone,
 * and the runbook tells the zone's id, not its name.
 */
export function dnsStatements({ zone }: CutoverSpec, arns: Arns, region: string): readonly Statement[] {
  const { hostedZone, dnsChange } = arns;
  return [
    allow('MakeCopy', {
      Action: ['route53:CreateHostedZone'],
      Resource: ['*'],
      // A private zone in the sandbox's region: for every value is also true for a public zone, which has none.
      Condition: {
        Null: { 'route53:VPCs': 'false' },
        'ForAllValues:StringLike': { 'route53:VPCs': `VPCId=vpc-*,VPCRegion=${region}` },
      },
    }),
    allow('FillCopy', {
      Action: ['route53:ChangeResourceRecordSets'],
      Resource: [hostedZone],
      // What no copy holds, and what would hurt most elsewhere: delegations and their signatures.
      Condition: {
        'ForAllValues:StringEquals': { 'route53:ChangeResourceRecordSetsActions': ['DELETE', 'UPSERT'] },
        'ForAllValues:StringNotEquals': { 'route53:ChangeResourceRecordSetsRecordTypes': ['DS', 'NS', 'SOA'] },
      },
    }),
    // The runbook's zone is read by the same actions.
    allow('UseCopy', {
      Action: [
        'route53:ChangeTagsForResource',
        'route53:DeleteHostedZone',
        'route53:GetChange',
        'route53:GetHostedZone',
        'route53:ListResourceRecordSets',
        'route53:ListTagsForResource',
      ],
      Resource: [hostedZone, dnsChange],
    }),
    {
      Sid: 'KeepZone',
      Effect: 'Deny',
      Action: [
        // CloudFormation may associate zones in the session's name, and the sandbox is to see none of production's.
        'route53:AssociateVPCWithHostedZone',
        'route53:ChangeResourceRecordSets',
        'route53:ChangeTagsForResource',
        'route53:DeleteHostedZone',
      ],
      Resource: [arns.zone(zone)],
    },
  ];
}
