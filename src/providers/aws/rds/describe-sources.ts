import type { DBInstance, DBInstanceAutomatedBackup, DBSnapshot, Filter } from '@aws-sdk/client-rds';
import type { AwsContext } from '../aws-context.ts';

/** A listing at work. */
export interface Listing {
  readonly context: AwsContext;
  readonly signal: AbortSignal;
}

/** What is asked for: of one name, of one resource id, or everything. RDS answers an unmatched filter with nothing. */
export type SourceFilter = { readonly name: 'db-instance-id' | 'dbi-resource-id'; readonly value: string } | undefined;

/** Asked for one by one: without a type RDS leaves out those that are shared or made by AWS Backup. */
export type SnapshotKind = 'automated' | 'manual' | 'awsbackup' | 'shared';

/** DB instances, all pages. */
export async function describeInstances(filter: SourceFilter, { context, signal }: Listing): Promise<DBInstance[]> {
  const { paginateDescribeDBInstances } = await import('@aws-sdk/client-rds');
  const client = await context.clients.rds();
  const pages = paginateDescribeDBInstances({ client }, input(filter), { abortSignal: signal });
  const found: DBInstance[] = [];
  for await (const page of pages) found.push(...(page.DBInstances ?? []));
  return found;
}

/** Automated backups of living instances and those kept after their instance, all pages. */
export async function describeAutomatedBackups(
  filter: SourceFilter,
  { context, signal }: Listing,
): Promise<DBInstanceAutomatedBackup[]> {
  const { paginateDescribeDBInstanceAutomatedBackups } = await import('@aws-sdk/client-rds');
  const client = await context.clients.rds();
  const pages = paginateDescribeDBInstanceAutomatedBackups({ client }, input(filter), { abortSignal: signal });
  const found: DBInstanceAutomatedBackup[] = [];
  for await (const page of pages) found.push(...(page.DBInstanceAutomatedBackups ?? []));
  return found;
}

/** DB snapshots of one type, all pages. */
export async function describeSnapshots(
  type: SnapshotKind,
  filter: SourceFilter,
  { context, signal }: Listing,
): Promise<DBSnapshot[]> {
  const { paginateDescribeDBSnapshots } = await import('@aws-sdk/client-rds');
  const client = await context.clients.rds();
  const query = { ...input(filter), SnapshotType: type };
  const found: DBSnapshot[] = [];
  for await (const page of paginateDescribeDBSnapshots({ client }, query, { abortSignal: signal })) {
    found.push(...(page.DBSnapshots ?? []));
  }
  return found;
}

/** MaxRecords is at most 100 in RDS. */
function input(filter: SourceFilter): { MaxRecords: number; Filters?: Filter[] } {
  return { MaxRecords: 100, ...(filter && { Filters: [{ Name: filter.name, Values: [filter.value] }] }) };
}
