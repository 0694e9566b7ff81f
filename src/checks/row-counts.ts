import type { TableCount } from '../probe/observation.ts';
import type { RowCountExpectation, RowCountsCheck } from '../runbook/check-spec.ts';
import type { CheckKind } from './check.ts';
import { counted, firstFew, notAsked, notObserved } from './judgements.ts';

/** Rows of tables, each between two bounds. Together they must hold at least one row, else nothing was observed. */
export const rowCountsCheck: CheckKind<RowCountsCheck> = {
  prepare({ database, tables }) {
    return { kind: 'row-counts', database, tables: tables.map(({ table }) => table) };
  },
  judge({ tables }, observation) {
    const expected = firstFew(tables.map(expectationOf));
    if (observation.kind !== 'row-counts') return notAsked(observation, expected);
    const counts = tables.map(({ table }) => observation.counts.find((count) => count.table === table) ?? { table });
    const observed = firstFew(counts.map(observedOf));
    const wrong = tables.flatMap((expectation, index) => {
      const because = unmetBecause(expectation, counts[index]);
      return because === undefined ? [] : [because];
    });
    if (wrong.length > 0) return { outcome: 'failed', observed, expected, because: firstFew(wrong) };
    const unreadable = counts.find((count) => 'unreadable' in count)?.unreadable;
    if (unreadable) return { ...notObserved(unreadable, expected), observed };
    const total = counts.reduce((sum, { rows = 0 }) => sum + rows, 0);
    if (total === 0) return { outcome: 'failed', observed, expected, because: 'no row was observed in any table' };
    return { outcome: 'passed', observed, expected };
  },
};

function unmetBecause({ table, atLeast, atMost }: RowCountExpectation, count?: TableCount): string | undefined {
  if (count?.unreadable) return undefined;
  if (count?.fault !== undefined) return `'${table}' is damaged: ${count.fault}`;
  if (count?.rows === undefined) return `'${table}' is missing`;
  if (count.rows < atLeast) return `'${table}' has too few rows`;
  return atMost !== undefined && count.rows > atMost ? `'${table}' has too many rows` : undefined;
}

function observedOf({ table, rows, fault, unreadable }: TableCount): string {
  if (fault !== undefined) return `${table}: damaged`;
  if (unreadable) return `${table}: not readable here`;
  return rows === undefined ? `${table}: missing` : `${table}: ${counted(rows, 'row')}`;
}

function expectationOf({ table, atLeast, atMost }: RowCountExpectation): string {
  return atMost === undefined ? `${table}: at least ${atLeast}` : `${table}: ${atLeast} to ${atMost}`;
}
