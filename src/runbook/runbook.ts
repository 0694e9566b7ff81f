import type { Instant, Millis } from '../support/time.ts';

/** A runbook after validation: nothing left to parse, defaults filled, paths absolute. JSON-serialisable. */
export interface Runbook {
  readonly name: string;
  /** Absolute path of the file it was read from. */
  readonly file: string;
  readonly owner?: string;
  readonly tags: readonly string[];
  /** How much hangs on it, in the team's own word; coverage is told by it. */
  readonly tier?: string;
  readonly objectives: Objectives;
  readonly sandbox: SandboxSpec;
  /** The event the RPO is measured against, when the runbook names one. */
  readonly disasterAt?: Instant;
  readonly limits: Limits;
  readonly publish?: Publication;
  /** Who hears of its drills; absent in journals that are older than it. */
  readonly notify?: readonly NotificationTarget[];
  readonly restore: readonly RestoreSpec[];
  readonly checks: readonly CheckSpec[];
  readonly cutover?: CutoverSpec;
}

export interface Objectives {
  /** `until` names the moment that stops the RTO clock: last required smoke or last required integrity check. */
  readonly rto?: { readonly target: Millis; readonly until: 'usable' | 'verified' };
  readonly rpo?: { readonly target: Millis };
}

/** L0 own folder and settings; L1 and no network; L2 and its own root, so no unix socket of the host either. */
export type LocalLevel = 'L0' | 'L1' | 'L2';

/** How well a sandbox is sealed off. VPC: a network of its own on AWS, without any way out. */
export type IsolationLevel = LocalLevel | 'VPC';

/** Where sandboxes are made. */
export type SandboxPlace = LocalPlace | AwsPlace;

export interface LocalPlace {
  readonly provider: 'local' | 'memory';
  /** Absolute folder in which local sandboxes are made, one folder a drill. */
  readonly folder: string;
}

export interface AwsPlace {
  readonly provider: 'aws';
  /** The only account that may be changed; STS must confirm it before anything else is asked. 12 digits. */
  readonly account: string;
  readonly region: string;
  /** ARN of the role to assume for everything that is done in the sandbox account. */
  readonly role?: string;
  /** The runbook accepts by name that sources live in the sandbox's own account. */
  readonly sharesAccountWithSources: boolean;
}

export type SandboxSpec = SandboxPlace & {
  /** After this, counted from the drill's start, anyone may remove what the drill made. */
  readonly expiresAfter: Millis;
  readonly minimumIsolation: IsolationLevel;
};

export interface Limits {
  /** Restores and checks under way at once. */
  readonly concurrency: number;
  readonly drill: Millis;
  readonly restore: Millis;
  readonly check: Millis;
  readonly teardown: Millis;
}

/** A switch of DNS records to what was restored, tried in a copy of their zone: the zone itself is only read. */
export interface CutoverSpec {
  /** Id of the zone that is copied. */
  readonly zone: string;
  readonly records: readonly CutoverRecord[];
  /** Longest time from the call that switches until every client follows, caches included. */
  readonly within?: Millis;
}

/** A record and the restored resource that it is switched to. `name`: lower case, without a dot at its end. */
export interface CutoverRecord {
  readonly name: string;
  readonly to: string;
}

/** Where the figures of a drill are sent besides its report. */
export interface Publication {
  readonly cloudWatch: CloudWatchTarget;
}

/** Where CloudWatch metrics go. */
export interface CloudWatchTarget {
  readonly namespace: string;
  /** By default the region of a sandbox on AWS, else the one that AWS clients find by themselves. */
  readonly region?: string;
}

/**
 * What somebody is told of. `late`, `missed`, `stale`: by the scheduler, of a drill that began late, of one that never
 * began, of a proof that has grown too old.
 */
export type Occasion = 'passed' | 'failed' | 'inconclusive' | 'leaked' | 'late' | 'missed' | 'stale';

/** Who is told, of what, and how to reach them. Addresses that are secrets are read when they are needed. */
export type NotificationTarget = NotifyChannel & {
  /** Made from its kind and place, e.g. `slack-1`; unique within what names it. */
  readonly id: string;
  readonly on: readonly Occasion[];
};

