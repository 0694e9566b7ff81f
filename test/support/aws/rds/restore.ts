import { epochMillisOf } from '../../../../src/support/time.ts';
import type { AwsCall, AwsReply } from '../call.ts';
import { renderError } from '../render-error.ts';
import { isOk, listParam, querySubCall, withParams } from '../sub-call.ts';
import { childOf, childrenOf, parseXml, queryResultOf, textOf, type XmlNode } from '../xml.ts';
import { noteInstanceEvent } from './events.ts';
import { fetchAll, findInstance, instanceNotFound, instanceReply } from './instances.ts';
import { addInterface } from './network-interfaces.ts';
import { invalidCombination, invalidValue } from './pages.ts';
import { plannedTimeline, type RdsContext, rememberInstance } from './rds-state.ts';
import { allSnapshots, isNamed, snapshotNotFound } from './snapshots.ts';
import { AVAILABLE_AT_ONCE, USUAL_RESTORE } from './timeline.ts';

/** CreateDBInstance: there at once, unless a timeline was planned for it. */
export async function createInstance(context: RdsContext): Promise<AwsReply> {
  const { call, next, state, now } = context;
  const id = (call.params['DBInstanceIdentifier'] ?? '').toLowerCase();
  const reply = await next(call);
  if (!isOk(reply)) return reply;
  const arn = textOf(childOf(queryResultOf(reply), 'DBInstance'), 'DBInstanceArn');
  const timeline = plannedTimeline(state, id, '') ?? AVAILABLE_AT_ONCE;
  const record = rememberInstance(state, { arn, createdAt: now, timeline });
  noteInstanceEvent(state, record, { at: now, message: 'DB instance created', categories: ['creation'] });
  return instanceReply(context, reply);
}

/** RestoreDBInstanceFromDBSnapshot. */
export async function restoreFromSnapshot(context: RdsContext): Promise<AwsReply> {
  const { call } = context;
  const id = call.params['DBSnapshotIdentifier'] ?? '';
  const snapshot = (await allSnapshots(context)).find(({ node }) => isNamed(node, id));
  if (snapshot === undefined) return snapshotNotFound(context, id);
  const isShared = textOf(snapshot.node, 'SnapshotType') === 'shared';
  if (textOf(snapshot.node, 'Status') !== 'available') {
    return renderError(call, {
      status: 400,
      code: 'InvalidDBSnapshotState',
      message: `DB snapshot ${id} is not in the available state.`,
    });
  }
  if (isShared && textOf(snapshot.node, 'Encrypted') === 'true') {
    return invalidCombination(call, 'An encrypted shared snapshot cannot be restored; copy it first.');
  }
  const asMotoKnowsIt = withParams(call, { DBSnapshotIdentifier: snapshot.motoId });
  return restore(context, { call: asMotoKnowsIt, source: id, message: `Restored from snapshot ${id}` });
}

/** RestoreDBInstanceToPointInTime: the window is that which DescribeDBInstances shows. */
export async function restoreToPointInTime(context: RdsContext): Promise<AwsReply> {
  const { call, state } = context;
  const { RestoreTime: time, UseLatestRestorableTime: latest } = call.params;
  const sourceId = call.params['SourceDBInstanceIdentifier'] ?? call.params['SourceDbiResourceId'] ?? '';
  const source = await findInstance(context, sourceId);
  if (source === undefined) return instanceNotFound(context, sourceId);
  if ((time === undefined) === (latest !== 'true')) {
    return invalidCombination(call, 'Specify either RestoreTime or UseLatestRestorableTime, and not both.');
  }
  const end = textOf(source.node, 'LatestRestorableTime');
  if (end === '') {
    return renderError(call, {
      status: 400,
      code: 'PointInTimeRestoreNotEnabled',
      message: `Point in time restore is not enabled for ${sourceId}.`,
    });
  }
  if (time !== undefined && epochMillisOf(time) > epochMillisOf(end)) {
    return invalidValue(call, `The restore time ${time} is after the latest restorable time ${end}.`);
  }
  const asMotoKnowsIt = withParams(call, {
    SourceDBInstanceIdentifier: source.record.id,
    SourceDbiResourceId: undefined,
    DBInstanceIdentifier: undefined,
  });
  const reply = await restore(context, {
    call: asMotoKnowsIt,
    source: source.record.id,
    message: `Restored from DB instance ${source.record.id} to ${time ?? end}`,
  });
  if (isOk(reply) && state.settings.addsSourceTagsToPointInTime) {
    await addTags(context, reply, childrenOf(source.node, 'TagList', 'Tag'));
  }
  return reply;
}

