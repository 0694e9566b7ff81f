import type { AwsReply } from '../call.ts';
import { renderError } from '../render-error.ts';
import { isOk } from '../sub-call.ts';
import { childOf, queryReply, queryResultOf, textOf, type XmlNode } from '../xml.ts';
import { fetchAll } from './instances.ts';
import { type FilterTable, filtered, filtersOf, isReply, pageReply } from './pages.ts';
import type { RdsContext, SnapshotRecord } from './rds-state.ts';

/** A snapshot as AWS would show it, and its name in moto. */
export interface ShownSnapshot {
  readonly motoId: string;
  readonly node: XmlNode;
}

/** All snapshots of whatever type that the caller's account and region can see. */
export async function allSnapshots(context: RdsContext): Promise<ShownSnapshot[]> {
  const nodes = await fetchAll(context, 'DescribeDBSnapshots', ['DBSnapshots', 'DBSnapshot']);
  return nodes.map((node) => {
    const record = recordOf(node, context);
    return { motoId: textOf(node, 'DBSnapshotIdentifier'), node: { ...node, ...record.shown } };
  });
}

// moto stamps the machine's time and one resource id for all instances: ours are fixed when we see a snapshot first.
function recordOf(node: XmlNode, { state, now }: RdsContext): SnapshotRecord {
  const arn = textOf(node, 'DBSnapshotArn');
  const instanceId = textOf(node, 'DBInstanceIdentifier');
  const known = state.snapshots.get(arn);
  if (known?.isSeen === true) return known;
  const prefix = arn.slice(0, arn.indexOf(':snapshot:'));
  const instance =
    state.instances.get(`${prefix}:db:${instanceId}`) ?? state.gone.findLast((one) => one.id === instanceId);
  const isAutomated = textOf(node, 'SnapshotType') === 'automated';
  const at = isAutomated ? (instance?.createdAt ?? now) : now;
  const fixed: XmlNode = {
    DbiResourceId: instance?.dbiResourceId ?? textOf(node, 'DbiResourceId'),
    InstanceCreateTime: instance?.createdAt ?? now,
    SnapshotCreateTime: at,
    OriginalSnapshotCreateTime: at,
    SnapshotDatabaseTime: at,
    PercentProgress: '100',
    // moto tells none of a snapshot; that is what new instances have.
    StorageType: textOf(node, 'StorageType') || 'gp3',
  };
  const record: SnapshotRecord = { isSeen: true, shown: { ...fixed, ...known?.shown } };
  state.snapshots.set(arn, record);
  return record;
}

const FILTERS: FilterTable = {
  'db-instance-id': (item) => {
    const id = textOf(item, 'DBInstanceIdentifier');
    return [id, textOf(item, 'DBSnapshotArn').replace(/:snapshot:.*$/, `:db:${id}`)];
  },
  'db-snapshot-id': (item) => [textOf(item, 'DBSnapshotIdentifier')],
  'dbi-resource-id': (item) => [textOf(item, 'DbiResourceId')],
  'snapshot-type': (item) => [textOf(item, 'SnapshotType')],
  engine: (item) => [textOf(item, 'Engine')],
};

/** DescribeDBSnapshots: shared, public and backup-made ones only when asked for; an automated one by id only with its type. */
export async function describeSnapshots(context: RdsContext): Promise<AwsReply> {
  const { call, state } = context;
  const { DBSnapshotIdentifier: id, DBInstanceIdentifier: instance, DbiResourceId: resourceId } = call.params;
  const types = typesAskedFor(context);
  const asked = (await allSnapshots(context))
    .map(({ node }) => node)
    .filter((node) => types.includes(textOf(node, 'SnapshotType')))
    .filter((node) => id === undefined || isNamed(node, id))
    .filter((node) => instance === undefined || textOf(node, 'DBInstanceIdentifier') === instance.toLowerCase())
    .filter((node) => resourceId === undefined || textOf(node, 'DbiResourceId') === resourceId);
  if (id !== undefined && asked.length === 0) return snapshotNotFound(context, id);
  const items = filtered(call, asked, FILTERS);
  if (isReply(items)) return items;
  return pageReply(call, { list: 'DBSnapshots', member: 'DBSnapshot', items }, state.settings.paging);
}

function typesAskedFor({ call }: RdsContext): readonly string[] {
  const { SnapshotType: type, IncludeShared: shared, IncludePublic: open, DBSnapshotIdentifier: id } = call.params;
  if (type !== undefined) return [type];
  const fromFilter = filtersOf(call).get('snapshot-type');
  if (fromFilter !== undefined) return fromFilter;
  const usual = id === undefined ? ['automated', 'manual'] : ['manual'];
  return [...usual, ...(shared === 'true' ? ['shared'] : []), ...(open === 'true' ? ['public'] : [])];
}

export function isNamed(node: XmlNode, id: string): boolean {
  return textOf(node, 'DBSnapshotArn') === id || textOf(node, 'DBSnapshotIdentifier') === id.toLowerCase();
}

export function snapshotNotFound({ call }: RdsContext, id: string): AwsReply {
  return renderError(call, { status: 404, code: 'DBSnapshotNotFound', message: `DBSnapshot ${id} not found.` });
}

/** CreateDBSnapshot, CopyDBSnapshot, DeleteDBSnapshot: moto's answer with our times; a copy keeps its original's data moment. */
export async function changeSnapshot(context: RdsContext): Promise<AwsReply> {
  const { call, next, state } = context;
  const before = call.action === 'CreateDBSnapshot' ? [] : await allSnapshots(context);
  const reply = await next(call);
  if (!isOk(reply)) return reply;
  const node = childOf(queryResultOf(reply), 'DBSnapshot');
  const arn = textOf(node, 'DBSnapshotArn');
  const record = recordOf(node, context);
  if (call.action === 'CopyDBSnapshot') {
    const source = before.find((one) => isNamed(one.node, call.params['SourceDBSnapshotIdentifier'] ?? ''))?.node;
    for (const name of ['OriginalSnapshotCreateTime', 'SnapshotDatabaseTime', 'DbiResourceId', 'InstanceCreateTime']) {
      if (textOf(source, name) !== '') record.shown[name] = textOf(source, name);
    }
  }
  if (call.action === 'DeleteDBSnapshot') state.snapshots.delete(arn);
  return queryReply(call.action, { DBSnapshot: { ...node, ...record.shown } });
}
