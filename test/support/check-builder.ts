import type { CheckContext } from '../../src/checks/check.ts';
import type { Manifest } from '../../src/checks/manifest-format.ts';
import type { Problem } from '../../src/diagnostics/problem.ts';
import type { CheckCommon, SqlCheck, SqlExpectation } from '../../src/runbook/check-spec.ts';

/** What every kind of check carries. */
export const common: CheckCommon = {
  id: 'a-check',
  name: 'a check',
  purpose: 'integrity',
  severity: 'fail',
  of: 'orders',
  database: 'shop',
};

/** An sql check; `change` replaces what a test is about. */
export function anSqlCheck(expect: SqlExpectation, change: Partial<SqlCheck> = {}): SqlCheck {
  return { ...common, kind: 'sql', query: 'select 1', expect, reveal: false, ...change };
}

/** A restore of `monday` to the backup's own end. */
export function aContext(change: Partial<CheckContext> = {}): CheckContext {
  return {
    restored: { recoveryPointId: 'monday', target: { kind: 'backup-end' }, lsn: '0/5000000' },
    capturedAt: '2026-11-16T03:00:00.000Z',
    ...change,
  };
}

/** A manifest of `monday`: two tables and, when asked, one bounded entry. */
export function aManifest(
  change: { moment?: Partial<Manifest['moment']>; contents?: Partial<Manifest['contents']> } = {},
): Manifest {
  return {
    manifest: 1,
    database: 'shop',
    moment: { at: '2026-11-16T03:00:00.000Z', lsn: '0/4000000', recoveryPointId: 'monday', ...change.moment },
    contents: {
      engineMajor: '18',
      schemaFingerprint: 'aaaa',
      schemaParts: { columns: '1', functions: '2' },
      tables: [
        { table: 'public.customers', rows: 10, contentHash: '111' },
        { table: 'public.orders', rows: 40_000, contentHash: '222' },
      ],
      bounded: [],
      ...change.contents,
    },
  };
}

export const unreachableServer: Problem = {
  code: 'check/connection-lost',
  message: "unable to look at database 'shop': the server cannot be reached",
  hint: 'Look.',
  blames: 'environment',
};

export const corruptedData: Problem = {
  code: 'check/data-corrupted',
  message: "unable to read database 'shop': the server met data_corrupted (XX001) in block 2",
  hint: 'Look.',
  blames: 'backup',
};
