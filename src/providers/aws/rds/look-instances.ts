import type { DBInstance } from '@aws-sdk/client-rds';
import type { ResourceState } from '../../provider.ts';
import type { Resource } from '../../resource.ts';
import type { AwsContext } from '../aws-context.ts';
import { describeByProducts, describeInstances, nameInArn } from './describe-instance.ts';
import { eventsOf } from './instance-events.ts';
import { type Judgement, judgeInstance } from './ready.ts';

/**
 * The states of restored instances, in the order asked for, from one description of all. An instance is `gone` only when
 * its snapshots and automated backups are too.
 */
export async function lookInstances(
  resources: readonly Resource[],
  context: AwsContext,
  signal: AbortSignal,
): Promise<readonly ResourceState[]> {
  const names = resources.map(({ id }) => nameInArn(id));
  const found = await describeInstances(names, context, signal);
  const byArn = new Map(found.map((one) => [one.DBInstanceArn, one]));
  return Promise.all(
    resources.map(async (resource) => {
      const instance = byArn.get(resource.id);
      if (instance === undefined) return lookForByProducts(resource, context, signal);
      const judgement = judgeInstance(instance, resource, context.place);
      return judgement.kind === 'ended' ? explain(instance, judgement, { resource, context, signal }) : judgement;
    }),
  );
}

async function lookForByProducts({ id }: Resource, context: AwsContext, signal: AbortSignal): Promise<ResourceState> {
  const { snapshots, backups } = await describeByProducts(nameInArn(id), context, signal);
  if (snapshots.length + backups.length === 0) return { kind: 'gone' };
  const counts = `${String(snapshots.length)} snapshots, ${String(backups.length)} automated backups`;
  return { kind: 'pending', detail: `by-products are left: ${counts}` };
}

interface Scene {
  readonly resource: Resource;
  readonly context: AwsContext;
  readonly signal: AbortSignal;
}

async function explain(
  instance: DBInstance,
  { status, meaning }: Extract<Judgement, { kind: 'ended' }>,
  { resource, context, signal }: Scene,
): Promise<ResourceState> {
  const told = await eventsOf(instance, context, signal);
  const { code, because, hint, blames } = meaning;
  const message = `the restore of '${resource.name}' ended in status '${status}': ${because}${told}`;
  return { kind: 'failed', problem: { code, message, hint, blames } };
}
