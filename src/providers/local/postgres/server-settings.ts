import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecoveryTarget } from '../../../runbook/restore-spec.ts';
import type { ControlFile } from './control-file.ts';
import type { FolderLayout } from '../worker/folder-layout.ts';

/** The only port there is: the socket's name contains it, and nothing listens on the network. */
export const SERVER_PORT = 5432;

/** Settings that make a restore's figures special, as a report names them. */
export const SPECIAL_SETTINGS: readonly string[] = [
  'fsync=off',
  'full_page_writes=off',
  'synchronous_commit=off',
  'autovacuum=off',
  'jit=off',
  'shared_buffers=128MB',
];

/** What the settings depend on. */
export interface ServerProfile {
  readonly major: number;
  /** Shows in the processes' titles. */
  readonly clusterName: string;
  readonly preload: readonly string[];
  readonly target: RecoveryTarget;
  readonly control: Pick<ControlFile, 'maxPreparedTransactions' | 'maxLocksPerTransaction'>;
  /** Settings that one kind of restore needs besides, or instead. */
  readonly more?: Readonly<Record<string, string>>;
}

/**
 * Writes the whole configuration a restored server runs with. Nothing of the backup's own is read: it may archive into
 * production's archive, subscribe to its publications, run shell commands or load what is not here.
 */
export async function writeSettings({ settings }: FolderLayout, profile: ServerProfile): Promise<void> {
  await mkdir(settings, { recursive: true, mode: 0o755 });
  const lines = Object.entries(settingsOf(settings, profile)).map(([name, value]) => `${name} = ${quoted(value)}`);
  await writeFile(join(settings, 'postgresql.conf'), `${lines.join('\n')}\n`, { mode: 0o644 });
  await writeFile(join(settings, 'pg_ident.conf'), '', { mode: 0o644 });
}

/**
 * Writes who may log in. `trust` only until a password is set: the socket's folder is closed to everyone else. The rule
 * `md5` asks for SCRAM where a role's password is stored so, and takes an older hash too (pg_hba.conf, "auth-method"):
 * login checks use the roles' own passwords, in whatever form they were backed up.
 */
export async function writeLoginRules({ settings }: FolderLayout, method: 'trust' | 'password'): Promise<void> {
  const rule = method === 'trust' ? 'trust' : 'md5';
  await writeFile(join(settings, 'pg_hba.conf'), `local all all ${rule}\n`, { mode: 0o644 });
}

function settingsOf(folder: string, profile: ServerProfile): Record<string, string> {
  return {
    hba_file: join(folder, 'pg_hba.conf'),
    ident_file: join(folder, 'pg_ident.conf'),
    cluster_name: profile.clusterName,
    ...REACH,
    ...NOTHING_OUTSIDE,
    shared_preload_libraries: profile.preload.join(','),
    ...capacity(profile),
    ...SPEED,
    ...LOCALE,
    ...LOGGING,
    ...recovery(profile.target),
    ...(profile.major >= 15 ? { archive_library: '', log_startup_progress_interval: '250ms' } : {}),
    ...(profile.major >= 17 ? { event_triggers: 'off', summarize_wal: 'off' } : {}),
    ...(profile.major >= 18 ? { max_active_replication_origins: '1000' } : {}),
    ...profile.more,
  };
}

/** Relative to the data folder, so that a long path does not count against the length of a socket's address. */
const REACH = {
  listen_addresses: '',
  port: String(SERVER_PORT),
  unix_socket_directories: '../socket',
  unix_socket_permissions: '0700',
  password_encryption: 'scram-sha-256',
  ssl: 'off',
};

/** Each of these, left to the backup, has harmed a living system. */
const NOTHING_OUTSIDE = {
  archive_mode: 'off',
  archive_command: '',
  archive_cleanup_command: '',
  recovery_end_command: '',
  primary_conninfo: '',
  primary_slot_name: '',
  max_logical_replication_workers: '0',
  max_wal_senders: '0',
  session_preload_libraries: '',
  local_preload_libraries: '',
  external_pid_file: '',
  synchronous_standby_names: '',
};

/** A copy must bring what it holds into memory: prepared transactions, locks, origins. */
function capacity({ control }: ServerProfile): Record<string, string> {
  return {
    max_connections: '50',
    max_prepared_transactions: String(control.maxPreparedTransactions),
    max_locks_per_transaction: String(Math.max(64, control.maxLocksPerTransaction)),
    max_replication_slots: '1000',
    wal_level: 'replica',
    hot_standby: 'off',
  };
}

const SPEED = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  wal_recycle: 'off',
  autovacuum: 'off',
  jit: 'off',
  shared_buffers: '128MB',
  // In the data folder, where a killed server leaves them to be removed with it, and not in the machine's /dev/shm.
  dynamic_shared_memory_type: 'mmap',
};

/** Locales that every machine has, whatever the source's had. */
const LOCALE = {
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
  lc_monetary: 'C',
  lc_numeric: 'C',
  lc_time: 'C',
};

/** Terse and without statements: no value of a row gets into the log. */
const LOGGING = {
  logging_collector: 'off',
  log_destination: 'stderr',
  log_line_prefix: '%m [%p] ',
  log_error_verbosity: 'terse',
  log_statement: 'none',
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
};

/**
 * WAL is in the copy's own `pg_wal` before the start; the command only says that there is no more. A time must be
 * written with `+00`, since a trailing `Z` is refused.
 */
function recovery(target: RecoveryTarget): Record<string, string> {
  const common = { restore_command: 'exit 1', recovery_target_action: 'promote' };
  if (target.kind === 'backup-end') {
    return { ...common, recovery_target: 'immediate', recovery_target_timeline: 'current' };
  }
  const until =
    target.kind === 'time' ? { recovery_target_time: target.time.replace('T', ' ').replace(/Z$/, '+00') } : {};
  return { ...common, ...until, recovery_target_timeline: 'latest' };
}

function quoted(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
