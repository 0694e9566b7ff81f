import type { PostgresDumpRestore } from '../../../runbook/restore-spec.ts';
import type { FoundServer } from '../postgres/server-binaries.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import type { DumpForm } from './dump-form.ts';

/** What every part of the restore of a dump needs to know. */
export interface DumpContext extends WorkerContext<PostgresDumpRestore> {
  readonly form: DumpForm;
  readonly server: FoundServer & { readonly kind: 'found' };
}