interface Restore {
  /** The call as moto gets it. */
  readonly call: AwsCall;
  readonly source: string;
  readonly message: string;
}

async function restore(context: RdsContext, { call, source, message }: Restore): Promise<AwsReply> {
  const { next, state, now } = context;
  const isPointInTime = call.action === 'RestoreDBInstanceToPointInTime';
  const id = (call.params[isPointInTime ? 'TargetDBInstanceIdentifier' : 'DBInstanceIdentifier'] ?? '').toLowerCase();
  const reply = await next(call);
  if (!isOk(reply)) return reply;
  const arn = textOf(childOf(queryResultOf(reply), 'DBInstance'), 'DBInstanceArn');
  const timeline = plannedTimeline(state, id, source) ?? USUAL_RESTORE;
  const record = rememberInstance(state, { arn, createdAt: now, timeline });
  noteInstanceEvent(state, record, { at: now, message, categories: ['creation'] });
  const placement = await placementOf(context, call.params);
  record.shown = placement.shown;
  const settled = await next(settingsMotoLoses(context, id, placement));
  if (!isOk(settled)) throw new Error(`moto refused a restore's settings: ${settled.body.toString('utf8')}`);
  await addInterface(context, record, placement);
  if (call.params['BackupRetentionPeriod'] === '0') await forgetFirstBackup(context, id);
  return instanceReply(context, settled);
}

/** The follow-up that gives moto what its restore drops: every setting that is false or zero, or by default is not the source's. */
function settingsMotoLoses({ call }: RdsContext, id: string, { isPublic }: Placement): AwsCall {
  const { params } = call;
  const settings: Record<string, string> = {
    DBInstanceIdentifier: id,
    MultiAZ: params['MultiAZ'] ?? 'false',
    DeletionProtection: params['DeletionProtection'] ?? 'false',
    CopyTagsToSnapshot: params['CopyTagsToSnapshot'] ?? 'false',
    PubliclyAccessible: params['PubliclyAccessible'] ?? String(isPublic),
    // A restored instance starts with the snapshot's password, whoever managed it.
    ManageMasterUserPassword: 'false',
    ApplyImmediately: 'true',
  };
  for (const name of ['BackupRetentionPeriod', 'AutoMinorVersionUpgrade'] as const) {
    const value = params[name];
    if (value !== undefined) settings[name] = value;
  }
  return querySubCall(call, { service: 'rds', action: 'ModifyDBInstance', params: settings });
}

/** Where an instance lands, and what is shown of it because the call did not say so. */
interface Placement {
  readonly shown: XmlNode;
  readonly subnetId: string;
  readonly groupIds: readonly string[];
  readonly isPublic: boolean;
}

