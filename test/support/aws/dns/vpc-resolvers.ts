import {
  ListHostedZonesByVPCCommand,
  ListResourceRecordSetsCommand,
  type ResourceRecordSet,
  Route53Client,
} from '@aws-sdk/client-route-53';
import { type DnsRecord, type DnsServer, startDnsServer } from './dns-server.ts';

/** The resolver that every VPC has, each a real DNS server on loopback. */
export interface VpcResolvers {
  /** `127.0.0.1:PORT` of the VPC's resolver. */
  of(vpcId: string): Promise<string>;
  /** Ends all of them. */
  reset(): Promise<void>;
}

export interface VpcResolversOptions {
  /** Where the emulator itself listens: what resolvers read is no client's call. */
  readonly emulator: string;
  readonly region: string;
  /** Whether all changes of a zone are known to the name servers. */
  readonly isInSync: (zoneId: string) => boolean;
}

/** Where names of Amazon lead in every VPC: to some address in the sandbox. */
const PUBLIC_NAME = /\.amazonaws\.com$/;
const PUBLIC_ADDRESS = '10.213.0.10';
const LONGEST_CHAIN = 8;

/** Resolvers that answer from the records of the private zones of their VPC, as soon as those are in sync. */
export function vpcResolvers({ emulator, region, isInSync }: VpcResolversOptions): VpcResolvers {
  const running = new Map<string, Promise<DnsServer>>();
  const credentials = { accessKeyId: 'resolver', secretAccessKey: 'resolver' };
  const client = new Route53Client({ endpoint: emulator, region, credentials, maxAttempts: 1 });
  const recordsIn = async (vpcId: string): Promise<readonly ResourceRecordSet[]> => {
    const vpc = { VPCId: vpcId, VPCRegion: region as 'eu-west-1' };
    const { HostedZoneSummaries } = await client.send(new ListHostedZonesByVPCCommand(vpc));
    const zones = (HostedZoneSummaries ?? []).flatMap(({ HostedZoneId: id }) => (id && isInSync(id) ? [id] : []));
    const lists = await Promise.all(
      zones.map(async (id) => client.send(new ListResourceRecordSetsCommand({ HostedZoneId: id }))),
    );
    return lists.flatMap(({ ResourceRecordSets }) => ResourceRecordSets ?? []);
  };
  return {
    async of(vpcId) {
      const server =
        running.get(vpcId) ?? startDnsServer(async (name, type) => answer(await recordsIn(vpcId), name, type));
      running.set(vpcId, server);
      return (await server).address;
    },
    async reset() {
      const servers = await Promise.all(running.values());
      running.clear();
      await Promise.all(servers.map(async (server) => server.stop()));
    },
  };
}

function answer(records: readonly ResourceRecordSet[], name: string, type: string): readonly DnsRecord[] | undefined {
  const answers: DnsRecord[] = [];
  let at = name;
  for (let hops = 0; hops < LONGEST_CHAIN; hops += 1) {
    const named = recordsOf(records, at);
    const alias = named.find((one) => one.type === 'CNAME');
    const wanted = named.filter((one) => one.type === type);
    answers.push(...(alias && type !== 'CNAME' ? [alias] : wanted));
    if (alias === undefined || type === 'CNAME') return named.length === 0 && hops === 0 ? undefined : answers;
    at = alias.value;
  }
  return answers;
}

function recordsOf(records: readonly ResourceRecordSet[], name: string): readonly DnsRecord[] {
  if (PUBLIC_NAME.test(name)) return [{ name, type: 'A', ttl: 60, value: PUBLIC_ADDRESS }];
  return records
    .filter(({ Name }) => plain(Name) === name)
    .flatMap(({ Type: type, TTL: ttl = 0, ResourceRecords }) =>
      type === 'A' || type === 'CNAME'
        ? (ResourceRecords ?? []).map(({ Value }): DnsRecord => ({ name, type, ttl, value: plain(Value) }))
        : [],
    );
}

function plain(name: string | undefined): string {
  return (name ?? '').toLowerCase().replace(/\.$/, '');
}
