import type { LocalRestore } from '../../../runbook/restore-spec.ts';
import type { LocalLevel } from '../../../runbook/runbook.ts';
import type { StartRequest } from '../../provider.ts';
import type { Endpoint, RestoreFacts } from '../../resource.ts';
import type { FolderLayout } from './folder-layout.ts';

/** A restore that this machine can do. */
export type LocalRequest<Spec extends LocalRestore = LocalRestore> = Extract<
  StartRequest,
  { readonly kind: 'restore' }
> & { readonly spec: Spec };

/** The text of `request.json`: what a restore's worker is told. */
export interface WorkerRequest<Spec extends LocalRestore = LocalRestore> {
  readonly request: LocalRequest<Spec>;
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

/** What the restore of one kind is given. `request.point.location` is where the backup lies on this machine's disk. */
export interface WorkerContext<Spec extends LocalRestore = LocalRestore> extends WorkerRequest<Spec> {
  readonly layout: FolderLayout;
  /** `PATH`, for tools. */
  readonly path: string | undefined;
  /** Environment of the worker, for secrets of repositories that lie there. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted when the worker is told to end. */
  readonly signal: AbortSignal;
  readonly progress: (progress: Progress) => void;
  /**
   * Called when nothing of the backup at `request.point.location` is read any more, also by a worker that is started again:
   * what was fetched for this restore alone then makes room. Absent of a backup that is read where it was made.
   */
  readonly releaseBackup?: () => Promise<void>;
}

/** A restored resource that can be looked at. */
export interface Restored {
  readonly endpoint: Endpoint;
  readonly facts: RestoreFacts;
  /** Absent where no process serves what was restored. */
  readonly server?: RunningServer;
}

/** A restored server that accepts connections. */
export interface RunningServer {
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** Ends it, and resolves when it has ended. */
  stop(): Promise<void>;
}
