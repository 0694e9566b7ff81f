import { addMillis, epochMillisOf, type Instant } from '../../../../src/support/time.ts';
import type { AwsReply } from '../call.ts';
import { renderError } from '../render-error.ts';
import { querySubCall } from '../sub-call.ts';
import { childOf, childrenOf, isNode, queryReply, queryResultOf, textOf, type XmlNode } from '../xml.ts';
import { type FilterTable, filtered, isReply, pageReply } from './pages.ts';
import { type InstanceRecord, isSecretPending, type RdsContext, rememberInstance, statusesOf } from './rds-state.ts';
import { AVAILABLE_AT_ONCE } from './timeline.ts';

const LOG_UPLOAD_LAG_MILLIS = 5 * 60_000;
/** Statuses of an instance that never got an address. */
const WITHOUT_ENDPOINT = new Set([
  'creating',
  'deleting',
  'failed',
  'restore-error',
  'incompatible-restore',
  'incompatible-network',
  'insufficient-capacity',
  'inaccessible-encryption-credentials',
  'inaccessible-encryption-credentials-recoverable',
]);

/** An instance as AWS would show it, and what we remember of it. */
export interface ShownInstance {
  readonly record: InstanceRecord;
  readonly node: XmlNode;
  readonly status: string;
}

/** All instances of the caller's account and region. */
export async function allInstances(context: RdsContext): Promise<ShownInstance[]> {
  const nodes = await fetchAll(context, 'DescribeDBInstances', ['DBInstances', 'DBInstance']);
  return nodes.map((node) => showInstance(node, context));
}

/** Every member of a describe of moto, unfiltered. */
export async function fetchAll(
  { call, next }: RdsContext,
  action: string,
  [list, member]: readonly [string, string],
): Promise<XmlNode[]> {
  const nodes: XmlNode[] = [];
  let marker: string | undefined;
  do {
    const params = marker === undefined ? {} : { Marker: marker };
    const result = queryResultOf(await next(querySubCall(call, { service: 'rds', action, params })));
    nodes.push(...childrenOf(result, list, member));
    marker = textOf(result, 'Marker') || undefined;
  } while (marker !== undefined);
  return nodes;
}

/** moto's instance with the status of its timeline, our clock's times, and what a test wants to be shown. */
function showInstance(node: XmlNode, context: RdsContext): ShownInstance {
  const { state, now } = context;
  const arn = textOf(node, 'DBInstanceArn');
  const record =
    state.instances.get(arn) ?? rememberInstance(state, { arn, createdAt: now, timeline: AVAILABLE_AT_ONCE });
  const statuses = statusesOf(record, context);
  const status = statuses.at(-1) ?? 'available';
  const shown: XmlNode = {
    ...node,
    DBInstanceStatus: status,
    DbiResourceId: record.dbiResourceId,
    InstanceCreateTime: record.createdAt,
  };
  if (statuses.every((one) => WITHOUT_ENDPOINT.has(one))) delete shown['Endpoint'];
  if (status === 'creating' && state.settings.hidesCreateTimeWhileCreating) delete shown['InstanceCreateTime'];
  delete shown['LatestRestorableTime'];
  if (textOf(node, 'BackupRetentionPeriod') !== '0' && status !== 'creating') {
    shown['LatestRestorableTime'] = latestRestorable(record, now);
  }
  if (isSecretPending(record, context)) shown['PendingModifiedValues'] = { MasterUserPassword: '****' };
  const secret = node['MasterUserSecret'];
  if (isNode(secret)) {
    shown['MasterUserSecret'] = { ...secret, SecretStatus: isSecretPending(record, context) ? 'creating' : 'active' };
  }
  Object.assign(shown, record.shown);
  return { record, node: shown, status: textOf(shown, 'DBInstanceStatus') };
}

function latestRestorable(record: InstanceRecord, now: Instant): Instant {
  const lagging = addMillis(now, -LOG_UPLOAD_LAG_MILLIS);
  return epochMillisOf(lagging) < epochMillisOf(record.createdAt) ? record.createdAt : lagging;
}

/** The instance of that identifier, ARN or resource id. */
export async function findInstance(context: RdsContext, id: string): Promise<ShownInstance | undefined> {
  const name = id.toLowerCase();
  return (await allInstances(context)).find(
    ({ record }) => record.id === name || record.arn === id || record.dbiResourceId === id,
  );
}

const FILTERS: FilterTable = {
  'db-instance-id': (item) => [textOf(item, 'DBInstanceIdentifier'), textOf(item, 'DBInstanceArn')],
  'dbi-resource-id': (item) => [textOf(item, 'DbiResourceId')],
  'db-cluster-id': (item) => [textOf(item, 'DBClusterIdentifier')],
  engine: (item) => [textOf(item, 'Engine')],
};

/** DescribeDBInstances: by identifier a miss is an error, by filter it is an empty list. */
export async function describeInstances(context: RdsContext): Promise<AwsReply> {
  const { call, state } = context;
  const id = call.params['DBInstanceIdentifier'];
  const all = await allInstances(context);
  const asked =
    id === undefined ? all : all.filter(({ record }) => record.id === id.toLowerCase() || record.arn === id);
  if (id !== undefined && asked.length === 0) return instanceNotFound(context, id);
  const items = filtered(
    call,
    asked.map(({ node }) => node),
    FILTERS,
  );
  if (isReply(items)) return items;
  return pageReply(call, { list: 'DBInstances', member: 'DBInstance', items }, state.settings.paging);
}

/** The reply of a call that returns one instance, with moto's instance shown as AWS would. */
export function instanceReply(context: RdsContext, reply: AwsReply): AwsReply {
  const { node } = showInstance(childOf(queryResultOf(reply), 'DBInstance'), context);
  return queryReply(context.call.action, { DBInstance: node });
}

export function instanceNotFound({ call }: RdsContext, id: string): AwsReply {
  return renderError(call, { status: 404, code: 'DBInstanceNotFound', message: `DBInstance ${id} not found.` });
}
