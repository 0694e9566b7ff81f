import type { HostedZone, ResourceRecordSet } from '@aws-sdk/client-route-53';
import type { CutoverSpec } from '../../../runbook/runbook.ts';
import { cloneRecords, sameName } from '../dns/clone-records.ts';
import { zoneNotFound } from '../dns/start-zone.ts';
import { describeZone, listRecords, plainId } from '../dns/zones.ts';
import { type Finding, type LookAhead, warning } from './finding.ts';

/**
 * Whether the zone of a cutover is there and can be read, and its records can be switched. Public or private is all one:
 * the copy is private in any case, and nothing else of that name is on the sandbox's VPC.
 */
export async function findZoneAhead({ plan, context, signal }: LookAhead): Promise<readonly Finding[]> {
  const cutover = plan.steps.map((step) => (step.kind === 'cutover' ? step.cutover : undefined)).find(Boolean);
  if (cutover === undefined) return [];
  const call = { context, signal };
  const zone = await describeZone(cutover.zone, call);
  if (zone === undefined) return [{ weight: 'refusal', problem: zoneNotFound(cutover.zone, call).problem }];
  return judgeZone(cutover, zone, await listRecords(cutover.zone, call));
}

/** The end of an RDS endpoint's name, which is not known yet. */
const ENDPOINT = 'rds.amazonaws.com';

/** What speaks against switching the records of a runbook in a copy of the zone. */
function judgeZone(
  { records: switched }: Pick<CutoverSpec, 'records'>,
  { Id, Name: name = '' }: Pick<HostedZone, 'Id' | 'Name'>,
  records: readonly ResourceRecordSet[],
): readonly Finding[] {
  const switches = switched.map((record) => ({ name: record.name, address: ENDPOINT }));
  const clone = cloneRecords({ zone: { id: plainId(Id), name }, copy: '', records, switches });
  if ('code' in clone) return [{ weight: 'refusal', problem: clone }];
  const unknown = switched.filter((one) => !records.some(({ Name }) => sameName(Name, one.name)));
  return unknown.map((one) =>
    warning(
      'preflight/no-such-record',
      `the zone '${plainId(Id)}' ('${name}') has no record '${one.name}' that could be switched: the drill adds it to the copy`,
      "Look at the name in 'cutover.records': clients use one that is in the zone.",
    ),
  );
}
