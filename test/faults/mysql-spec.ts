import type { MysqlRestore } from '../../src/runbook/restore-spec.ts';

/** One recovery point of a source of MariaDB, with the database that these tests look at. */
export function mysqlSpec(source: string, id: string): MysqlRestore {
  const recoveryPoint = { pick: { kind: 'id', id }, to: { kind: 'backup-end' } } as const;
  return { name: 'shop', kind: 'mysql', source, needs: [], recoveryPoint, database: 'store' };
}
