import type { DBInstance, DBInstanceAutomatedBackup, DBSnapshot, Tag } from '@aws-sdk/client-rds';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { DRILL_TAG } from '../names.ts';
import {
  describeAutomatedBackups,
  describeInstances,
  describeSnapshots,
  type Listing,
  type SnapshotKind,
  type SourceFilter,
} from './describe-sources.ts';
import { type SourceQuery, describeQuery } from './source-query.ts';

/** The one instance that a restore is of, living or deleted, and what there is of it. */
export interface RdsSource {
  /** `DbiResourceId`; names are used again, this is not. Empty when RDS tells none. */
  readonly resourceId: string;
  readonly living?: DBInstance;
  readonly automatedBackups: readonly DBInstanceAutomatedBackup[];
  /** All that may be its own, those of other instances of its name too. */
  readonly snapshots: readonly DBSnapshot[];
}

/** What a query finds before it is known which instance is meant. */
interface Found {
  readonly living: readonly DBInstance[];
  readonly automatedBackups: readonly DBInstanceAutomatedBackup[];
  readonly snapshots: readonly DBSnapshot[];
}

/**
 * Finds the instance that a query means: the living one of that name or tag, else the only deleted one.
 *
 * @throws ProblemError `aws/source-not-found`, `aws/source-ambiguous`
 */
export async function findSource(query: SourceQuery, listing: Listing): Promise<RdsSource> {
  const isOwn = query.account === listing.context.place.account;
  const found = isOwn ? await findOwn(query, listing) : await findShared(query, listing);
  if (found.living.length > 1) {
    throw ambiguous(
      query,
      found.living.map(({ DBInstanceIdentifier: id = '' }) => id),
    );
  }
  const [living] = found.living;
  const resourceId = living?.DbiResourceId ?? onlyResourceId(query, found);
  const rest = living && isOwn ? await findRenamed(living, found.snapshots, listing) : found.snapshots;
  return {
    resourceId,
    ...(living && { living }),
    automatedBackups: found.automatedBackups.filter((one) => one.DbiResourceId === resourceId),
    snapshots: rest,
  };
}

const OWN_KINDS: readonly SnapshotKind[] = ['automated', 'manual', 'awsbackup'];

async function findOwn(query: SourceQuery, listing: Listing): Promise<Found> {
  if (query.kind === 'tag') return findTagged(query, listing);
  const filter = filterOf(query);
  const [living, automatedBackups, own, shared] = await Promise.all([
    describeInstances(filter, listing),
    describeAutomatedBackups(filter, listing),
    describeKinds(OWN_KINDS, filter, listing),
    describeSnapshots('shared', undefined, listing),
  ]);
  return { living, automatedBackups, snapshots: unionByArn([...own, ...shared.filter((one) => isOf(query, one))]) };
}

/** Another account's: what it shares with this one, and the copies that were made of that here. */
async function findShared(query: SourceQuery, listing: Listing): Promise<Found> {
  const [shared, copies] = await Promise.all([
    describeSnapshots('shared', undefined, listing),
    describeKinds(['manual', 'awsbackup'], query.kind === 'tag' ? undefined : filterOf(query), listing),
  ]);
  const theirs = [
    ...shared.filter((one) => accountOf(one.DBSnapshotArn) === query.account),
    ...copies.filter((one) => accountOf(one.SourceDBSnapshotIdentifier) === query.account),
  ];
  return { living: [], automatedBackups: [], snapshots: unionByArn(theirs.filter((one) => isOf(query, one))) };
}

