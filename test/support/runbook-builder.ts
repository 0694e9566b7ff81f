import type { RecoveryPoint } from '../../src/catalog/recovery-point.ts';
import type { CheckSpec } from '../../src/runbook/check-spec.ts';
import type { PostgresRestore, RestoreSpec } from '../../src/runbook/restore-spec.ts';
import type { Runbook } from '../../src/runbook/runbook.ts';

/** A valid restore of `name`; `change` replaces what a test is about. */
export function aRestore(name: string, change: Partial<PostgresRestore> = {}): PostgresRestore {
  return {
    name,
    kind: 'postgres',
    source: `/backups/${name}`,
    needs: [],
    recoveryPoint: { pick: { kind: 'random' }, to: { kind: 'backup-end' } },
    database: 'postgres',
    superuser: 'postgres',
    preload: [],
    ...change,
  };
}

/** A smoke check that `of` accepts logins. */
function aLoginCheck(of: string): CheckSpec {
  const name = `${of} accepts logins`;
  return {
    id: `${of}-accepts-logins`,
    name,
    purpose: 'smoke',
    severity: 'fail',
    of,
    database: 'postgres',
    kind: 'login',
  };
}

/** An integrity check that expects zero orphans in `of`. */
function anOrphanCheck(of: string): CheckSpec {
  return {
    id: `${of}-has-no-orphans`,
    name: `${of} has no orphans`,
    purpose: 'integrity',
    severity: 'fail',
    of,
    database: 'postgres',
    kind: 'sql',
    query: 'select count(*) from orphans',
    over: 'orders',
    expect: { kind: 'equals', value: 0 },
    reveal: false,
  };
}

/** A valid runbook for the memory provider that restores and checks `names`. */
export function aRunbook(restores: readonly RestoreSpec[], change: Partial<Runbook> = {}): Runbook {
  return {
    name: 'shop',
    file: '/runbooks/shop.yaml',
    tags: [],
    objectives: { rto: { target: 900_000, until: 'verified' }, rpo: { target: 3_600_000 } },
    sandbox: { provider: 'memory', expiresAfter: 7_200_000, minimumIsolation: 'L2', folder: '/sandboxes' },
    limits: { concurrency: 2, drill: 3_600_000, restore: 600_000, check: 60_000, teardown: 600_000 },
    restore: restores,
    checks: restores.flatMap(({ name }) => [aLoginCheck(name), anOrphanCheck(name)]),
    ...change,
  };
}

/** A recovery point captured `hour` hours into 19 November 2026. */
export function aRecoveryPoint(source: string, id: string, hour: number): RecoveryPoint {
  const capturedAt = new Date(Date.parse('2026-11-19T00:00:00.000Z') + hour * 3_600_000).toISOString();
  return {
    id,
    provider: 'memory',
    kind: 'postgres',
    location: `${source}/${id}`,
    capturedAt,
    capturedAtSource: 'the test',
    availableAt: capturedAt,
    consistency: 'application',
    format: 'base backup (plain)',
    engine: { name: 'postgres', version: '18' },
    tags: [],
  };
}
