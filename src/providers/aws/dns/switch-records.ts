import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { DnsSwitch, SwitchRequest } from '../../dns-cutover.ts';
import { inBatches } from './change-batches.ts';
import { cloneRecords } from './clone-records.ts';
import { zoneNotFound } from './start-zone.ts';
import { worstCaseOf } from './worst-case.ts';
import { wholeZoneMark } from './zone-mark.ts';
import { type DnsCall, describeZone, isChangeInSync, listRecords, plainId } from './zones.ts';

/**
 * Fills the drill's copy of a zone and switches records in it. Everything is an UPSERT, so that it may be done again.
 *
 * @throws ProblemError `aws/foreign-zone` when the zone to be written is not this drill's own copy
 */
export async function switchRecords(request: SwitchRequest, call: DnsCall): Promise<DnsSwitch> {
  const source = await describeZone(request.zone, call);
  if (source?.Name === undefined) throw zoneNotFound(request.zone, call);
  const copy = await ownCopy(request, call);
  const zone = { id: request.zone, name: source.Name };
  const records = await listRecords(zone.id, call);
  const clone = cloneRecords({ zone, copy, records, switches: request.switches });
  if ('code' in clone) throw new ProblemError(clone);
  const { ChangeResourceRecordSetsCommand } = await import('@aws-sdk/client-route-53');
  const client = await call.context.clients.route53();
  const changeIds: string[] = [];
  const since = call.context.clock.monotonic();
  for (const batch of inBatches(clone.changes)) {
    const command = new ChangeResourceRecordSetsCommand({ HostedZoneId: copy, ChangeBatch: { Changes: [...batch] } });
    const { ChangeInfo } = await client.send(command, { abortSignal: call.signal });
    changeIds.push(plainId(ChangeInfo?.Id));
  }
  const { copied, differences, switched } = clone;
  return {
    zone,
    copy,
    changeIds,
    callsTook: call.context.clock.monotonic() - since,
    copied,
    differences,
    switched: switched.map((one) => ({ ...one, ...worstCaseOf(one.name, records, zone.name) })),
  };
}

/** The id of the copy, read freshly: nothing is written into a zone that is not this drill's, least of all its model. */
async function ownCopy({ drillId, copy, zone }: SwitchRequest, call: DnsCall): Promise<string> {
  const found = await describeZone(copy.id, call);
  const mark = found && wholeZoneMark(found, call.context.place);
  const id = plainId(found?.Id);
  if (mark?.drillId === drillId && mark.token === copy.token && id === copy.id && id !== zone) return id;
  throw new ProblemError({
    code: 'aws/foreign-zone',
    message: `refused to write into the hosted zone '${copy.id}': it is not this drill's copy`,
    hint: 'Find out in CloudTrail who removed or replaced the copy, then run the drill again.',
    blames: 'environment',
  });
}

/** Whether all changes of a switch are in effect. */
export async function isInSync({ changeIds }: DnsSwitch, call: DnsCall): Promise<boolean> {
  for (const id of changeIds) if (!(await isChangeInSync(id, call))) return false;
  return true;
}
