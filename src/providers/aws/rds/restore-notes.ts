import type { Instant } from '../../../support/time.ts';
import type { Tag } from '../names.ts';

/**
 * What a restore was asked for, kept in tags of the instance itself: a look has nothing but the instance, and RDS does
 * not tell what an instance was restored from.
 */
export interface RestoreNotes {
  readonly recoveryPoint: string;
  readonly capturedAt: Instant;
  /** The moment asked for; absent for a snapshot. */
  readonly restoreTime?: Instant;
  /** By the controller's clock. */
  readonly requestedAt: Instant;
  readonly engineVersion: string;
  readonly sourceClass?: string;
  readonly vpcId: string;
  readonly securityGroupId: string;
  readonly subnetGroupName: string;
}

/** What the keys of all our tags begin with. */
export const OWN_TAGS = 'drillbook:';

const KEYS = {
  recoveryPoint: 'drillbook:recovery-point',
  capturedAt: 'drillbook:captured-at',
  restoreTime: 'drillbook:restore-time',
  requestedAt: 'drillbook:requested-at',
  engineVersion: 'drillbook:backup-engine-version',
  sourceClass: 'drillbook:source-class',
  vpcId: 'drillbook:vpc',
  securityGroupId: 'drillbook:security-group',
  subnetGroupName: 'drillbook:subnet-group',
} as const satisfies Record<keyof RestoreNotes, string>;

/** An id may be an ARN of 300 characters: the rest stands in a second tag. */
const REST_OF_RECOVERY_POINT = 'drillbook:recovery-point-rest';
/** RDS's limit of a tag's value. */
const LONGEST_VALUE = 256;

/** The tags that hold notes. RDS takes letters, digits, spaces and `_.:/=+-@`; what else an id has is written as `=hex=`. */
export function noteTags(notes: RestoreNotes): readonly Tag[] {
  const id = encode(notes.recoveryPoint);
  const rest = id.slice(LONGEST_VALUE);
  const tags = Object.entries({ ...notes, recoveryPoint: id.slice(0, LONGEST_VALUE) }).map(
    ([name, value]: [string, string]): Tag => ({ Key: KEYS[name as keyof RestoreNotes], Value: value }),
  );
  return rest === '' ? tags : [...tags, { Key: REST_OF_RECOVERY_POINT, Value: rest }];
}

/** The notes that tags tell; `undefined` when one that every restore has is missing. */
export function readNotes(
  tags: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined,
): RestoreNotes | undefined {
  const read = (key: string): string | undefined => tags?.find((tag) => tag.Key === key)?.Value;
  const found: Partial<Record<keyof RestoreNotes, string>> = {};
  for (const [name, key] of Object.entries(KEYS)) {
    const value = read(key);
    if (value !== undefined) found[name as keyof RestoreNotes] = value;
  }
  const notes = isWhole(found) ? found : undefined;
  const id = `${found.recoveryPoint ?? ''}${read(REST_OF_RECOVERY_POINT) ?? ''}`;
  return notes && { ...notes, recoveryPoint: decode(id) };
}

function isWhole(found: Partial<Record<keyof RestoreNotes, string>>): found is RestoreNotes {
  const optional: readonly string[] = ['restoreTime', 'sourceClass'] satisfies (keyof RestoreNotes)[];
  return Object.keys(KEYS).every((name) => name in found || optional.includes(name));
}

function encode(text: string): string {
  return text.replace(/[^A-Za-z0-9_.:/+@ -]/gu, (one) => `=${(one.codePointAt(0) ?? 0).toString(16)}=`);
}

function decode(text: string): string {
  return text.replace(/=([0-9a-f]+)=/g, (_, hex: string) => String.fromCodePoint(parseInt(hex, 16)));
}
