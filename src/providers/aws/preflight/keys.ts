import type { RdsRecoveryPoint } from '../../../catalog/recovery-point.ts';
import { lookAtKeys } from '../rds/key-use.ts';
import type { BackupFacts, KeyUse } from '../rds/restorable.ts';
import { type Finding, type LookAhead, plannedRds, refusal, warning } from './finding.ts';

/** Whether the keys of the drawn recovery points can be used now. */
export async function findKeysAhead({ plan, context, signal }: LookAhead): Promise<readonly Finding[]> {
  const backups = plannedRds(plan).map(({ point }) => backupOf(point.id, point.rds));
  const useOf = await lookAtKeys(backups, { context, signal });
  return backups.flatMap((backup) => judgeKey(backup, useOf(backup)));
}

function backupOf(name: string, { engine, storageType, encrypted, kmsKeyId }: RdsRecoveryPoint): BackupFacts {
  return { name, engine, storageType, encrypted, kmsKeyId };
}

/** What speaks against the key of a backup. */
export function judgeKey(
  { name, kmsKeyId = '' }: Pick<BackupFacts, 'name' | 'kmsKeyId'>,
  use: KeyUse,
): readonly Finding[] {
  if (use.kind === 'usable') return [];
  const what = `'${name}' is encrypted with '${kmsKeyId}'`;
  if (use.kind === 'unusable') {
    const hint = 'Enable the key, or cancel its deletion, before it is gone: nothing else opens this backup.';
    return [refusal('preflight/key-unusable', `${what}, and ${use.because}`, hint)];
  }
  const message = `${what}, and the credentials in use may not look at that key: only RDS will tell whether it can be used`;
  const hint = 'Allow kms:DescribeKey on the key, in its own policy too if it is of another account.';
  return [warning('preflight/cannot-look', message, hint)];
}
