import type { HostedZone } from '@aws-sdk/client-route-53';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { ResourceState, StartRequest } from '../../provider.ts';
import type { Resource } from '../../resource.ts';
import { markTags } from '../names.ts';
import type { SandboxNetwork } from '../sandbox/network.ts';
import { ZONE_KIND, wholeZoneMark, zoneComment, zoneReference } from './zone-mark.ts';
import { type DnsCall, describeZone, isChangeInSync, listZones, plainId } from './zones.ts';

export type ZoneRequest = Extract<StartRequest, { kind: 'zone' }>;

/** Which change made the zone: a look waits for it. */
const CHANGE_TAG = 'drillbook:change';

/**
 * Makes an empty private zone on the sandbox's VPC that is called like the runbook's, or adopts the one that an earlier
 * try made. The runbook's zone is only read.
 *
 * @throws ProblemError `aws/zone-not-found`, `aws/name-taken`
 */
export async function startZone(
  { drill, token, zone }: ZoneRequest,
  network: Pick<SandboxNetwork, 'vpcId'>,
  call: DnsCall,
): Promise<Resource> {
  const zoneName = await nameOfZone(zone, call);
  const { place } = call.context;
  const reference = zoneReference({ drillId: drill.drillId, zoneName, place });
  const find = async () => (await listZones(call)).find(({ CallerReference }) => CallerReference === reference);
  const before = await find();
  const marking = { ...drill, expiresAt: drill.sandbox.expiresAt, token };
  const made = before
    ? { zone: before }
    : await create({ zoneName, reference, comment: zoneComment(marking) }, network, call, find);
  const mark = wholeZoneMark(made.zone, place);
  if (mark?.drillId !== drill.drillId || mark.token !== token) throw nameTaken(made.zone);
  const id = plainId(made.zone.Id);
  const tags = markTags({ ...marking, kind: ZONE_KIND, name: zoneName, place });
  const changeTag = made.changeId === undefined ? [] : [{ Key: CHANGE_TAG, Value: made.changeId }];
  await tag(id, [...tags, ...changeTag], call);
  return { provider: 'aws', type: ZONE_KIND, id, name: 'zone', token };
}

/** The DNS name of the runbook's zone, with a dot at its end. */
async function nameOfZone(id: string, call: DnsCall): Promise<string> {
  const name = (await describeZone(id, call))?.Name;
  if (name !== undefined) return name;
  throw zoneNotFound(id, call);
}

/** The runbook's zone cannot be read. */
export function zoneNotFound(id: string, { context }: DnsCall): ProblemError {
  return new ProblemError({
    code: 'aws/zone-not-found',
    message: `there is no hosted zone '${id}' in account '${context.place.account}'`,
    hint: "Look at the id in 'cutover.zone': credentials of the sandbox account must be able to read the zone.",
    blames: 'environment',
  });
}

interface Creation {
  readonly zoneName: string;
  readonly reference: string;
  readonly comment: string;
}

/** Route 53 refuses a reference that it knows: then an earlier call took effect whose answer never came. */
async function create(
  { zoneName, reference, comment }: Creation,
  { vpcId }: Pick<SandboxNetwork, 'vpcId'>,
  { context, signal }: DnsCall,
  find: () => Promise<HostedZone | undefined>,
): Promise<{ readonly zone: HostedZone; readonly changeId?: string }> {
  const { CreateHostedZoneCommand } = await import('@aws-sdk/client-route-53');
  const client = await context.clients.route53();
  const command = new CreateHostedZoneCommand({
    Name: zoneName,
    CallerReference: reference,
    HostedZoneConfig: { Comment: comment, PrivateZone: true },
    VPC: { VPCId: vpcId, VPCRegion: context.place.region as 'eu-west-1' },
  });
  try {
    const { HostedZone: zone, ChangeInfo } = await client.send(command, { abortSignal: signal });
    if (zone === undefined) throw new Error('Route 53 made a zone and did not say which');
    return { zone, ...(ChangeInfo?.Id !== undefined && { changeId: plainId(ChangeInfo.Id) }) };
  } catch (error) {
    const zone = (error as Error).name === 'HostedZoneAlreadyExists' ? await find() : undefined;
    if (zone === undefined) throw error;
    return { zone };
  }
}

function nameTaken({ Id, Name }: HostedZone): ProblemError {
  return new ProblemError({
    code: 'aws/name-taken',
    message: `the hosted zone '${plainId(Id)}' ('${Name ?? ''}') has this drill's reference, but not its mark`,
    hint: 'Look at the zone by hand: no drill will change it. A drill under another id gets another reference.',
    blames: 'environment',
  });
}

async function tag(id: string, tags: readonly { Key: string; Value: string }[], { context, signal }: DnsCall) {
  const { ChangeTagsForResourceCommand } = await import('@aws-sdk/client-route-53');
  const client = await context.clients.route53();
  const command = new ChangeTagsForResourceCommand({ ResourceType: 'hostedzone', ResourceId: id, AddTags: [...tags] });
  await client.send(command, { abortSignal: signal });
}

/** Whether the zone is there, and known to all name servers. */
export async function lookZone({ id }: Resource, call: DnsCall): Promise<ResourceState> {
  if ((await describeZone(id, call)) === undefined) return { kind: 'gone' };
  const changeId = await changeThatMade(id, call);
  if (changeId === undefined || (await isChangeInSync(changeId, call))) return { kind: 'ready' };
  return { kind: 'pending', detail: 'Route 53 tells its name servers of the zone' };
}

async function changeThatMade(id: string, { context, signal }: DnsCall): Promise<string | undefined> {
  const { ListTagsForResourceCommand } = await import('@aws-sdk/client-route-53');
  const client = await context.clients.route53();
  const command = new ListTagsForResourceCommand({ ResourceType: 'hostedzone', ResourceId: id });
  const { ResourceTagSet } = await client.send(command, { abortSignal: signal });
  return ResourceTagSet?.Tags?.find(({ Key }) => Key === CHANGE_TAG)?.Value;
}
