import type { DBInstance } from '@aws-sdk/client-rds';
import type { ResourceState } from '../../provider.ts';
import type { Resource } from '../../resource.ts';
import type { AwsContext } from '../aws-context.ts';
import { type ByProducts, describeByProducts, describeInstances, nameInArn } from './describe-instance.ts';
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
  const found = await describeInstances(resources.map(nameOf), context, signal);
  const byArn = new Map(found.map((one) => [one.DBInstanceArn, one]));
  const missing = resources.filter(({ id }) => !byArn.has(id));
  const byProducts = await describeByProducts(missing.map(nameOf), context, signal);
  return Promise.all(
    resources.map(async (resource) => {
      const instance = byArn.get(resource.id);
      if (instance === undefined) return judgeAbsent(nameOf(resource), byProducts);
      const judgement = judgeInstance(instance, resource, context.place);
      return judgement.kind === 'ended' ? explain(instance, judgement, { resource, context, signal }) : judgement;
    }),
  );
}

function nameOf({ id }: Resource): string {
  return nameInArn(id);
}

function judgeAbsent(name: string, { snapshots, backups }: ByProducts): ResourceState {
  const isOfIt = ({ DBInstanceIdentifier }: { DBInstanceIdentifier?: string | undefined }): boolean =>
    DBInstanceIdentifier === name;
  const [ownSnapshots, ownBackups] = [snapshots.filter(isOfIt).length, backups.filter(isOfIt).length];
  if (ownSnapshots + ownBackups === 0) return { kind: 'gone' };
  const counts = `snapshots ${String(ownSnapshots)}, automated backups ${String(ownBackups)}`;
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
