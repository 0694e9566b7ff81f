import type { Millis } from '../support/time.ts';
import type { SecretRef } from './restore-spec.ts';

export type CheckSpec =
  | LoginCheck
  | SqlCheck
  | RowCountsCheck
  | StructureCheck
  | ForeignKeysCheck
  | ManifestCheck
  | FreshnessCheck
  | FilesCheck
  | ReferencesCheck
  | TcpCheck
  | HttpCheck
  | CommandCheck;

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
  /** Of a smoke check: observed again until it passes, or until the time is up. */
  readonly retry?: Retry;
}

export interface Retry {
  readonly every: Millis;
  /** Counted from the first observation; the check's own deadline ends it too. */
  readonly within: Millis;
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

/** Every valid B-tree index and every heap of the database is sound, and its catalog promises nothing that does not hold. */
export interface StructureCheck extends CheckCommon {
  readonly kind: 'structure';
  /** Also that every heap row is in its index (slower). */
  readonly heapAllIndexed: boolean;
  /** What the living source is known to have too, and is no fault of a backup. Absent in older journals. */
  readonly accept?: readonly AcceptedFault[];
}

/** Faults of a catalog that a source may have by intention. */
export type AcceptedFault =
  'unvalidated-constraints' | 'disabled-triggers' | 'sequences-behind' | 'collation-versions' | 'missing-extensions';

/** No row refers to a row that is not there, by every foreign key of the database. */
export interface ForeignKeysCheck extends CheckCommon {
  readonly kind: 'foreign-keys';
}

/** Counts, content hashes and schema (of files: names, sizes, hashes) are those recorded from the living source. */
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

/** So many files, and these among them, each readable to its end. Of a resource of kind `files`. */
export interface FilesCheck extends CheckCommon {
  readonly kind: 'files';
  /** Looked at: paths in the restored folder that match this glob; all of them without. */
  readonly glob?: string;
  readonly atLeast: number;
  readonly atMost?: number;
  /** Bytes in all of them together. */
  readonly bytesAtLeast?: number;
  /** Paths below the restored folder that must be files. */
  readonly contains: readonly string[];
}

/** Every path that a query gives is a file of another resource. */
export interface ReferencesCheck extends CheckCommon {
  readonly kind: 'references';
  /** Its first column names files, below the folder of `in`. */
  readonly query: string;
  /** A resource of kind `files`. */
  readonly in: string;
}

/** The restored server accepts a connection. */
export interface TcpCheck extends CheckCommon {
  readonly kind: 'tcp';
}

/** A program that is started on the restored data, in the sandbox, answers a request. */
export interface HttpCheck extends CheckCommon {
  readonly kind: 'http';
  readonly start: SandboxedProgram;
  /** Where it listens, on the loopback of a network of its own. */
  readonly port: number;
  /** Path and query of the request, from `/` on. */
  readonly path: string;
  readonly status: number;
  /** A regular expression that the body must match; the body is never shown. */
  readonly matches?: string;
}

/** A program that is run on the restored data, in the sandbox, ends as it must. */
export interface CommandCheck extends CheckCommon {
  readonly kind: 'command';
  readonly run: SandboxedProgram;
  readonly exitCode: number;
  /** A regular expression that its standard output must match. */
  readonly matches?: string;
  /** Show the end of its output in the report. */
  readonly reveal: boolean;
}

/** Run without a shell, and without any way out of the sandbox; it begins in the restored folder of files, else in an empty one. */
export interface SandboxedProgram {
  /** Program and arguments. */
  readonly argv: readonly string[];
  /** Absolute paths that it may read, besides the system's own programs and what was restored. */
  readonly reads: readonly string[];
  /** Environment, besides what tells it where the restored data is. */
  readonly env: Readonly<Record<string, string>>;
}
