import type { DBInstance, DBInstanceAutomatedBackup, DBSnapshot } from '@aws-sdk/client-rds';
import type { Mark } from '../../../drill/guard.ts';
import type { AwsContext } from '../aws-context.ts';
import { proofOf, readMark } from '../names.ts';
import { INSTANCE_TYPE } from './restore-parameters.ts';

/** RDS takes that many values in a filter, and lists that many on a page. */
const MOST_VALUES = 100;

/** The instance of that name as RDS describes it now; `undefined` when there is none. */
export async function describeInstance(
  name: string,
  context: AwsContext,
  signal: AbortSignal,
): Promise<DBInstance | undefined> {
  const { DescribeDBInstancesCommand } = await import('@aws-sdk/client-rds');
  const rds = await context.clients.rds();
  try {
    const command = new DescribeDBInstancesCommand({ DBInstanceIdentifier: name });
    return (await rds.send(command, { abortSignal: signal })).DBInstances?.[0];
  } catch (error) {
    if ((error as Error).name === 'DBInstanceNotFoundFault') return undefined;
    throw error;
  }
}

/** Those of the named instances that exist, or all instances there are: one call for every hundred, and all its pages. */
export async function describeInstances(
  names: readonly string[] | 'all',
  context: AwsContext,
  signal: AbortSignal,
): Promise<readonly DBInstance[]> {
  const { paginateDescribeDBInstances } = await import('@aws-sdk/client-rds');
  const config = { client: await context.clients.rds() };
  const found: DBInstance[] = [];
  for (const input of inputsFor(names)) {
    for await (const page of paginateDescribeDBInstances(config, input, { abortSignal: signal })) {
      found.push(...(page.DBInstances ?? []));
    }
  }
  return found;
}

function inputsFor(names: readonly string[] | 'all') {
  const common = { MaxRecords: MOST_VALUES };
  return names === 'all' ? [common] : filtersFor(names).map((Filters) => ({ ...common, Filters }));
}

type Filters = { Name: string; Values: string[] }[];

function filtersFor(names: readonly string[]): readonly Filters[] {
  const filters: Filters[] = [];
  for (let start = 0; start < names.length; start += MOST_VALUES) {
    filters.push([{ Name: 'db-instance-id', Values: names.slice(start, start + MOST_VALUES) }]);
  }
  return filters;
}

/** What an instance can leave behind under its own name. */
export interface ByProducts {
  readonly snapshots: readonly DBSnapshot[];
  readonly backups: readonly DBInstanceAutomatedBackup[];
}

/** Manual and automated snapshots and automated backups of instances, whether these still exist or not. */
export async function describeByProducts(
  names: readonly string[],
  context: AwsContext,
  signal: AbortSignal,
): Promise<ByProducts> {
  const [snapshots, backups]: [DBSnapshot[], DBInstanceAutomatedBackup[]] = [[], []];
  // By filter, not by identifier: of an instance that is gone the one is an empty list, the other an error.
  for (const Filters of filtersFor(names)) {
    snapshots.push(...(await listSnapshots({ Filters }, context, signal)));
    backups.push(...(await listBackups({ Filters }, context, signal)));
  }
  return { snapshots, backups };
}

type Filtered = { readonly Filters?: Filters };

/** All pages of snapshots. */
export async function listSnapshots(
  input: Filtered & { readonly SnapshotType?: string },
  context: AwsContext,
  signal: AbortSignal,
): Promise<readonly DBSnapshot[]> {
  const { paginateDescribeDBSnapshots } = await import('@aws-sdk/client-rds');
  const config = { client: await context.clients.rds() };
  const found: DBSnapshot[] = [];
  for await (const page of paginateDescribeDBSnapshots(config, input, { abortSignal: signal })) {
    found.push(...(page.DBSnapshots ?? []));
  }
  return found;
}

/** All pages of automated backups. */
export async function listBackups(
  input: Filtered,
  context: AwsContext,
  signal: AbortSignal,
): Promise<readonly DBInstanceAutomatedBackup[]> {
  const { paginateDescribeDBInstanceAutomatedBackups } = await import('@aws-sdk/client-rds');
  const config = { client: await context.clients.rds() };
  const found: DBInstanceAutomatedBackup[] = [];
  for await (const page of paginateDescribeDBInstanceAutomatedBackups(config, input, { abortSignal: signal })) {
    found.push(...(page.DBInstanceAutomatedBackups ?? []));
  }
  return found;
}

/** The mark among tags, when it is whole and its proof is that of the instance of this name in this place. */
export function ownMark(
  tags: Parameters<typeof readMark>[0],
  name: string,
  place: AwsContext['place'],
): (Mark & { readonly token: string }) | undefined {
  const mark = readMark(tags);
  if (mark === undefined) return undefined;
  return mark.proof === proofOf({ drillId: mark.drillId, kind: INSTANCE_TYPE, name, place }) ? mark : undefined;
}

/** The name in an instance's ARN. */
export function nameInArn(arn: string): string {
  return arn.slice(arn.lastIndexOf(':') + 1);
}