export type NotifyChannel =
  | { readonly kind: 'slack'; readonly url: SecretRef }
  /** `secret` signs each request: HMAC-SHA-256. */
  | { readonly kind: 'webhook'; readonly url: string | SecretRef; readonly secret?: SecretRef }
  | { readonly kind: 'sns'; readonly topic: string }
  | {
      readonly kind: 'smtp';
      readonly host: string;
      readonly port: number;
      /** `starttls` must succeed before anything is said; `none` is for a server on this machine alone. */
      readonly security: 'tls' | 'starttls' | 'none';
      readonly from: string;
      readonly to: readonly string[];
      readonly user?: string;
      readonly password?: SecretRef;
    }
  /** Asked for with GET after a drill that passed and left nothing, and never else: `on` is `passed`. */
  | { readonly kind: 'heartbeat'; readonly url: string | SecretRef };

/** What to restore, from where, and which recovery point to draw. */
export type RestoreSpec = PostgresRestore | RdsRestore;

interface RestoreCommon {
  /** The resource's name in the runbook. */
  readonly name: string;
  readonly needs: readonly string[];
  readonly recoveryPoint: RecoveryPointSpec;
  /** Database that checks log in to unless they name another. */
  readonly database: string;
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
export interface PostgresRestore extends RestoreCommon {
  readonly kind: 'postgres';
  /** Absolute folder that holds the backups. */
  readonly source: string;
  /** Absolute folder of the WAL archive, when there is one. */
  readonly wal?: string;
  /** A superuser that exists in the restored cluster. */
  readonly superuser: string;
  /** Libraries of `shared_preload_libraries` without which the cluster cannot be read; all others are not loaded. */
  readonly preload: readonly string[];
  /** Where the living source answers: used by `manifest` alone, read-only, never by a drill. */
  readonly live?: LiveSource;
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

export type CheckSpec = LoginCheck | SqlCheck | RowCountsCheck | StructureCheck | ManifestCheck | FreshnessCheck;

export interface CheckCommon {
  /** Made from the name; unique within the runbook; safe as a file name. */
  readonly id: string;
  /** The sentence people wrote. */
  readonly name: string;
  readonly purpose: 'smoke' | 'integrity';
  readonly severity: 'fail' | 'warn';
  /** The resource it looks at. */
  readonly of: string;
  readonly database: string;
}

/** The restored server accepts this login. Without `user`, drillbook's own. */
export interface LoginCheck extends CheckCommon {
  readonly kind: 'login';
  readonly user?: string;
  readonly password?: SecretRef;
}

/** One query and what it must give. */
export interface SqlCheck extends CheckCommon {
  readonly kind: 'sql';
  readonly query: string;
  /** Table, or query in parentheses, whose rows are the population of a query that expects zero or nothing. */
  readonly over?: string;
  readonly expect: SqlExpectation;
  /** Show a text result in the report; otherwise only whether it matched. */
  readonly reveal: boolean;
}

export type SqlExpectation =
  | { readonly kind: 'equals'; readonly value: string | number | boolean }
  | { readonly kind: 'at-least' | 'at-most'; readonly value: number }
  | { readonly kind: 'between'; readonly low: number; readonly high: number }
  | { readonly kind: 'matches'; readonly pattern: string }
  | { readonly kind: 'empty' };

/** Rows of tables, counted by a forced sequential scan. */
export interface RowCountsCheck extends CheckCommon {
  readonly kind: 'row-counts';
  readonly tables: readonly RowCountExpectation[];
}

export interface RowCountExpectation {
  readonly table: string;
  readonly atLeast: number;
  readonly atMost?: number;
}

/** Every valid B-tree index and every heap of the database is sound, and no index is invalid. */
export interface StructureCheck extends CheckCommon {
  readonly kind: 'structure';
  /** Also that every heap row is in its index (slower). */
  readonly heapAllIndexed: boolean;
}

/** Counts, content hashes and schema are those of a manifest recorded from the living source. */
export interface ManifestCheck extends CheckCommon {
  readonly kind: 'manifest';
  /** Absolute path; `{recoveryPoint}` stands for the drawn point's id. */
  readonly file: string;
  /** Parts of tables that no longer change: recorded on their own, they hold for every later recovery point. */
  readonly bounded?: readonly { readonly table: string; readonly where: string }[];
}

/** The newest business timestamp in the restored data is recent enough; it is also the best source of the RPO. */
export interface FreshnessCheck extends CheckCommon {
  readonly kind: 'freshness';
  /** Gives one timestamp. */
  readonly query: string;
  /** How far it may lie before the recovery point's own moment. */
  readonly within: Millis;
}
