import type { Tag } from '@aws-sdk/client-rds';
import type { MarkedResource } from '../../provider.ts';
import type { AwsContext } from '../aws-context.ts';
import { drillPrefix, NAME_PREFIX } from '../names.ts';
import { describeInstances, listBackups, listSnapshots, ownMark } from './describe-instance.ts';
import { INSTANCE_TYPE } from './restore-parameters.ts';

/** An instance, or something that was made of one and has its name and its tags. */
interface Trace {
  readonly name: string | undefined;
  readonly arn: string | undefined;
  readonly tags: readonly Tag[] | undefined;
}

/**
 * All instances that drills restored, of one drill or of any, with a whole mark; and of instances that are gone, those
 * whose manual snapshots or kept backups still carry it. Each is told as the instance, which is how it is removed.
 */
export async function listMarkedInstances(
  context: AwsContext,
  signal: AbortSignal,
  drillId?: string,
): Promise<readonly MarkedResource[]> {
  const [instances, backups, snapshots] = await Promise.all([
    describeInstances('all', context, signal),
    listBackups({ Filters: [{ Name: 'status', Values: ['retained'] }] }, context, signal),
    listSnapshots({ SnapshotType: 'manual' }, context, signal),
  ]);
  const traces: Trace[] = [
    ...instances.map((one) => ({ name: one.DBInstanceIdentifier, arn: one.DBInstanceArn, tags: one.TagList })),
    ...backups.map((one) => ({ name: one.DBInstanceIdentifier, arn: one.DBInstanceArn, tags: one.TagList })),
    ...snapshots.map((one) => ({
      name: one.DBInstanceIdentifier,
      arn: one.DBSnapshotArn?.replace(/:snapshot:.*$/, `:db:${one.DBInstanceIdentifier ?? ''}`),
      tags: one.TagList,
    })),
  ];
  const marked = traces.flatMap((one) => markedResource(one, context, drillId) ?? []);
  return [...new Map(marked.map((one) => [one.resource.id, one])).values()];
}

function markedResource(
  { name = '', arn, tags }: Trace,
  { place }: AwsContext,
  drillId: string | undefined,
): MarkedResource | undefined {
  if (!name.startsWith(NAME_PREFIX) || arn === undefined) return undefined;
  const mark = ownMark(tags, name, place);
  if (mark === undefined || (drillId !== undefined && mark.drillId !== drillId)) return undefined;
  const ownName = name.slice(`${drillPrefix(mark.drillId)}-`.length);
  const resource = { provider: 'aws', type: INSTANCE_TYPE, id: arn, name: ownName, token: mark.token };
  return { resource, drillId: mark.drillId, expiresAt: mark.expiresAt };
}
