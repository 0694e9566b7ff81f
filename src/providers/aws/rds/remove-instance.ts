import type { DBInstance, DBInstanceAutomatedBackup, DBSnapshot } from '@aws-sdk/client-rds';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { type DescribedResource, type Mark, refusalToRemove } from '../../../drill/guard.ts';
import { type Instant, instantOf } from '../../../support/time.ts';
import type { RemovalPermit } from '../../provider.ts';
import type { Resource } from '../../resource.ts';
import type { AwsContext } from '../aws-context.ts';
import { drillPrefix, proofOf, readMark } from '../names.ts';
import { describeByProducts, describeInstance, nameInArn } from './describe-instance.ts';
import { INSTANCE_TYPE } from './restore-parameters.ts';
import { meaningOf } from './states.ts';

interface Removal {
  readonly resource: Resource;
  readonly name: string;
  readonly permit: RemovalPermit;
  readonly context: AwsContext;
  readonly signal: AbortSignal;
}

/**
 * Deletes a restored instance without a final snapshot and with its automated backups, and what was made of it under its
 * name: manual snapshots at once, automated backups that were kept once the instance is gone.
 *
 * @throws ProblemError `guard/refused-removal`; the SDK's errors, e.g. `InvalidDBInstanceStateFault` (transient: RDS is
 *   busy with it, and the same call is right a moment later)
 */
export async function removeInstance(
  resource: Resource,
  permit: RemovalPermit,
  context: AwsContext,
  signal: AbortSignal,
): Promise<void> {
  const name = nameInArn(resource.id);
  const removal: Removal = { resource, name, permit, context, signal };
  const instance = await describeInstance(name, context, signal);
  if (instance !== undefined) await deleteInstance(instance, removal);
  await deleteByProducts(removal, instance);
}

async function deleteInstance(instance: DBInstance, { resource, name, permit, context, signal }: Removal) {
  if (instance.DBInstanceStatus === 'deleting') return;
  refuse(describedInstance(instance, resource, { permit, context }), permit);
  const { DeleteDBInstanceCommand, ModifyDBInstanceCommand } = await import('@aws-sdk/client-rds');
  const rds = await context.clients.rds();
  if (instance.DeletionProtection === true) {
    const unprotect = { DBInstanceIdentifier: name, DeletionProtection: false, ApplyImmediately: true };
    await rds.send(new ModifyDBInstanceCommand(unprotect), { abortSignal: signal });
  }
  const input = { DBInstanceIdentifier: name, SkipFinalSnapshot: true, DeleteAutomatedBackups: true };
  try {
    await rds.send(new DeleteDBInstanceCommand(input), { abortSignal: signal });
  } catch (error) {
    if (!isBeingDeleted(error)) throw error;
  }
}

/** Somebody, or an earlier try whose answer was lost, was quicker. */
function isBeingDeleted(error: unknown): boolean {
  const { name, message } = error as Error;
  if (name === 'DBInstanceNotFoundFault') return true;
  return name === 'InvalidDBInstanceStateFault' && /already being deleted/i.test(message);
}

interface Judging {
  readonly permit: RemovalPermit;
  readonly context: AwsContext;
}

function describedInstance(instance: DBInstance, asked: Resource, { permit, context }: Judging): DescribedResource {
  const { DBInstanceIdentifier: name = '', DBInstanceArn: id = '', TagList } = instance;
  const mark = readMark(TagList);
  const createdAt = createdAtOf(instance, context);
  return {
    // Id and token are read freshly too: what would be removed must be what the journal knows.
    resource: { ...asked, id, token: mark?.token ?? '' },
    ...(mark && { mark }),
    expectedProof: mark ? proofOf({ drillId: mark.drillId, kind: INSTANCE_TYPE, name, place: context.place }) : '',
    ...(createdAt !== undefined && { createdAt }),
    isSource: isSource(instance.DbiResourceId, permit),
  };
}

/**
 * RDS dates an instance when it has made it: what it is still making, or has given up making, will have no earlier time
 * than now. Any other instance without a time is not explained, and stays.
 */
function createdAtOf(instance: DBInstance, { clock }: AwsContext): Instant | undefined {
  if (instance.InstanceCreateTime !== undefined) return instantOf(instance.InstanceCreateTime.getTime());
  const status = instance.DBInstanceStatus ?? '';
  return status === 'creating' || meaningOf(status).kind === 'failed' ? clock.now() : undefined;
}

