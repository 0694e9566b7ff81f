import type { RecoveryPointListing } from '../../catalog/recovery-point.ts';
import type { LocalRestore } from '../../runbook/restore-spec.ts';
import { listFileSets } from './files/list-file-sets.ts';
import { listMysqlBackups } from './mysql/list-mysql-backups.ts';
import { listBaseBackups } from './postgres/list-base-backups.ts';
import { listDumps } from './postgres-dump/list-dumps.ts';
import { listRepository } from './repository/list-repository.ts';
import type { Environment } from './repository/open-repository.ts';
import { listDatabases } from './sqlite/list-databases.ts';
import { unreachable } from '../../support/unreachable.ts';

/**
 * Lists all recovery points of sources on this machine, folders and repositories of backup tools; reads only.
 *
 * @param env for the tools' `PATH`, and for secrets that lie there
 */
export function localLister(
  env: Environment,
): (spec: LocalRestore, signal: AbortSignal) => Promise<RecoveryPointListing> {
  return async (spec, signal) =>
    spec.repository ? listRepository(spec, env, signal) : listLocalRecoveryPoints(spec, signal);
}

/** All recovery points of a source that is no repository of a backup tool, by the way of its kind; reads only. */
export async function listLocalRecoveryPoints(spec: LocalRestore, signal: AbortSignal): Promise<RecoveryPointListing> {
  if (spec.repository) throw new Error(`the source of '${spec.name}' is a repository: only its tool lists it`);
  switch (spec.kind) {
    case 'postgres':
      return listBaseBackups(spec, signal);
    case 'postgres-dump':
      return listDumps(spec, signal);
    case 'files':
      return listFileSets(spec, signal);
    case 'sqlite':
      return listDatabases(spec, signal);
    case 'mysql':
      return listMysqlBackups(spec, signal);
    default:
      return unreachable(spec);
  }
}
