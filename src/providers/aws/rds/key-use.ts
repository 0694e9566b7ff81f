import { classifyAws } from '../aws-errors.ts';
import type { Listing } from './describe-sources.ts';
import { type BackupFacts, type KeyUse, keyToCheck, useOfKey } from './restorable.ts';

/** Looks at each distinct key of some backups once. */
export async function lookAtKeys(
  backups: readonly BackupFacts[],
  listing: Listing,
): Promise<(backup: BackupFacts) => KeyUse> {
  const keys = new Set(backups.flatMap((backup) => keyToCheck(backup) ?? []));
  const uses = new Map<string, KeyUse>();
  for (const key of keys) uses.set(key, await lookAtKey(key, listing));
  return (backup) => uses.get(keyToCheck(backup) ?? '') ?? { kind: 'usable' };
}

async function lookAtKey(key: string, { context, signal }: Listing): Promise<KeyUse> {
  const { DescribeKeyCommand } = await import('@aws-sdk/client-kms');
  const kms = await context.clients.kms();
  try {
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: key }), { abortSignal: signal });
    return useOfKey(KeyMetadata?.KeyState, KeyMetadata?.DeletionDate);
  } catch (error) {
    const { problem, class: kind } = classifyAws(error);
    if (kind === 'not-found') return { kind: 'unusable', because: 'the key does not exist' };
    if (problem.code === 'aws/access-denied') return { kind: 'unknown' };
    throw error;
  }
}