/** Unless the call says otherwise: the default VPC, the VPC's default group, and public where there is a way out. */
async function placementOf(context: RdsContext, params: Readonly<Record<string, string>>): Promise<Placement> {
  const named = params['DBSubnetGroupName'];
  const group = named === undefined ? await defaultSubnetGroup(context) : await subnetGroup(context, named);
  const vpcId = textOf(group, 'VpcId');
  const asked = listParam(params, 'VpcSecurityGroupIds.VpcSecurityGroupId');
  const groupIds = asked.length > 0 ? asked : [await defaultGroupOf(context, vpcId)];
  const gateways = await ec2Items(context, 'DescribeInternetGateways', 'internetGatewaySet', {
    is: 'attachment.vpc-id',
    of: vpcId,
  });
  const memberships = groupIds.map((id) => ({ VpcSecurityGroupId: id, Status: 'active' }));
  return {
    shown: {
      ...(named === undefined && group !== undefined ? { DBSubnetGroup: group } : {}),
      ...(asked.length > 0 ? {} : { VpcSecurityGroups: { VpcSecurityGroupMembership: memberships } }),
    },
    subnetId: textOf(childrenOf(group, 'Subnets', 'Subnet')[0], 'SubnetIdentifier'),
    groupIds,
    isPublic: named === undefined || gateways.length > 0,
  };
}

async function subnetGroup(context: RdsContext, name: string): Promise<XmlNode | undefined> {
  const groups = await fetchAll(context, 'DescribeDBSubnetGroups', ['DBSubnetGroups', 'DBSubnetGroup']);
  return groups.find((one) => textOf(one, 'DBSubnetGroupName') === name.toLowerCase());
}

async function defaultSubnetGroup(context: RdsContext): Promise<XmlNode> {
  const [vpc] = await ec2Items(context, 'DescribeVpcs', 'vpcSet', { is: 'is-default', of: 'true' });
  const vpcId = textOf(vpc, 'vpcId');
  const subnets = await ec2Items(context, 'DescribeSubnets', 'subnetSet', { is: 'vpc-id', of: vpcId });
  return {
    DBSubnetGroupName: 'default',
    DBSubnetGroupDescription: 'default',
    VpcId: vpcId,
    SubnetGroupStatus: 'Complete',
    Subnets: {
      Subnet: subnets.map((one) => ({ SubnetIdentifier: textOf(one, 'subnetId'), SubnetStatus: 'Active' })),
    },
  };
}

async function defaultGroupOf(context: RdsContext, vpcId: string): Promise<string> {
  const groups = await ec2Items(context, 'DescribeSecurityGroups', 'securityGroupInfo', { is: 'vpc-id', of: vpcId });
  return textOf(
    groups.find((one) => textOf(one, 'groupName') === 'default'),
    'groupId',
  );
}

async function ec2Items(
  { call, next }: RdsContext,
  action: string,
  set: string,
  filter: { readonly is: string; readonly of: string },
): Promise<XmlNode[]> {
  const params = { 'Filter.1.Name': filter.is, 'Filter.1.Value.1': filter.of };
  const reply = await next(querySubCall(call, { service: 'ec2', action, params }));
  return childrenOf(parseXml(reply.body), set, 'item');
}

// moto makes an automated snapshot of every new instance; without retention AWS makes none.
async function forgetFirstBackup(context: RdsContext, id: string): Promise<void> {
  for (const { node, motoId } of await allSnapshots(context)) {
    if (textOf(node, 'DBInstanceIdentifier') !== id || textOf(node, 'SnapshotType') !== 'automated') continue;
    const params = { DBSnapshotIdentifier: motoId };
    await context.next(querySubCall(context.call, { service: 'rds', action: 'DeleteDBSnapshot', params }));
  }
}

async function addTags(context: RdsContext, reply: AwsReply, tags: readonly XmlNode[]): Promise<void> {
  const restored = childOf(queryResultOf(reply), 'DBInstance');
  const taken = new Set(childrenOf(restored, 'TagList', 'Tag').map((one) => textOf(one, 'Key')));
  const params: Record<string, string> = { ResourceName: textOf(restored, 'DBInstanceArn') };
  for (const [index, tag] of tags.filter((one) => !taken.has(textOf(one, 'Key'))).entries()) {
    params[`Tags.Tag.${index + 1}.Key`] = textOf(tag, 'Key');
    params[`Tags.Tag.${index + 1}.Value`] = textOf(tag, 'Value');
  }
  await context.next(querySubCall(context.call, { service: 'rds', action: 'AddTagsToResource', params }));
}
