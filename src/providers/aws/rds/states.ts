import type { Problem } from '../../../diagnostics/problem.ts';

/**
 * What a status of an RDS instance means to a drill. `progress`: look again. `usable`: it answers; `isModifiable` tells
 * whether RDS takes a modification in it. `failed`: it stays so, and waiting would only cost money.
 */
export type StatusMeaning =
  | { readonly kind: 'progress'; readonly isKnown: boolean }
  | { readonly kind: 'usable'; readonly isModifiable: boolean }
  | ({ readonly kind: 'failed'; readonly because: string } & Pick<Problem, 'code' | 'hint' | 'blames'>);

const PROGRESS: ReadonlySet<string> = new Set([
  'converting-to-vpc',
  'creating',
  'delete-precheck',
  'deleting',
  'maintenance',
  'modifying',
  'moving-to-vpc',
  'rebooting',
  'renaming',
  'resetting-master-credentials',
  'starting',
  'stopping',
  'upgrading',
]);

/** A backup under way delays a modification: not confirmed that RDS takes one in `backing-up`, and it ends by itself. */
const USABLE: Readonly<Record<string, { readonly isModifiable: boolean }>> = {
  available: { isModifiable: true },
  'backing-up': { isModifiable: false },
  'storage-config-upgrade': { isModifiable: true },
  'storage-initialization': { isModifiable: true },
  'storage-optimization': { isModifiable: true },
};

type Failed = Omit<Extract<StatusMeaning, { kind: 'failed' }>, 'kind'>;

const KEY_LOST: Failed = {
  code: 'aws/kms-key-inaccessible',
  because: 'RDS cannot use the KMS key of its storage',
  // A key out of reach says who may use it, not what the backup holds: another role may well restore it.
  blames: 'environment',
  hint: 'Let the sandbox account use the KMS key (key policy, grants) and see that the key is enabled and not to be deleted.',
};

/**
 * Two statuses speak against the backup: RDS has a status of its own for everything that surroundings can do to a
 * restore (capacity, network, key, parameters, options, storage), so that these two, which it gives to a restore alone,
 * remain for a backup that cannot be restored as it is. `failed` can have any cause: it proves nothing.
 */
const FAILED: Readonly<Record<string, Failed>> = {
  'incompatible-restore': {
    code: 'aws/restore-incompatible',
    because: 'RDS cannot restore what the backup holds',
    blames: 'backup',
    hint: 'Look for what RDS names as causes: temporary tables, MyISAM or Aria tables at the moment of the backup.',
  },
  'restore-error': {
    code: 'aws/restore-error',
    because: 'RDS met an error while it restored the backup',
    blames: 'backup',
    hint: 'Restore the same recovery point once more by hand; if it fails again, ask AWS support and use another one.',
  },
  failed: {
    code: 'aws/instance-failed',
    because: 'the instance has failed and RDS cannot recover it',
    blames: 'environment',
    hint: "Read the instance's events, then run the drill again; if it fails again, ask AWS support.",
  },
  'insufficient-capacity': {
    code: 'aws/no-capacity',
    because: 'AWS has no capacity for its instance class there',
    blames: 'environment',
    hint: "Run the drill later, or name another 'instanceClass' in the runbook.",
  },
  'incompatible-network': {
    code: 'aws/network-incompatible',
    because: 'RDS cannot place it into the network of the sandbox',
    blames: 'environment',
    hint: 'Look whether the data subnets have free addresses and whether anybody changed the stack of the sandbox.',
  },
  'incompatible-create': {
    code: 'aws/create-incompatible',
    because: 'what it needs besides does not fit',
    blames: 'environment',
    hint: 'Look whether the account gives RDS the permissions that an instance of this kind needs.',
  },
  'incompatible-option-group': {
    code: 'aws/options-incompatible',
    because: 'its option group does not fit it',
    blames: 'environment',
    hint: "Compare the option group of the source with the engine's default one, which the drill uses.",
  },
  'incompatible-parameters': {
    code: 'aws/parameters-incompatible',
    because: 'its parameter group does not fit it',
    blames: 'environment',
    hint: "Name a 'parameterGroup' in the runbook that fits the engine version and the instance class.",
  },
  'inaccessible-encryption-credentials': KEY_LOST,
  'inaccessible-encryption-credentials-recoverable': KEY_LOST,
  'storage-full': {
    code: 'aws/storage-full',
    because: 'its storage is full',
    blames: 'environment',
    hint: 'The source is as full as that: give it more storage, and restore a recovery point taken after that.',
  },
  stopped: {
    code: 'aws/instance-stopped',
    because: 'somebody stopped it',
    blames: 'environment',
    hint: 'Find out who or what stops instances in the sandbox account, and leave out those of drills.',
  },
};

/** The meaning of a status; one that nobody knew when this was written is progress, so that a deadline decides. */
export function meaningOf(status: string): StatusMeaning {
  const usable = own(USABLE, status);
  if (usable !== undefined) return { kind: 'usable', ...usable };
  const failed = own(FAILED, status);
  if (failed !== undefined) return { kind: 'failed', ...failed };
  return { kind: 'progress', isKnown: PROGRESS.has(status) || status.startsWith('configuring-') };
}

function own<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
