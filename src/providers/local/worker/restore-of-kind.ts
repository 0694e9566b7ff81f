import type { LocalRestore } from '../../../runbook/restore-spec.ts';
import type { Restored, WorkerContext } from './worker-context.ts';
import { unreachable } from '../../../support/unreachable.ts';

/**
 * Restores by the way of the resource's kind, and serves what was restored. Repeatable at any point: what an earlier worker
 * finished in the folder (`once` of phases.ts) is kept, so that the copy is made once. Only the way that is needed is loaded:
 * all of them would take longer to load than many a restore.
 *
 * @throws ProblemError for whatever the world did not allow; then no server is left
 */
export async function restoreOfKind(context: WorkerContext): Promise<Restored> {
  const { spec } = context.request;
  if (spec.repository) {
    const { restoreFromRepository } = await import('../repository/restore-from-repository.ts');
    return restoreFromRepository(context, restoreOfKind);
  }
  switch (spec.kind) {
    case 'postgres':
      return (await import('../postgres/restore.ts')).restoreBaseBackup(narrowed(context, spec));
    case 'postgres-dump':
      return (await import('../postgres-dump/restore-dump.ts')).restoreDump(narrowed(context, spec));
    case 'files':
      return (await import('../files/restore.ts')).restoreFiles(narrowed(context, spec));
    case 'sqlite':
      return (await import('../sqlite/restore.ts')).restoreDatabase(narrowed(context, spec));
    case 'mysql':
      return (await import('../mysql/restore.ts')).restoreMysql(narrowed(context, spec));
    default:
      return unreachable(spec);
  }
}

function narrowed<Spec extends LocalRestore>(context: WorkerContext, spec: Spec): WorkerContext<Spec> {
  return { ...context, request: { ...context.request, spec } };
}
