import type { RecoveryPointListing } from '../../../catalog/recovery-point.ts';
import type { LocalRestore } from '../../../runbook/restore-spec.ts';
import { listPgBackRestBackups } from './list-pgbackrest-backups.ts';
import { listSnapshots } from './list-snapshots.ts';
import { type Environment, openRepository } from './open-repository.ts';

/**
 * All recovery points of a backup tool's repository on this machine, as the tool lists them; reads only.
 *
 * @param env for `PATH`, and for a secret that lies there
 * @throws ProblemError when the tool is missing, the repository cannot be read or its secret is wrong
 */
export async function listRepository(
  spec: LocalRestore,
  env: Environment,
  signal: AbortSignal,
): Promise<RecoveryPointListing> {
  const repository = await openRepository(spec, env, signal);
  return spec.repository?.tool === 'restic'
    ? listSnapshots(spec, spec.repository, repository)
    : listPgBackRestBackups(spec, repository);
}
