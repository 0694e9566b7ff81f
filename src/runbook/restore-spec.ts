import type { Instant, Millis } from '../support/time.ts';

/** What to restore, from where, and which recovery point to draw. */
export type RestoreSpec = LocalRestore | RdsRestore;

/** What is restored on this machine. */
export type LocalRestore = PostgresRestore | PostgresDumpRestore | MysqlRestore | SqliteRestore | FilesRestore;

interface RestoreCommon {
  /** The resource's name in the runbook. */
  readonly name: string;
  readonly needs: readonly string[];
  readonly recoveryPoint: RecoveryPointSpec;
  /** Database that checks log in to unless they name another; empty where the kind knows no databases. */
  readonly database: string;
}

interface LocalCommon extends RestoreCommon {
  /** Absolute path of what holds the backups: a folder, of SQLite a file too, or a backup tool's repository. */
  readonly source: string;
  /** How `source` is read where it is the repository of a backup tool. */
  readonly repository?: Repository;
}

/** An RDS instance from its snapshots or to a point in time. */
export interface RdsRestore extends RestoreCommon {
  readonly kind: 'rds';
  /** What people wrote: an identifier, a `db-…` resource id, the ARN of an instance, or `tag:KEY=VALUE`. */
  readonly source: string;
  /** Account that owns the snapshots, when it is not the sandbox's own: they are then shared with it. */
  readonly sourceAccount?: string;
  /** Class of the restored instance, by default the source's; another one makes another RTO, which the report says. */
  readonly instanceClass?: string;
  /** Parameter group of the restored instance, by default the engine's default. */
  readonly parameterGroup?: string;
}

/** A PostgreSQL cluster from its base backups. */
export interface PostgresRestore extends LocalCommon {
  readonly kind: 'postgres';
  /** Absolute folder of the WAL archive, when there is one. */
  readonly wal?: string;
  /** A superuser that exists in the restored cluster. */
  readonly superuser: string;
  /** Libraries of `shared_preload_libraries` without which the cluster cannot be read; all others are not loaded. */
  readonly preload: readonly string[];
  /** Where the living source answers: used by `manifest` alone, read-only, never by a drill. */
  readonly live?: LiveSource;
}

/** PostgreSQL databases from dumps: plain (`.sql`, compressed too), custom, directory or tar. */
export interface PostgresDumpRestore extends LocalCommon {
  readonly kind: 'postgres-dump';
  /** Tables loaded at once, where the form of the dump allows it. */
  readonly jobs: number;
  /** Major of the server that is made for it; by default the one that the dump comes from, or the next there is. */
  readonly major?: number;
  readonly live?: LiveSource;
}

/** A MariaDB or MySQL server from dumps, or from `mariadb-backup` folders. */
export interface MysqlRestore extends LocalCommon {
  readonly kind: 'mysql';
  readonly live?: LiveSource;
}

/** A SQLite database file, with the `-wal` or `-journal` beside it. */
export interface SqliteRestore extends LocalCommon {
  readonly kind: 'sqlite';
  /** Absolute path of the living database, for `manifest` alone. */
  readonly live?: string;
}

/** A tree of files: each folder or archive (tar, tar.gz, zip) in the source is a recovery point. */
export interface FilesRestore extends LocalCommon {
  readonly kind: 'files';
  /** Absolute path of the living folder, for `manifest` alone. */
  readonly live?: string;
}

/** A repository of a backup tool on `PATH`. Its recovery points are what the tool lists. */
export type Repository = ResticRepository | PgBackRestRepository;

/** Each snapshot holds a backup of the resource's kind at `path`. */
export interface ResticRepository {
  readonly tool: 'restic';
  readonly password: SecretRef;
  /** Absolute path, within each snapshot, of the backup; absent where the snapshot's only path is the backup. */
  readonly path?: string;
  /** Only snapshots that carry all of these tags. */
  readonly tags: readonly string[];
  /** Only snapshots of this host. */
  readonly host?: string;
}

/** Backups of a stanza, with the WAL archive beside them; for resources of kind `postgres`. */
export interface PgBackRestRepository {
  readonly tool: 'pgbackrest';
  readonly stanza: string;
  /** Where the repository is encrypted. */
  readonly passphrase?: SecretRef;
}

export interface LiveSource {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password?: SecretRef;
}

/** Where a secret is to be read when it is needed; the secret itself never enters a runbook or a journal. */
export type SecretRef = { readonly env: string } | { readonly file: string };

export interface RecoveryPointSpec {
  readonly pick: Pick;
  /** Only points captured this long before the drill's start or later. */
  readonly within?: Millis;
  /** How far WAL is replayed: to the backup's own end, to the last moment the archive holds, or to a moment. */
  readonly to: RecoveryTarget;
}

export type Pick =
  | { readonly kind: 'random' | 'latest' | 'oldest' | 'least-tested' | 'stratified' }
  | { readonly kind: 'before' | 'after'; readonly moment: Instant }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'id'; readonly id: string };

export type RecoveryTarget =
  { readonly kind: 'backup-end' } | { readonly kind: 'latest' } | { readonly kind: 'time'; readonly time: Instant };
