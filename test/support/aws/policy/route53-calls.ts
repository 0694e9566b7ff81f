import type { LoggedCall } from '../request-log.ts';
import { childOf, childrenOf, parseXml, textOf, type XmlNode } from '../xml.ts';
import { type Asked, ask } from './ledger.ts';

/** What IAM is asked for a call of Route 53. */
export function askedOfRoute53({ action, path, xml = '' }: LoggedCall): readonly Asked[] {
  if (action === 'ListHostedZones' || action === 'ListHostedZonesByVPC') return [ask(`route53:${action}`)];
  const body = parseXml(Buffer.from(xml));
  if (action === 'CreateHostedZone') return askedForZone(childOf(body, 'VPC'));
  const [, type, id] = /\/(hostedzone|change)\/([^/?]+)/.exec(path) ?? [];
  if (type === undefined || id === undefined) {
    throw new Error(`nobody knows yet what IAM is asked for route53 '${action}' of '${path}'`);
  }
  const keys =
    action === 'ChangeResourceRecordSets' ? keysOf(childrenOf(childOf(body, 'ChangeBatch'), 'Changes', 'Change')) : {};
  return [ask(`route53:${action}`, `arn:aws:route53:::${type}/${id}`, keys)];
}

/** The guide of Route 53 on permissions says of private zones that their maker must be able to look at VPCs and regions. */
function askedForZone(vpc: XmlNode): readonly Asked[] {
  const [id, region] = [textOf(vpc, 'VPCId'), textOf(vpc, 'VPCRegion')];
  if (id === '') return [ask('route53:CreateHostedZone')];
  return [
    ask('route53:CreateHostedZone', '*', { 'route53:VPCs': [`VPCId=${id},VPCRegion=${region}`] }),
    ask('ec2:DescribeVpcs'),
    ask('ec2:DescribeRegions'),
  ];
}

function keysOf(changes: readonly XmlNode[]): NonNullable<Asked['keys']> {
  const sets = changes.map((change) => childOf(change, 'ResourceRecordSet'));
  return {
    'route53:ChangeResourceRecordSetsActions': changes.map((change) => textOf(change, 'Action')),
    'route53:ChangeResourceRecordSetsRecordTypes': sets.map((set) => textOf(set, 'Type')),
  };
}
