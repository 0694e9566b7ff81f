import { addMillis, epochMillisOf } from '../../../../src/support/time.ts';
import type { AwsReply } from '../call.ts';
import { renderError } from '../render-error.ts';
import { isOk, querySubCall, withParams } from '../sub-call.ts';
import { childOf, isNode, queryReply, textOf } from '../xml.ts';
import { backupNode } from './automated-backups.ts';
import { noteInstanceEvent } from './events.ts';
import { allInstances, findInstance, instanceNotFound, instanceReply, type ShownInstance } from './instances.ts';
import { removeInterface } from './network-interfaces.ts';
import { invalidCombination } from './pages.ts';
import { clearRemoved, type InstanceRecord, isSecretPending, type RdsContext } from './rds-state.ts';

/** Statuses that a modification is accepted in. */
const MODIFIABLE = new Set([
  'available',
  'backing-up',
  'storage-optimization',
  'storage-initialization',
  'storage-config-upgrade',
  'storage-full',
  'incompatible-parameters',
]);
/** Statuses in which nothing but a deletion without a final snapshot is possible. */
const WITHOUT_FINAL_SNAPSHOT = new Set(['failed', 'incompatible-restore', 'incompatible-network']);

/** ModifyDBInstance; a reset of the master password shows as a status of its own after a moment. */
export async function modifyInstance(context: RdsContext): Promise<AwsReply> {
  const { call, next, now } = context;
  const id = call.params['DBInstanceIdentifier'] ?? '';
  const instance = await findInstance(context, id);
  if (instance === undefined) return instanceNotFound(context, id);
  const { record, node, status } = instance;
  if (!MODIFIABLE.has(status) || isSecretPending(record, context)) {
    return invalidState(context, `Database instance ${id} is not in available state.`);
  }
  const manages = call.params['ManageMasterUserPassword'] === 'true';
  // moto would make a second secret; where RDS manages the password already, the call changes nothing.
  const isManaged = manages && isNode(node['MasterUserSecret']);
  const reply = await next(isManaged ? withParams(call, { ManageMasterUserPassword: undefined }) : call);
  if (!isOk(reply)) return reply;
  const resets = (manages && !isManaged) || call.params['MasterUserPassword'] !== undefined;
  if (resets) record.credentialsSince = now;
  return instanceReply(context, reply);
}

/** DeleteDBInstance: refused as AWS refuses it, then `deleting` for a while; moto forgets the instance only afterwards. */
export async function deleteInstance(context: RdsContext): Promise<AwsReply> {
  const { call, next, now, state } = context;
  const id = call.params['DBInstanceIdentifier'] ?? '';
  const instance = await findInstance(context, id);
  if (instance === undefined) return instanceNotFound(context, id);
  const refusal = refusalOf(context, instance);
  if (refusal !== undefined) return refusal;
  const { record, node } = instance;
  const finalId = call.params['FinalDBSnapshotIdentifier'];
  if (finalId !== undefined) {
    const params = { DBInstanceIdentifier: record.id, DBSnapshotIdentifier: finalId };
    const taken = await next(querySubCall(call, { service: 'rds', action: 'CreateDBSnapshot', params }));
    if (!isOk(taken)) return taken;
  }
  const keepsBackups = call.params['DeleteAutomatedBackups'] === 'false';
  if (keepsBackups && textOf(node, 'BackupRetentionPeriod') !== '0') {
    state.retained.set(record.dbiResourceId, { ...backupNode(instance, context), Status: 'retained' });
  }
  record.deletion = { goneAt: addMillis(now, state.settings.deletionTakes), call, keepsBackups };
  noteInstanceEvent(state, record, { at: now, message: 'DB instance deletion started', categories: ['deletion'] });
  return queryReply(call.action, { DBInstance: { ...node, DBInstanceStatus: 'deleting' } });
}

function refusalOf(context: RdsContext, { record, node, status }: ShownInstance): AwsReply | undefined {
  const { call, state } = context;
  const skips = call.params['SkipFinalSnapshot'] === 'true';
  const finalId = call.params['FinalDBSnapshotIdentifier'];
  if (record.deletion !== undefined) return invalidState(context, `Instance ${record.id} is already being deleted.`);
  if (skips && finalId !== undefined) {
    return invalidCombination(call, 'FinalDBSnapshotIdentifier cannot be specified when skipping the final snapshot.');
  }
  if (!skips && finalId === undefined) {
    return invalidCombination(call, 'FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.');
  }
  if (textOf(node, 'DeletionProtection') === 'true') {
    return invalidCombination(
      call,
      'Cannot delete protected DB Instance, please disable deletion protection and try again.',
    );
  }
  if (state.settings.refusesDeletionIn.has(status) || (!skips && WITHOUT_FINAL_SNAPSHOT.has(status))) {
    return invalidState(context, `Instance ${record.id} is in ${status} and cannot be deleted.`);
  }
  return undefined;
}

/** Whether some instance's deletion is over, and moto does not know it yet. */
export function isDeletionDue(context: RdsContext): boolean {
  return dueDeletions(context).length > 0;
}

/** Removes from moto every instance whose deletion is over by now. */
export async function settleDeletions(context: RdsContext): Promise<void> {
  for (const record of dueDeletions(context)) await remove(context, record);
}

function dueDeletions({ state, now }: RdsContext): InstanceRecord[] {
  return [...state.instances.values()].filter(
    ({ deletion }) => deletion !== undefined && epochMillisOf(deletion.goneAt) <= epochMillisOf(now),
  );
}

async function remove(context: RdsContext, record: InstanceRecord): Promise<void> {
  const { state, next } = context;
  if (record.deletion === undefined) return;
  const { call, goneAt, keepsBackups } = record.deletion;
  const reply = await next(
    withParams(call, {
      DBInstanceIdentifier: record.id,
      SkipFinalSnapshot: 'true',
      FinalDBSnapshotIdentifier: undefined,
      DeleteAutomatedBackups: String(!keepsBackups),
    }),
  );
  if (!isOk(reply)) throw new Error(`moto could not delete ${record.arn}: ${reply.body.toString('utf8')}`);
  await removeInterface({ ...context, call }, record);
  clearRemoved(state, record);
  noteInstanceEvent(state, record, { at: goneAt, message: 'DB instance deleted', categories: ['deletion'] });
}

/** DeleteDBSubnetGroup is refused while an instance, even a deleting one, is in the group. */
export async function deleteSubnetGroup(context: RdsContext): Promise<AwsReply> {
  const { call, next } = context;
  const name = (call.params['DBSubnetGroupName'] ?? '').toLowerCase();
  const users = (await allInstances(context)).filter(
    ({ node }) => textOf(childOf(node, 'DBSubnetGroup'), 'DBSubnetGroupName') === name,
  );
  if (users.length === 0) return next(call);
  const message = `Cannot delete the subnet group '${name}' because at least one database instance is still using it.`;
  return renderError(call, { status: 400, code: 'InvalidDBSubnetGroupStateFault', message });
}

function invalidState({ call }: RdsContext, message: string): AwsReply {
  return renderError(call, { status: 400, code: 'InvalidDBInstanceState', message });
}
