import type { Problem } from '../../../diagnostics/problem.ts';

/** What decides whether a backup can be restored as an instance that drillbook can look at. */
export interface BackupFacts {
  /** As RDS names it in people's lists: the snapshot's identifier, or the instance's. */
  readonly name: string;
  readonly engine: string | undefined;
  readonly storageType: string | undefined;
  readonly encrypted: boolean;
  /** `sse-rds`: by a key of AWS's own, which nobody can look at. */
  readonly encryptionType?: string | undefined;
  readonly kmsKeyId?: string | undefined;
}

/** A snapshot besides. */
export interface SnapshotFacts extends BackupFacts {
  readonly status: string | undefined;
  readonly percentProgress: number | undefined;
  readonly isShared: boolean;
  /** Where it is kept: `region`, or hardware outside. */
  readonly target: string | undefined;
}

/** Whether a KMS key can be used, as far as its owner lets us see. */
export type KeyUse =
  | { readonly kind: 'usable' }
  | { readonly kind: 'unusable'; readonly because: string }
  /** These credentials may not look: nothing speaks against the backup, RDS will tell. */
  | { readonly kind: 'unknown' };

const ENGINES = ['postgres', 'mysql', 'mariadb'];
const STORAGE_TYPES = ['standard', 'gp2', 'gp3', 'io1', 'io2'];

/** Why a snapshot cannot be restored, its key apart; `undefined` when nothing is known against it. */
export function refusalOfSnapshot(facts: SnapshotFacts): Problem | undefined {
  return statusRefusal(facts) ?? refusalOfBackup(facts) ?? placeRefusal(facts);
}

/** Why no backup of this kind can be drilled, wherever it comes from. */
export function refusalOfBackup({ name, engine = '', storageType = '' }: BackupFacts): Problem | undefined {
  if (!ENGINES.includes(engine)) {
    const hint = engine.startsWith('aurora')
      ? 'Clusters are restored in other ways than instances, which drillbook does not know yet.'
      : `Drill instances of ${ENGINES.join(', ')}; drillbook has no driver for others.`;
    return refusal('aws/unsupported-engine', `'${name}' is of engine '${engine}', which drillbook cannot check`, hint);
  }
  if (!STORAGE_TYPES.includes(storageType)) {
    const message = `'${name}' has storage of type '${storageType}', which drillbook does not restore`;
    return refusal('aws/unsupported-storage', message, `Known types are ${STORAGE_TYPES.join(', ')}.`);
  }
  return undefined;
}

function statusRefusal({ name, status, percentProgress }: SnapshotFacts): Problem | undefined {
  if (status === 'failed') {
    const message = `RDS failed to make snapshot '${name}'`;
    return refusal('aws/snapshot-failed', message, "Look at the instance's events of that time, and take another.");
  }
  const isWhole = percentProgress === undefined || percentProgress >= 100;
  if (status === 'available' && isWhole) return undefined;
  const progress = isWhole ? '' : ` at ${percentProgress} %`;
  return refusal(
    'aws/snapshot-not-available',
    `snapshot '${name}' is '${status ?? 'of no status'}'${progress}, not yet or no longer 'available'`,
    'Wait until RDS has finished it, or draw another one.',
  );
}

function placeRefusal({ name, target, isShared, encrypted }: SnapshotFacts): Problem | undefined {
  if (target !== undefined && target !== '' && target !== 'region') {
    const message = `snapshot '${name}' is kept on '${target}', not in the region`;
    return refusal('aws/snapshot-elsewhere', message, 'Copy it into the region, and draw the copy.');
  }
  if (!isShared || !encrypted) return undefined;
  return refusal(
    'aws/shared-encrypted',
    `snapshot '${name}' is shared and encrypted, and RDS restores no instance from such a one`,
    'Copy it in the sandbox account with a KMS key of that account; drillbook lists the copy as one of this source.',
  );
}

/** Why an encrypted backup cannot be restored because of its key. */
export function refusalForKey({ name, kmsKeyId = '' }: BackupFacts, use: KeyUse): Problem | undefined {
  if (use.kind !== 'unusable') return undefined;
  return refusal(
    'aws/key-unusable',
    `'${name}' is encrypted with '${kmsKeyId}', and ${use.because}`,
    'Enable the key, or cancel its deletion, before it is gone: nothing else opens this backup.',
  );
}

/** The key that a restore will need, when there is one to look at. */
export function keyToCheck({ encrypted, encryptionType, kmsKeyId }: BackupFacts): string | undefined {
  return encrypted && encryptionType !== 'sse-rds' && kmsKeyId !== '' ? kmsKeyId : undefined;
}

/** Whether a key of that state can be used; `deletion` is the day on which KMS deletes it. */
export function useOfKey(state: string | undefined, deletion: Date | undefined): KeyUse {
  if (state === 'Enabled') return { kind: 'usable' };
  const when = deletion ? `, to be deleted at ${deletion.toISOString()}` : '';
  return { kind: 'unusable', because: `the key is in state '${state ?? 'unknown'}'${when}` };
}

function refusal(code: string, message: string, hint: string): Problem {
  return { code, message, hint, blames: 'environment' };
}
