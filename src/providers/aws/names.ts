import { type Mark, proofText } from '../../drill/guard.ts';
import type { AwsPlace } from '../../runbook/runbook.ts';
import { sha256Hex } from '../../support/sha256-hex.ts';
import type { Instant } from '../../support/time.ts';

/** Begins the name of everything that a drill makes, so that a sweep finds what a service keeps no tags for. */
export const NAME_PREFIX = 'drillbook-';

/** RDS allows 63 characters, a Lambda function 64, a stack 128. */
const LONGEST_NAME = 63;

/**
 * The deterministic AWS name of something that a drill makes: lower case, letters, digits and single hyphens, at most 63
 * characters. Two drills never share one.
 *
 * @param what `sandbox`, `probe`, or the runbook's name of a resource: 40 characters at most, as its form has it, and
 *   without two hyphens in a row, which is refused of what is restored on RDS
 */
export function awsName(drillId: string, what: string): string {
  return `${drillPrefix(drillId)}-${what}`.slice(0, LONGEST_NAME).replace(/-+$/, '');
}

/** What the names of everything that a drill makes begin with. */
export function drillPrefix(drillId: string): string {
  return `${NAME_PREFIX}${sha256Hex(drillId).slice(0, 12)}`;
}

/** What is to be marked, and on whose behalf. */
export interface Marking {
  readonly drillId: string;
  readonly expiresAt: Instant;
  readonly token: string;
  /** The resource's type in the ledger. */
  readonly kind: string;
  /** Its own AWS name. */
  readonly name: string;
  readonly place: Pick<AwsPlace, 'account' | 'region'>;
}

const TAGS = {
  drillId: 'drillbook:drill-id',
  expiresAt: 'drillbook:expires-at',
  token: 'drillbook:token',
  proof: 'drillbook:proof',
} as const;

/** The tag that every resource of a drill carries, to search and to write policies by. */
export const DRILL_TAG = TAGS.drillId;

/** A tag in the form of most services. */
export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

/** The tags that a creating call puts on what it makes. */
export function markTags(marking: Marking): readonly Tag[] {
  return [
    { Key: TAGS.drillId, Value: marking.drillId },
    { Key: TAGS.expiresAt, Value: marking.expiresAt },
    { Key: TAGS.token, Value: marking.token },
    { Key: TAGS.proof, Value: proofOf(marking) },
  ];
}

/** The proof that something of that kind and name, in that place, must carry to be that drill's. */
export function proofOf({ drillId, kind, name, place }: Omit<Marking, 'expiresAt' | 'token'>): string {
  return sha256Hex(proofText({ drillId, kind, name, account: place.account, region: place.region }));
}

/** The mark that tags tell, with the token it was made for; `undefined` when a part is missing. */
export function readMark(
  tags: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined,
): (Mark & { readonly token: string }) | undefined {
  const read = (key: string): string | undefined => tags?.find((tag) => tag.Key === key)?.Value;
  const [drillId, expiresAt, token, proof] = [
    read(TAGS.drillId),
    read(TAGS.expiresAt),
    read(TAGS.token),
    read(TAGS.proof),
  ];
  if (drillId === undefined || expiresAt === undefined || token === undefined || proof === undefined) return undefined;
  return { drillId, expiresAt, token, proof };
}
