import type { HostedZone } from '@aws-sdk/client-route-53';
import type { Mark } from '../../../drill/guard.ts';
import type { AwsPlace } from '../../../runbook/runbook.ts';
import type { Instant } from '../../../support/time.ts';
import { NAME_PREFIX, drillPrefix, proofOf } from '../names.ts';

/** The copy's type in the ledger. */
export const ZONE_KIND = 'hosted-zone';

/** The drill that a copy is of, and the zone's DNS name with a dot at its end. */
export interface ZoneOwner {
  readonly drillId: string;
  readonly zoneName: string;
  readonly place: Pick<AwsPlace, 'account' | 'region'>;
}

/**
 * What a drill gives for its copy as CallerReference. Route 53 takes no tags in the creating call, but this text it keeps
 * for ever, and takes from an account once only: so it is the proof that a zone is this drill's, which no other zone can
 * carry, made earlier or later.
 */
export function zoneReference({ drillId, zoneName, place }: ZoneOwner): string {
  return `${drillPrefix(drillId)}-${proofOf({ drillId, kind: ZONE_KIND, name: zoneName, place })}`;
}

/** The rest of a mark, as the zone's comment: at most 256 characters. */
export function zoneComment({ drillId, expiresAt, token }: ZoneMarking): string {
  return `drillbook drill=${drillId} expires=${expiresAt} token=${token}`;
}

interface ZoneMarking {
  readonly drillId: string;
  readonly expiresAt: Instant;
  readonly token: string;
}

/** The mark that a zone carries since it was made; `undefined` when there is none. Its proof is yet to be compared. */
export function readZoneMark({ CallerReference = '', Config }: HostedZone): (Mark & { token: string }) | undefined {
  const [, drillId, expiresAt, token] =
    /^drillbook drill=(\S+) expires=(\S+) token=(\S+)$/.exec(Config?.Comment ?? '') ?? [];
  if (drillId === undefined || expiresAt === undefined || token === undefined) return undefined;
  const prefix = `${drillPrefix(drillId)}-`;
  if (!CallerReference.startsWith(prefix)) return undefined;
  return { drillId, expiresAt, token, proof: CallerReference.slice(prefix.length) };
}

/** The proof that a zone must carry, computed from what was just read of it. */
export function expectedZoneProof(zone: HostedZone, drillId: string, place: ZoneOwner['place']): string {
  return proofOf({ drillId, kind: ZONE_KIND, name: zone.Name ?? '', place });
}

/** Whether a zone may be a drill's copy, so that it is worth a closer look. */
export function looksLikeCopy({ CallerReference, Config }: HostedZone): boolean {
  return CallerReference?.startsWith(NAME_PREFIX) === true && Config?.PrivateZone === true;
}

/** The mark of a zone, when its proof is the zone's own. */
export function wholeZoneMark(zone: HostedZone, place: ZoneOwner['place']): (Mark & { token: string }) | undefined {
  const mark = looksLikeCopy(zone) ? readZoneMark(zone) : undefined;
  return mark && mark.proof === expectedZoneProof(zone, mark.drillId, place) ? mark : undefined;
}