async function deleteByProducts(removal: Removal, instance: DBInstance | undefined): Promise<void> {
  const { name, context, signal } = removal;
  const { snapshots, backups } = await describeByProducts([name], context, signal);
  const parent = parentMark(removal, instance);
  // RDS deletes automated snapshots itself, with the instance or with its automated backup, and lets nobody else do it.
  for (const one of snapshots.filter(({ SnapshotType }) => SnapshotType === 'manual')) {
    await deleteSnapshot(one, parent, removal);
  }
  if (instance !== undefined) return;
  for (const one of backups) await deleteBackup(one, parent, removal);
}

/** The mark of the instance that by-products are of: its own, or where it is gone, the one this drill must have put on it. */
function parentMark({ name, permit, context }: Removal, instance: DBInstance | undefined): Mark | undefined {
  if (instance !== undefined) return readMark(instance.TagList);
  if (permit.kind === 'expired') return undefined;
  const { drillId, sandbox } = permit.drill;
  const proof = proofOf({ drillId, kind: INSTANCE_TYPE, name, place: context.place });
  return { drillId, expiresAt: sandbox.expiresAt, proof };
}

interface ByProduct {
  readonly instanceName: string | undefined;
  readonly sourceId: string | undefined;
  readonly createdAt: Date | undefined;
  readonly tags: Parameters<typeof readMark>[0];
}

/** Told as its parent: by-products follow the instance, whose name is in them and proves by itself which drill's it is. */
function describedByProduct(
  { instanceName = '', sourceId, createdAt, tags }: ByProduct,
  parent: Mark | undefined,
  { resource, permit, context }: Removal,
): DescribedResource {
  const mark = readMark(tags) ?? parent;
  const isNamedByDrill = mark !== undefined && instanceName.startsWith(`${drillPrefix(mark.drillId)}-`);
  const proof = { drillId: mark?.drillId ?? '', kind: INSTANCE_TYPE, name: instanceName, place: context.place };
  return {
    resource,
    ...(mark && { mark }),
    expectedProof: isNamedByDrill ? proofOf(proof) : '',
    ...(createdAt && { createdAt: instantOf(createdAt.getTime()) }),
    isSource: isSource(sourceId, permit),
  };
}

async function deleteSnapshot(snapshot: DBSnapshot, parent: Mark | undefined, removal: Removal): Promise<void> {
  const { DBSnapshotIdentifier, DBInstanceIdentifier, DbiResourceId, SnapshotCreateTime, TagList } = snapshot;
  const byProduct = {
    instanceName: DBInstanceIdentifier,
    sourceId: DbiResourceId,
    createdAt: SnapshotCreateTime,
    tags: TagList,
  };
  refuse(describedByProduct(byProduct, parent, removal), removal.permit);
  const { DeleteDBSnapshotCommand } = await import('@aws-sdk/client-rds');
  const rds = await removal.context.clients.rds();
  const send = async () => rds.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier }), options(removal));
  await unlessGone(send, 'DBSnapshotNotFoundFault');
}

async function deleteBackup(
  backup: DBInstanceAutomatedBackup,
  parent: Mark | undefined,
  removal: Removal,
): Promise<void> {
  const { DbiResourceId, DBInstanceIdentifier, InstanceCreateTime, TagList } = backup;
  const byProduct = {
    instanceName: DBInstanceIdentifier,
    sourceId: DbiResourceId,
    createdAt: InstanceCreateTime,
    tags: TagList,
  };
  refuse(describedByProduct(byProduct, parent, removal), removal.permit);
  const { DeleteDBInstanceAutomatedBackupCommand } = await import('@aws-sdk/client-rds');
  const rds = await removal.context.clients.rds();
  const send = async () => rds.send(new DeleteDBInstanceAutomatedBackupCommand({ DbiResourceId }), options(removal));
  await unlessGone(send, 'DBInstanceAutomatedBackupNotFoundFault');
}

function refuse(described: DescribedResource, permit: RemovalPermit): void {
  const refusal = refusalToRemove(described, permit);
  if (refusal) throw new ProblemError(refusal);
}

function isSource(resourceId: string | undefined, permit: RemovalPermit): boolean {
  return permit.kind === 'own-drill' && resourceId !== undefined && permit.drill.sources.includes(resourceId);
}

function options({ signal }: Removal) {
  return { abortSignal: signal };
}

async function unlessGone(send: () => Promise<unknown>, notFound: string): Promise<void> {
  try {
    await send();
  } catch (error) {
    if ((error as Error).name !== notFound) throw error;
  }
}
