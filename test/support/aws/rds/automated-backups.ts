import { addMillis, epochMillisOf } from '../../../../src/support/time.ts';
import type { AwsReply } from '../call.ts';
import { renderError } from '../render-error.ts';
import { childOf, queryReply, textOf, type XmlNode } from '../xml.ts';
import { allInstances, type ShownInstance } from './instances.ts';
import { type FilterTable, filtered, isReply, pageReply } from './pages.ts';
import type { RdsContext } from './rds-state.ts';

const DAY_MILLIS = 86_400_000;

const FILTERS: FilterTable = {
  status: (item) => [textOf(item, 'Status')],
  'db-instance-id': (item) => [textOf(item, 'DBInstanceIdentifier'), textOf(item, 'DBInstanceArn')],
  'dbi-resource-id': (item) => [textOf(item, 'DbiResourceId')],
};

/** DescribeDBInstanceAutomatedBackups: of every instance with retention, and those kept after their instance. */
export async function describeAutomatedBackups(context: RdsContext): Promise<AwsReply> {
  const { call, state } = context;
  const { DBInstanceIdentifier: id, DbiResourceId: resourceId, DBInstanceAutomatedBackupsArn: arn } = call.params;
  const active = (await allInstances(context))
    .filter(({ node, record }) => textOf(node, 'BackupRetentionPeriod') !== '0' && record.deletion === undefined)
    .map((one) => backupNode(one, context));
  const retained = [...state.retained.values()].filter((one) => textOf(one, 'Region') === call.region);
  const asked = [...active, ...retained]
    .filter((one) => id === undefined || textOf(one, 'DBInstanceIdentifier') === id.toLowerCase())
    .filter((one) => resourceId === undefined || textOf(one, 'DbiResourceId') === resourceId)
    .filter((one) => arn === undefined || textOf(one, 'DBInstanceAutomatedBackupsArn') === arn);
  const name = id ?? resourceId ?? arn;
  if (name !== undefined && asked.length === 0) return backupNotFound(context, name);
  const items = filtered(call, asked, FILTERS);
  if (isReply(items)) return items;
  return pageReply(
    call,
    { list: 'DBInstanceAutomatedBackups', member: 'DBInstanceAutomatedBackup', items },
    state.settings.paging,
  );
}

/** DeleteDBInstanceAutomatedBackup (moto has none): only what outlived its instance can be deleted. */
export function deleteAutomatedBackup(context: RdsContext): AwsReply {
  const { call, state } = context;
  const { DbiResourceId: resourceId, DBInstanceAutomatedBackupsArn: arn } = call.params;
  const found = [...state.retained].find(
    ([id, node]) => id === resourceId || textOf(node, 'DBInstanceAutomatedBackupsArn') === arn,
  );
  if (found === undefined) return backupNotFound(context, resourceId ?? arn ?? '');
  state.retained.delete(found[0]);
  return queryReply(call.action, { DBInstanceAutomatedBackup: { ...found[1], Status: 'deleting' } });
}

/** The automated backup of an instance: its window ends where the instance is restorable to. */
export function backupNode({ node, record }: ShownInstance, { call, now }: RdsContext): XmlNode {
  const days = Number(textOf(node, 'BackupRetentionPeriod'));
  const reach = addMillis(now, -days * DAY_MILLIS);
  const earliest = epochMillisOf(reach) > epochMillisOf(record.createdAt) ? reach : record.createdAt;
  const latest = textOf(node, 'LatestRestorableTime');
  const copied = Object.fromEntries(
    ['AllocatedStorage', 'AvailabilityZone', 'Engine', 'EngineVersion', 'MasterUsername', 'KmsKeyId', 'StorageType']
      .map((name) => [name, textOf(node, name)] as const)
      .filter(([, value]) => value !== ''),
  );
  return {
    ...copied,
    DBInstanceArn: record.arn,
    DBInstanceIdentifier: record.id,
    DbiResourceId: record.dbiResourceId,
    DBInstanceAutomatedBackupsArn: record.arn.replace(/:db:.*$/, `:auto-backup:ab-${record.dbiResourceId.slice(3)}`),
    Region: call.region,
    Status: latest === '' ? 'creating' : 'active',
    ...(latest === '' ? {} : { RestoreWindow: { EarliestTime: earliest, LatestTime: latest } }),
    InstanceCreateTime: record.createdAt,
    VpcId: textOf(childOf(node, 'DBSubnetGroup'), 'VpcId'),
    Port: textOf(childOf(node, 'Endpoint'), 'Port') || '5432',
    Encrypted: textOf(node, 'StorageEncrypted') || 'false',
    BackupRetentionPeriod: String(days),
    ...record.shownBackup,
  };
}

function backupNotFound({ call }: RdsContext, name: string): AwsReply {
  return renderError(call, {
    status: 404,
    code: 'DBInstanceAutomatedBackupNotFound',
    message: `Automated backup of ${name} not found.`,
  });
}
