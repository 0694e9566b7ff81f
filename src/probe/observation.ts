import type { Problem } from '../diagnostics/problem.ts';
import type { SecretRef } from '../runbook/runbook.ts';
import type { Instant } from '../support/time.ts';

/** What a check wants looked at. JSON, so that a probe elsewhere can be sent it. */
export type ObservationRequest = DatabaseRequest | NameRequest;

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
      readonly faults: readonly { readonly relation: string; readonly fault: string }[];
      /** What this server could not look at, for reasons that say nothing about the backup. */
      readonly unreadable?: readonly { readonly relation: string; readonly problem: Problem }[];
    }
  | { readonly kind: 'contents'; readonly contents: Contents }
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
