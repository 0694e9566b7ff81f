import type { StartRequest } from '../../provider.ts';
import type { PostgresRestore } from '../../../runbook/restore-spec.ts';
import type { LocalLevel } from '../../../runbook/runbook.ts';
import type { BackupForm } from './backup-form.ts';
import type { FolderLayout } from './folder-layout.ts';
import type { FoundServer } from './server-binaries.ts';

/** A restore of a kind that this machine can do. */
export type PostgresRequest = Extract<StartRequest, { readonly kind: 'restore' }> & { readonly spec: PostgresRestore };

/** The text of `request.json`: what a restore's worker is told. */
export interface WorkerRequest {
  readonly request: PostgresRequest;
  readonly level: LocalLevel;
  /** Folders to look for PostgreSQL in, instead of the well-known ones. */
  readonly postgresDirs?: readonly string[];
}

/** How far a worker has come; shown to people while they wait. */
export interface Progress {
  readonly detail: string;
  readonly bytesDone?: number;
  readonly bytesTotal?: number;
}

/** What every part of one restore needs to know. */
export interface RestoreContext extends WorkerRequest {
  readonly layout: FolderLayout;
  readonly form: BackupForm;
  readonly server: FoundServer & { readonly kind: 'found' };
  /** Aborted when the worker is told to end. */
  readonly signal: AbortSignal;
  readonly progress: (progress: Progress) => void;
}
