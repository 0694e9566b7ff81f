import type { Problem } from '../diagnostics/problem.ts';
import type { SecretRef } from '../runbook/runbook.ts';
import type { Instant } from '../support/time.ts';

/** What a check wants looked at. JSON, so that a probe elsewhere can be sent it. */
export type ObservationRequest =
  | { readonly kind: 'login'; readonly database: string; readonly user?: string; readonly password?: SecretRef }
  | { readonly kind: 'sql'; readonly database: string; readonly query: string; readonly over?: string }
  | { readonly kind: 'row-counts'; readonly database: string; readonly tables: readonly string[] }
  | { readonly kind: 'structure'; readonly database: string; readonly heapAllIndexed: boolean }
  | { readonly kind: 'contents'; readonly database: string; readonly bounded: readonly BoundedEntry[] }
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
    }
  | { readonly kind: 'contents'; readonly contents: Contents }
  | { readonly kind: 'freshness'; readonly newestAt?: Instant };

/** `rows` is absent where the table does not exist; `fault` where it could not be read to its end. */
export interface TableCount {
  readonly table: string;
  readonly rows?: number;
  readonly fault?: string;
}

/** Counts, hashes and names of all that a database holds. */
export interface Contents {
  readonly engineMajor: string;
  readonly schemaFingerprint: string;
  readonly tables: readonly TableContents[];
  readonly bounded: readonly (TableContents & { readonly where: string })[];
}

export interface TableContents {
  readonly table: string;
  readonly rows?: number;
  readonly contentHash?: string;
  readonly fault?: string;
}
