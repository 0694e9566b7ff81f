import type { Problem } from '../diagnostics/problem.ts';
import type { RecoveryTarget } from '../runbook/restore-spec.ts';
import type { IsolationLevel } from '../runbook/runbook.ts';
import type { Instant, Millis } from '../support/time.ts';

/** Something a drill made. `id` is the provider's name of it: a folder, an ARN. */
export interface Resource {
  readonly provider: string;
  readonly type: string;
  readonly id: string;
  /** The runbook's name for it, or `sandbox`. */
  readonly name: string;
  readonly token: string;
}

/** Where a restored resource answers, and who can reach it. Holds no secret. */
export type Endpoint = LocalEndpoint | RdsEndpoint;

/** What a restore on this machine can be looked at by. */
export type LocalEndpoint = LocalPostgresEndpoint | LocalMysqlEndpoint | SqliteEndpoint | FilesEndpoint;

/** A MariaDB or MySQL server on this machine. Credentials are read from the 0600 file it names. */
export interface LocalMysqlEndpoint {
  readonly kind: 'mysql';
  /** Path of the unix socket. */
  readonly socket: string;
  readonly credentialsFile: string;
}

/** A SQLite database, of which nobody else has a handle open. */
export interface SqliteEndpoint {
  readonly kind: 'sqlite';
  readonly file: string;
}

/** Restored files, below a folder of the sandbox. */
export interface FilesEndpoint {
  readonly kind: 'files';
  readonly folder: string;
  /** Lines of JSON `[path, mode]`: permission bits that the backup has, and that would keep the owner from reading. */
  readonly trueModes?: string;
}

/** A database in a VPC that only the sandbox's own probe reaches. */
export interface RdsEndpoint {
  readonly kind: 'rds';
  readonly engine: 'postgres' | 'mysql';
  readonly address: string;
  readonly port: number;
  /** Secrets Manager's ARN of the master user's name and password, as RDS keeps them. */
  readonly secretArn: string;
  /** Name of the Lambda function that probes from inside. */
  readonly probe: string;
}

/** A PostgreSQL server on this machine. Credentials are read from the 0600 file it names. */
export interface LocalPostgresEndpoint {
  readonly kind: 'postgres';
  /** Folder of the unix socket. */
  readonly host: string;
  readonly port: number;
  readonly superuser: string;
  readonly credentialsFile: string;
}

/** The moment a restore reached. */
export interface RestoredMoment {
  readonly recoveryPointId: string;
  readonly target: RecoveryTarget;
  /** End of the last replayed WAL record, as PostgreSQL prints it. */
  readonly lsn?: string;
}

/** A moment up to which data is known to be present, and how that is known. Best sources first. */
export interface DataMoment {
  readonly source: 'query' | 'last-replayed-transaction' | 'recovery-point';
  readonly at: Instant;
  /** How far off `at` can be. */
  readonly error: Millis;
}

/** What a restore found out on its way. JSON-serialisable. */
export interface RestoreFacts {
  readonly moment: RestoredMoment;
  readonly dataMoments: readonly DataMoment[];
  readonly engineVersion: string;
  /** What was really copied or read; absent where the service tells only what it allocated. */
  readonly bytesRestored?: number;
  /** Parts of the restore, in order, as the worker timed them. */
  readonly spans: readonly { readonly name: string; readonly startedAt: Instant; readonly took: Millis }[];
  /** Settings that make the figures special, e.g. `fsync=off`. */
  readonly settings: readonly string[];
  /** What was found but did not stop the restore. */
  readonly warnings: readonly Problem[];
}

/** One attempt to get out, or one look at a boundary. */
export interface IsolationProof {
  /** What must be true, as a sentence. */
  readonly claim: string;
  readonly method: string;
  readonly expected: string;
  readonly observed: string;
  readonly holds: boolean;
}

export interface IsolationEvidence {
  readonly level: IsolationLevel;
  readonly proofs: readonly IsolationProof[];
}
