import type { Change, ResourceRecordSet } from '@aws-sdk/client-route-53';
import type { Problem } from '../../../diagnostics/problem.ts';
import type { RecordDifference } from '../../dns-cutover.ts';

/** A zone as it was read, and the copy that is to be filled from it. */
export interface CloneInput {
  readonly zone: { readonly id: string; readonly name: string };
  readonly copy: string;
  readonly records: readonly ResourceRecordSet[];
  readonly switches: readonly { readonly name: string; readonly address: string }[];
}

/** What is to be written into the copy, the switched records last. */
export interface Clone {
  readonly changes: readonly Change[];
  readonly copied: number;
  readonly differences: readonly RecordDifference[];
  readonly switched: readonly { readonly name: string; readonly type: 'CNAME' | 'A'; readonly address: string }[];
}

/** Seconds: nobody is to keep the answer of a record that was switched a moment ago. */
const SWITCHED_TTL = 5;

/** What a zone has of itself, and cannot be given: its name servers and its authority. */
export function isApexOwn({ Name, Type }: ResourceRecordSet, zoneName: string): boolean {
  return (Type === 'NS' || Type === 'SOA') && sameName(Name, zoneName);
}

/** Whether two DNS names are one, however they are written. */
export function sameName(a: string | undefined, b: string | undefined): boolean {
  return plain(a) === plain(b);
}

/** Route 53 answers with octal escapes, as `\052` for an asterisk. */
function plain(name: string | undefined): string {
  const unescaped = (name ?? '').replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8)));
  return unescaped.toLowerCase().replace(/\.$/, '');
}

/**
 * The copy of a zone with some records switched: everything that can be in a private zone and leads to no service of
 * production. Pure: the same zone gives the same copy.
 */
export function cloneRecords(input: CloneInput): Clone | Problem {
  const misplaced = judgeSwitches(input);
  if (misplaced) return misplaced;
  const { zone, copy, switches } = input;
  const records = input.records.filter((record) => !isApexOwn(record, zone.name));
  const isSwitched = ({ Name }: ResourceRecordSet) => switches.some(({ name }) => sameName(name, Name));
  const others = records.filter((record) => !isSwitched(record));
  const left = leftOut(others, zone.id);
  const kept = others.filter((record) => !left.has(record));
  const switched = switches.map(({ name, address }) => ({ name, type: typeFor(address), address }));
  // An alias comes after what it leads to.
  const written = [...kept.filter(({ AliasTarget }) => !AliasTarget), ...kept.filter(({ AliasTarget }) => AliasTarget)];
  return {
    changes: [...written.map((record) => inCopy(record, copy)), ...switched.map(switchedRecord)].map(
      (ResourceRecordSet): Change => ({ Action: 'UPSERT', ResourceRecordSet }),
    ),
    copied: kept.filter(({ HealthCheckId }) => HealthCheckId === undefined).length,
    differences: [
      ...[...left].map(([record, because]) => difference(record, because)),
      ...kept
        .filter(({ HealthCheckId }) => HealthCheckId !== undefined)
        .map((record) => difference(record, 'copied without its health check, which looks at production')),
      ...records
        .filter((record) => isSwitched(record) && !isAnswer(record))
        .map((record) => difference(record, 'left out: nothing can stand beside the alias that it was switched to')),
    ],
    switched,
  };
}

function judgeSwitches({ zone, switches }: CloneInput): Problem | undefined {
  const outside = switches.find(
    ({ name }) => !sameName(name, zone.name) && !plain(name).endsWith(`.${plain(zone.name)}`),
  );
  if (outside) {
    return {
      code: 'aws/record-not-in-zone',
      message: `the record '${outside.name}' does not lie in the zone '${plain(zone.name)}'`,
      hint: "Look at 'cutover.zone' and 'cutover.records': the name of a record ends with that of its zone.",
      blames: 'environment',
    };
  }
  const apex = switches.find(({ name, address }) => sameName(name, zone.name) && typeFor(address) === 'CNAME');
  if (apex === undefined) return undefined;
  return {
    code: 'aws/record-at-apex',
    message: `'${apex.name}' is the zone itself, which DNS allows no alias of the endpoint '${apex.address}'`,
    hint: 'Let clients use a name below the zone, and switch that one.',
    blames: 'environment',
  };
}

/** Records that cannot be in the copy, each with why. An alias of what is left out is left out too. */
function leftOut(records: readonly ResourceRecordSet[], zoneId: string): ReadonlyMap<ResourceRecordSet, string> {
  const left = new Map<ResourceRecordSet, string>();
  for (const record of records) {
    const because = whyNot(record, zoneId);
    if (because !== undefined) left.set(record, because);
  }
  for (let before = -1; before !== left.size;) {
    before = left.size;
    for (const record of records) {
      const target = left.has(record) ? undefined : record.AliasTarget?.DNSName;
      if (target === undefined) continue;
      const named = records.filter(({ Name, Type }) => Type === record.Type && sameName(Name, target));
      if (named.length > 0 && named.every((one) => left.has(one)))
        left.set(record, 'leads to a record that is left out');
    }
  }
  return left;
}

function whyNot(record: ResourceRecordSet, zoneId: string): string | undefined {
  const { AliasTarget, Type, TrafficPolicyInstanceId, CidrRoutingConfig, GeoProximityLocation } = record;
  if (AliasTarget && AliasTarget.HostedZoneId !== zoneId)
    return `leads to '${AliasTarget.DNSName ?? ''}', which is production's`;
  if (Type === 'NS') return 'a private zone delegates to nobody';
  if (Type === 'DS') return 'a private zone is not signed';
  if (TrafficPolicyInstanceId !== undefined) return 'it is kept by a traffic policy';
  if (CidrRoutingConfig || GeoProximityLocation) return 'a private zone does not route by place or address';
  return undefined;
}

function inCopy(record: ResourceRecordSet, copy: string): ResourceRecordSet {
  const { HealthCheckId: _, AliasTarget, ...rest } = record;
  return { ...rest, ...(AliasTarget && { AliasTarget: { ...AliasTarget, HostedZoneId: copy } }) };
}

function switchedRecord({ name, type, address }: Clone['switched'][number]): ResourceRecordSet {
  return { Name: name, Type: type, TTL: SWITCHED_TTL, ResourceRecords: [{ Value: address }] };
}

function typeFor(address: string): 'CNAME' | 'A' {
  return /^\d+(\.\d+){3}$/.test(address) ? 'A' : 'CNAME';
}

/** Whether a record answers what people ask of a service's name. */
function isAnswer({ Type }: ResourceRecordSet): boolean {
  return Type === 'A' || Type === 'AAAA' || Type === 'CNAME';
}

function difference({ Name, Type }: ResourceRecordSet, because: string): RecordDifference {
  return { name: plain(Name), type: Type ?? 'unknown', because };
}
