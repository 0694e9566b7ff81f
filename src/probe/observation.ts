import type { Problem } from '../diagnostics/problem.ts';
import type { AcceptedFault, SandboxedProgram } from '../runbook/check-spec.ts';
import type { FilesEndpoint } from '../providers/resource.ts';
import type { SecretRef } from '../runbook/restore-spec.ts';
import type { Instant, Millis } from '../support/time.ts';

/** What a check wants looked at. JSON, so that a probe elsewhere can be sent it. */
export type ObservationRequest =
  DatabaseRequest | ReferencesRequest | FilesRequest | ConnectionRequest | ProgramRequest | NameRequest;

/** Rows that refer to rows that are not there, by every foreign key of a database. */
export interface ForeignKeysRequest {
  readonly kind: 'foreign-keys';
  readonly database: string;
}

/** Which of the paths that a query gives are files below a restored folder. */
export interface ReferencesRequest {
  readonly kind: 'references';
  readonly database: string;
  readonly query: string;
  /** Where those files were restored: the engine adds it, since no check knows it. */
  readonly within?: FilesEndpoint;
}

/** What is looked at in restored files. */
export type FilesRequest =
  | { readonly kind: 'files'; readonly glob?: string; readonly contains: readonly string[] }
  /** Every file, with its hash. */
  | { readonly kind: 'tree' };

/** Whether the restored server accepts a connection. */
export interface ConnectionRequest {
  readonly kind: 'tcp';
}

/** What a program does that is run on the restored data, in the sandbox. */
export type ProgramRequest =
  | {
      readonly kind: 'http';
      readonly start: SandboxedProgram;
      readonly port: number;
      readonly path: string;
      /** Longest that an answer is waited for; a minute unless said. */
      readonly patience?: Millis;
      /** Of a server: the one that the program is told of. */
      readonly database?: string;
    }
  | { readonly kind: 'command'; readonly run: SandboxedProgram; readonly database?: string };

/** What the resolver of the sandbox answers for a name. */
export interface NameRequest {
  readonly kind: 'dns';
  readonly name: string;
}

/** What is looked at in a database. */
export type DatabaseRequest =
  | { readonly kind: 'login'; readonly database: string; readonly user?: string; readonly password?: SecretRef }
  | { readonly kind: 'sql'; readonly database: string; readonly query: string; readonly over?: string }
  | { readonly kind: 'row-counts'; readonly database: string; readonly tables: readonly string[] }
  | { readonly kind: 'structure'; readonly database: string; readonly heapAllIndexed: boolean }
  | ForeignKeysRequest
  | {
      readonly kind: 'contents';
      readonly database: string;
      readonly bounded: readonly BoundedEntry[];
      /** `bounded`: read those entries only, and no table as a whole. Default `all`. */
      readonly scope?: 'all' | 'bounded';
    }
  | { readonly kind: 'freshness'; readonly database: string; readonly query: string };

/** A part of a table that no longer changes, e.g. `where: created_at < '2026-01-01'`. */
export interface BoundedEntry {
  readonly table: string;
  readonly where: string;
}

/** What a probe saw. `unobservable`: it could not look, which is never a pass. Values stay in memory. */
export type Observation =
  | { readonly kind: 'unobservable'; readonly problem: Problem }
  | { readonly kind: 'login'; readonly accepted: boolean; readonly refusal?: string }
  | {
      readonly kind: 'sql';
      readonly rows: number;
      /** First column of the first row. */
      readonly value: string | number | boolean | null;
      readonly population?: number;
    }
  | { readonly kind: 'row-counts'; readonly counts: readonly TableCount[] }
  | {
      readonly kind: 'structure';
      readonly indexesChecked: number;
      readonly heapsChecked: number;
      readonly faults: readonly StructureFault[];
      /** How the database encodes its text; absent in observations of older probes. */
      readonly encoding?: string;
      /** What this server could not look at, for reasons that say nothing about the backup. */
      readonly unreadable?: readonly { readonly relation: string; readonly problem: Problem }[];
    }
  | {
      readonly kind: 'foreign-keys';
      readonly keysChecked: number;
      /** Rows of all tables that have a foreign key. */
      readonly rows: number;
      readonly orphans: readonly { readonly table: string; readonly key: string; readonly rows: number }[];
      /** Keys that this server could not follow, for reasons that say nothing about the backup. */
      readonly unreadable?: readonly { readonly relation: string; readonly problem: Problem }[];
    }
  | { readonly kind: 'contents'; readonly contents: Contents }
  | { readonly kind: 'references'; readonly named: number; readonly missing: number }
  | {
      readonly kind: 'files';
      /** Files that match, each read to its end, and their bytes. */
      readonly files: number;
      readonly bytes: number;
      readonly missing: readonly string[];
      /** What is damaged, so that it could not be read to its end. */
      readonly faults: readonly { readonly path: string; readonly fault: string }[];
    }
  | { readonly kind: 'tree'; readonly entries: readonly TreeEntry[] }
  | { readonly kind: 'tcp'; readonly accepted: boolean; readonly refusal?: string }
  | {
      readonly kind: 'http';
      readonly answer:
        | {
            readonly kind: 'answered';
            readonly status: number;
            /** Its beginning, at most 1 MiB. */ readonly body: string;
          }
        | { readonly kind: 'silent'; readonly because: string };
    }
  | {
      readonly kind: 'command';
      readonly end:
        { readonly kind: 'exited'; readonly code: number } | { readonly kind: 'killed'; readonly signal: string };
      /** Its beginning, at most 1 MiB. */
      readonly stdout: string;
      /** Bytes of standard output beyond that. */
      readonly discarded?: number;
      /** The end of what it wrote on standard error: at most 2 kB, without anything secret that it was given. */
      readonly complaint: string;
    }
  | {
      readonly kind: 'freshness';
      readonly newestAt?: Instant;
      /** The server's own clock when it was asked. */
      readonly observedAt?: Instant;
    }
  | {
      readonly kind: 'dns';
      /** What the name is an alias of, without a dot at the end; empty when it is none. */
      readonly names: readonly string[];
      readonly addresses: readonly string[];
    };

/** Something unsound. With a class, it may be so in the living source by intention; without, it is damage. */
export interface StructureFault {
  readonly relation: string;
  readonly fault: string;
  readonly class?: AcceptedFault;
}

/** `rows` is absent where the table does not exist, is damaged or could not be read. */
export interface TableCount {
  readonly table: string;
  readonly rows?: number;
  /** What is damaged, so that it could not be read to its end. */
  readonly fault?: string;
  /** What kept this server from reading it, for reasons that say nothing about the backup. */
  readonly unreadable?: Problem;
}

/** Counts, hashes and names of all that a database holds. */
export interface Contents {
  /** e.g. `18`. Fingerprints of different majors are not comparable. */
  readonly engineMajor: string;
  /** SHA-256, hex, of all parts of the schema. */
  readonly schemaFingerprint: string;
  /** A hash for each part of the schema (`columns`, `functions`, …), to tell which one differs. */
  readonly schemaParts?: Readonly<Record<string, string>>;
  readonly tables: readonly TableContents[];
  readonly bounded: readonly (TableContents & { readonly where: string })[];
}

/** `contentHash` does not depend on the order of rows. */
export interface TableContents extends TableCount {
  readonly contentHash?: string;
}

/** A file of a restored tree. `path`: from the restored folder on, with `/` between its parts. */
export interface TreeEntry {
  readonly path: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
  /** Permission bits. */
  readonly mode: number;
}
