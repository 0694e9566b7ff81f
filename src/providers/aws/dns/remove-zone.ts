import type { Change, HostedZone } from '@aws-sdk/client-route-53';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { type DescribedResource, refusalToRemove } from '../../../drill/guard.ts';
import type { MarkedResource, RemovalPermit } from '../../provider.ts';
import type { Resource } from '../../resource.ts';
import { inBatches } from './change-batches.ts';
import { isApexOwn } from './clone-records.ts';
import { ZONE_KIND, expectedZoneProof, looksLikeCopy, readZoneMark, wholeZoneMark } from './zone-mark.ts';
import { type DnsCall, describeZone, listRecords, listZones, plainId } from './zones.ts';

/**
 * Empties and deletes the copy of a zone when the guard allows it; Route 53 deletes no zone that holds records.
 *
 * @throws ProblemError when the guard refuses
 */
export async function removeZone(resource: Resource, permit: RemovalPermit, call: DnsCall): Promise<void> {
  const zone = await describeZone(resource.id, call);
  if (zone === undefined) return;
  const refusal = refusalToRemove(described(resource, zone, { permit, call }), permit);
  if (refusal) throw new ProblemError(refusal);
  const id = plainId(zone.Id);
  const { ChangeResourceRecordSetsCommand, DeleteHostedZoneCommand } = await import('@aws-sdk/client-route-53');
  const client = await call.context.clients.route53();
  const left = (await listRecords(id, call)).filter((record) => !isApexOwn(record, zone.Name ?? ''));
  // An alias goes before what it leads to.
  const ordered = [...left.filter(({ AliasTarget }) => AliasTarget), ...left.filter(({ AliasTarget }) => !AliasTarget)];
  const changes = ordered.map((record): Change => ({ Action: 'DELETE', ResourceRecordSet: record }));
  for (const batch of inBatches(changes)) {
    const command = new ChangeResourceRecordSetsCommand({ HostedZoneId: id, ChangeBatch: { Changes: [...batch] } });
    await client.send(command, { abortSignal: call.signal });
  }
  await client.send(new DeleteHostedZoneCommand({ Id: id }), { abortSignal: call.signal });
}

function described(
  asked: Resource,
  zone: HostedZone,
  { permit, call }: { readonly permit: RemovalPermit; readonly call: DnsCall },
): DescribedResource {
  const mark = readZoneMark(zone);
  const id = plainId(zone.Id);
  return {
    resource: { ...asked, id },
    ...(mark && { mark }),
    expectedProof: mark && looksLikeCopy(zone) ? expectedZoneProof(zone, mark.drillId, call.context.place) : '',
    // Route 53 keeps no time of creation.
    proofIsUnique: true,
    isSource: permit.kind === 'own-drill' && permit.drill.sources.includes(id),
  };
}

/** All copies of zones, of one drill or of any, with a whole mark. */
export async function listMarkedZones(call: DnsCall, drillId?: string): Promise<readonly MarkedResource[]> {
  return (await listZones(call)).flatMap((zone) => {
    const mark = wholeZoneMark(zone, call.context.place);
    if (mark === undefined || (drillId !== undefined && mark.drillId !== drillId)) return [];
    const resource: Resource = {
      provider: 'aws',
      type: ZONE_KIND,
      id: plainId(zone.Id),
      name: 'zone',
      token: mark.token,
    };
    return [{ resource, drillId: mark.drillId, expiresAt: mark.expiresAt }];
  });
}
