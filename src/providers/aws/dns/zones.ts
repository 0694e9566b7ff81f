import type { HostedZone, ListResourceRecordSetsResponse, ResourceRecordSet, RRType } from '@aws-sdk/client-route-53';
import type { AwsContext } from '../aws-context.ts';

/** A call to Route 53: whose clients, and until when. */
export interface DnsCall {
  readonly context: AwsContext;
  readonly signal: AbortSignal;
}

/** An id as people and ledgers write it; Route 53's answers put a path before it. */
export function plainId(id: string | undefined): string {
  return (id ?? '').replace(/^\/(?:hostedzone|change)\//, '');
}

/** The zone as Route 53 describes it now; `undefined` when there is none of that id. */
export async function describeZone(id: string, { context, signal }: DnsCall): Promise<HostedZone | undefined> {
  const { GetHostedZoneCommand } = await import('@aws-sdk/client-route-53');
  const client = await context.clients.route53();
  try {
    const { HostedZone: zone } = await client.send(new GetHostedZoneCommand({ Id: id }), { abortSignal: signal });
    return zone;
  } catch (error) {
    if ((error as Error).name === 'NoSuchHostedZone') return undefined;
    throw error;
  }
}

/** All zones of the account, all pages. */
export async function listZones({ context, signal }: DnsCall): Promise<readonly HostedZone[]> {
  const { paginateListHostedZones } = await import('@aws-sdk/client-route-53');
  const client = await context.clients.route53();
  const zones: HostedZone[] = [];
  for await (const page of paginateListHostedZones({ client }, {}, { abortSignal: signal })) {
    zones.push(...(page.HostedZones ?? []));
  }
  return zones;
}

/** Where the next page of records begins. */
interface Next {
  readonly StartRecordName?: string;
  readonly StartRecordType?: RRType;
  readonly StartRecordIdentifier?: string;
}

/** All records of a zone. The SDK has no pager for this listing: a page ends with what the next one begins with. */
export async function listRecords(zoneId: string, { context, signal }: DnsCall): Promise<readonly ResourceRecordSet[]> {
  const { ListResourceRecordSetsCommand } = await import('@aws-sdk/client-route-53');
  const client = await context.clients.route53();
  const records: ResourceRecordSet[] = [];
  for (let next: Next | undefined = {}; next !== undefined;) {
    const command = new ListResourceRecordSetsCommand({ HostedZoneId: zoneId, ...next });
    const page: ListResourceRecordSetsResponse = await client.send(command, { abortSignal: signal });
    records.push(...(page.ResourceRecordSets ?? []));
    next = nextPage(page);
  }
  return records;
}

function nextPage(page: ListResourceRecordSetsResponse): Next | undefined {
  if (!page.IsTruncated) return undefined;
  const { NextRecordName, NextRecordType, NextRecordIdentifier } = page;
  return {
    ...(NextRecordName !== undefined && { StartRecordName: NextRecordName }),
    ...(NextRecordType !== undefined && { StartRecordType: NextRecordType }),
    ...(NextRecordIdentifier !== undefined && { StartRecordIdentifier: NextRecordIdentifier }),
  };
}

/** Whether a change is in effect on all name servers; one that Route 53 has forgotten long is. */
export async function isChangeInSync(id: string, { context, signal }: DnsCall): Promise<boolean> {
  const { GetChangeCommand } = await import('@aws-sdk/client-route-53');
  const client = await context.clients.route53();
  try {
    const { ChangeInfo } = await client.send(new GetChangeCommand({ Id: id }), { abortSignal: signal });
    return ChangeInfo?.Status === 'INSYNC';
  } catch (error) {
    if ((error as Error).name === 'NoSuchChange') return true;
    throw error;
  }
}