/** What a drill restored carries the tags of its source too, and is no source itself. */
async function findTagged(query: SourceQuery & { kind: 'tag' }, listing: Listing): Promise<Found> {
  const instances = await describeInstances(undefined, listing);
  const living = instances.filter(({ TagList }) => carries(TagList, query) && !isOfDrill(TagList));
  const [only] = living;
  if (living.length === 1 && only?.DBInstanceIdentifier !== undefined) {
    const identifier = only.DBInstanceIdentifier;
    const found = await findOwn({ kind: 'identifier', account: query.account, identifier }, listing);
    return { ...found, living };
  }
  if (living.length > 1) return { living, automatedBackups: [], snapshots: [] };
  const [automatedBackups, snapshots] = await Promise.all([
    describeAutomatedBackups(undefined, listing),
    describeKinds([...OWN_KINDS, 'shared'], undefined, listing),
  ]);
  return {
    living,
    automatedBackups: automatedBackups.filter(({ TagList }) => carries(TagList, query) && !isOfDrill(TagList)),
    snapshots: unionByArn(snapshots.filter(({ TagList }) => carries(TagList, query) && !isOfDrill(TagList))),
  };
}

/** An instance that was renamed has snapshots under its former names: they are known by its resource id alone. */
async function findRenamed(
  { DbiResourceId: value }: DBInstance,
  known: readonly DBSnapshot[],
  listing: Listing,
): Promise<readonly DBSnapshot[]> {
  if (value === undefined) return known;
  return unionByArn([...known, ...(await describeKinds(OWN_KINDS, { name: 'dbi-resource-id', value }, listing))]);
}

async function describeKinds(
  kinds: readonly SnapshotKind[],
  filter: SourceFilter,
  listing: Listing,
): Promise<readonly DBSnapshot[]> {
  const lists = await Promise.all(kinds.map(async (kind) => describeSnapshots(kind, filter, listing)));
  return lists.flat();
}

function filterOf(query: Exclude<SourceQuery, { kind: 'tag' }>): SourceFilter {
  return query.kind === 'identifier'
    ? { name: 'db-instance-id', value: query.identifier }
    : { name: 'dbi-resource-id', value: query.resourceId };
}

function isOf(query: SourceQuery, snapshot: DBSnapshot): boolean {
  if (query.kind === 'tag') return carries(snapshot.TagList, query);
  return query.kind === 'identifier'
    ? snapshot.DBInstanceIdentifier?.toLowerCase() === query.identifier
    : snapshot.DbiResourceId === query.resourceId;
}

function carries(tags: readonly Tag[] | undefined, { key, value }: { key: string; value: string }): boolean {
  return tags?.some((tag) => tag.Key === key && (tag.Value ?? '') === value) ?? false;
}

function isOfDrill(tags: readonly Tag[] | undefined): boolean {
  return tags?.some((tag) => tag.Key === DRILL_TAG) ?? false;
}

/** The account in an ARN; `undefined` for what is none. */
export function accountOf(arn: string | undefined): string | undefined {
  return arn?.startsWith('arn:') ? arn.split(':')[4] : undefined;
}

function unionByArn(snapshots: readonly DBSnapshot[]): readonly DBSnapshot[] {
  return [...new Map(snapshots.map((one) => [one.DBSnapshotArn ?? one.DBSnapshotIdentifier, one])).values()];
}

function onlyResourceId(query: SourceQuery, { automatedBackups, snapshots }: Found): string {
  if (automatedBackups.length + snapshots.length === 0) throw notFound(query);
  const ids = new Set([...automatedBackups, ...snapshots].flatMap(({ DbiResourceId: id }) => id ?? []));
  if (ids.size > 1) throw ambiguous(query, [...ids]);
  return [...ids][0] ?? '';
}

function notFound(query: SourceQuery): ProblemError {
  return new ProblemError({
    code: 'aws/source-not-found',
    message: `account '${query.account}' shows no DB instance ${describeQuery(query)} and no backup of one`,
    hint: "Look at 'source', 'sourceAccount' and 'sandbox.region'; of another account only shared snapshots are seen.",
    blames: 'environment',
  });
}

function ambiguous(query: SourceQuery, names: readonly string[]): ProblemError {
  const listed = names.slice(0, 5).map((name) => `'${name}'`);
  const more = names.length > listed.length ? ` and ${names.length - listed.length} more` : '';
  return new ProblemError({
    code: 'aws/source-ambiguous',
    message: `${describeQuery(query)} means several DB instances: ${listed.join(', ')}${more}`,
    hint: "Name one of them as 'source': by its identifier, or a deleted one by its 'db-…' resource id.",
    blames: 'environment',
  });
}
