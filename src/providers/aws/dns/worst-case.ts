import type { ResourceRecordSet } from '@aws-sdk/client-route-53';
import type { Millis } from '../../../support/time.ts';
import { sameName } from './clone-records.ts';

/** How long caches may go on with what a zone answered before a switch, and how that is known. */
export interface CacheBound {
  readonly cachedFor: Millis;
  readonly cachedBecause: string;
}

/** Seconds that AWS gives answers of an alias to one of its services. */
const ALIAS_TTL = 60;
/** An alias of an alias: Route 53 follows no longer chains. */
const LONGEST_CHAIN = 10;

/**
 * The longest that a resolver may keep the old answer for a name: the greatest time to live of its records, or, where
 * there are none, the time for which it may remember that there were none (RFC 2308: the lesser of the SOA's own time to
 * live and its minimum). Pure. Resolvers and clients that keep answers longer than they may are not seen here.
 */
export function worstCaseOf(name: string, records: readonly ResourceRecordSet[], zoneName: string): CacheBound {
  const bounds = boundsOf(name, records, LONGEST_CHAIN);
  const longest = bounds.reduce<Bound | undefined>((a, b) => (a && a.seconds >= b.seconds ? a : b), undefined);
  const { seconds, because } = longest ?? negative(records, zoneName);
  return { cachedFor: seconds * 1_000, cachedBecause: because };
}

interface Bound {
  readonly seconds: number;
  readonly because: string;
}

function boundsOf(name: string, records: readonly ResourceRecordSet[], deep: number): readonly Bound[] {
  const named = records.filter((one) => sameName(one.Name, name) && ['A', 'AAAA', 'CNAME'].includes(one.Type ?? ''));
  return named.flatMap(({ Type = '', TTL, AliasTarget }): readonly Bound[] => {
    if (TTL !== undefined) return [{ seconds: TTL, because: `the time to live of its ${Type} record, ${TTL} s` }];
    const target = AliasTarget?.DNSName ?? '';
    const within = deep > 0 ? boundsOf(target, records, deep - 1) : [];
    if (within.length > 0) return within;
    return [
      { seconds: ALIAS_TTL, because: `its ${Type} record is an alias, whose answers AWS lets be kept ${ALIAS_TTL} s` },
    ];
  });
}

function negative(records: readonly ResourceRecordSet[], zoneName: string): Bound {
  const soa = records.find(({ Name, Type }) => Type === 'SOA' && sameName(Name, zoneName));
  const minimum = Number(soa?.ResourceRecords?.[0]?.Value?.trim().split(/\s+/)[6]);
  if (soa?.TTL === undefined || !Number.isFinite(minimum)) {
    // RFC 2308 lets nobody keep "there is none" for longer than three hours.
    return {
      seconds: 10_800,
      because: 'the zone has no such record, nor an SOA that says how long that is remembered',
    };
  }
  const seconds = Math.min(soa.TTL, minimum);
  return {
    seconds,
    because: `the zone has no such record, which is remembered ${seconds} s (the lesser of the SOA's time to live and its minimum)`,
  };
}
