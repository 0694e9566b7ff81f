import { restoreFiles } from '../files/restore.ts';
import { restoreMysql } from '../mysql/restore.ts';
import { restoreBaseBackup } from '../postgres/restore.ts';
import { restoreDump } from '../postgres-dump/restore-dump.ts';
import { restoreFromRepository } from '../repository/restore-from-repository.ts';
import { restoreDatabase } from '../sqlite/restore.ts';
import type { LocalRestore } from '../../../runbook/restore-spec.ts';
import type { Restored, WorkerContext } from './worker-context.ts';
import { unreachable } from '../../../support/unreachable.ts';

/**
 * Restores by the way of the resource's kind, and serves what was restored. Repeatable at any point: what an earlier worker
 * finished in the folder (`once` of phases.ts) is kept, so that the copy is made once.
 *
 * @throws ProblemError for whatever the world did not allow; then no server is left
 */
export async function restoreOfKind(context: WorkerContext): Promise<Restored> {
  const { spec } = context.request;
  if (spec.repository) return restoreFromRepository(context, restoreOfKind);
  switch (spec.kind) {
    case 'postgres':
      return restoreBaseBackup(narrowed(context, spec));
    case 'postgres-dump':
      return restoreDump(narrowed(context, spec));
    case 'files':
      return restoreFiles(narrowed(context, spec));
    case 'sqlite':
      return restoreDatabase(narrowed(context, spec));
    case 'mysql':
      return restoreMysql(narrowed(context, spec));
    default:
      return unreachable(spec);
  }
}

function narrowed<Spec extends LocalRestore>(context: WorkerContext, spec: Spec): WorkerContext<Spec> {
  return { ...context, request: { ...context.request, spec } };
}
