import type { PostgresRestore } from '../../../runbook/restore-spec.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import type { BackupForm } from './backup-form.ts';
import type { FoundServer } from './server-binaries.ts';

/** What every part of the restore of a base backup needs to know. */
export interface RestoreContext extends WorkerContext<PostgresRestore> {
  readonly form: BackupForm;
  readonly server: FoundServer & { readonly kind: 'found' };
}
