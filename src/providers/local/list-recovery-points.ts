import type { RecoveryPointListing } from '../../catalog/recovery-point.ts';
import type { LocalRestore } from '../../runbook/restore-spec.ts';
import { listFileSets } from './files/list-file-sets.ts';
import { listMysqlBackups } from './mysql/list-mysql-backups.ts';
import { listBaseBackups } from './postgres/list-base-backups.ts';
import { listDumps } from './postgres-dump/list-dumps.ts';
import { listRepository } from './repository/list-repository.ts';
import { listDatabases } from './sqlite/list-databases.ts';
import { unreachable } from '../../support/unreachable.ts';

/** All recovery points of a source on this machine, by the way of its kind; reads only. */
export async function listLocalRecoveryPoints(spec: LocalRestore, signal: AbortSignal): Promise<RecoveryPointListing> {
  if (spec.repository) return listRepository(spec, process.env, signal);
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
