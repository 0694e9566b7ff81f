import type { DBInstance } from '@aws-sdk/client-rds';
import type { Problem } from '../../../diagnostics/problem.ts';
import { type Instant, type Millis, instantOf, millisBetween } from '../../../support/time.ts';
import type { RestoreFacts } from '../../resource.ts';
import { OWN_TAGS, type RestoreNotes } from './restore-notes.ts';

/** RDS dates snapshots and moments to the second. */
const TIME_ERROR: Millis = 1_000;

/** What a restored instance, usable and isolated, tells of its restore. */
export function restoredFacts(instance: DBInstance, notes: RestoreNotes): RestoreFacts {
  const { recoveryPoint, restoreTime, capturedAt } = notes;
  const target = restoreTime === undefined ? ({ kind: 'backup-end' } as const) : timeTarget(restoreTime);
  return {
    moment: { recoveryPointId: recoveryPoint, target },
    dataMoments: [{ source: 'recovery-point', at: capturedAt, error: TIME_ERROR }],
    engineVersion: instance.EngineVersion ?? '',
    spans: spansOf(instance, notes),
    settings: settingsOf(instance, notes),
    warnings: foreignTags(instance),
  };
}

function timeTarget(time: Instant) {
  return { kind: 'time', time } as const;
}

/** RDS dates the creation when the instance first stands: what is before it is the restore itself, by two clocks. */
function spansOf({ InstanceCreateTime }: DBInstance, { requestedAt }: RestoreNotes): RestoreFacts['spans'] {
  if (InstanceCreateTime === undefined) return [];
  const took = millisBetween(requestedAt, instantOf(InstanceCreateTime.getTime()));
  return took > 0 ? [{ name: "until RDS's creation time", startedAt: requestedAt, took }] : [];
}

/** What makes these figures other than those of a recovery onto an instance like the source. */
function settingsOf(instance: DBInstance, { sourceClass, engineVersion }: RestoreNotes): readonly string[] {
  const { DBInstanceClass: ownClass = '', EngineVersion: version, MultiAZ, DBParameterGroups: groups = [] } = instance;
  const settings: string[] = [];
  if (MultiAZ !== true) settings.push('Single-AZ');
  if (ownClass !== sourceClass) settings.push(`instance class ${ownClass} (source: ${sourceClass ?? 'not known'})`);
  if (version !== undefined && version !== engineVersion) {
    settings.push(`engine version ${version} (backup: ${engineVersion})`);
  }
  for (const { DBParameterGroupName: group = '', ParameterApplyStatus: status } of groups) {
    if (group.startsWith('default.')) settings.push(`default parameter group ${group}`);
    else if (status !== 'in-sync')
      settings.push(`parameter group ${group} not applied (${status ?? 'status unknown'})`);
  }
  return [...settings, ...hydration(instance)];
}

/** Blocks come from the backup when they are first touched: until that is over, every figure has slow reads in it. */
function hydration({ StorageOperationStatus: status, StorageOperationPercentProgress: done }: DBInstance): string[] {
  if (status === undefined) return [];
  const progress = done === undefined ? '' : ` (${String(done)} %)`;
  const isLoading = status.toLowerCase() === 'initializing';
  return [isLoading ? `storage still loading from the backup${progress}` : `storage operation ${status}${progress}`];
}

/** RDS may add the source's tags to ours; they can make others (cost reports, backup plans) take the copy for it. */
function foreignTags({ DBInstanceIdentifier: name = '', TagList = [] }: DBInstance): readonly Problem[] {
  const keys = TagList.map(({ Key = '' }) => Key).filter((key) => !key.startsWith(OWN_TAGS) && !key.startsWith('aws:'));
  if (keys.length === 0) return [];
  return [
    {
      code: 'aws/foreign-tags',
      message: `'${name}' carries tags that no drill put there: ${keys.map((key) => `'${key}'`).join(', ')}`,
      hint: 'See that nothing acts on these tags in the sandbox account, e.g. a backup plan that selects by them.',
      blames: 'environment',
    },
  ];
}
