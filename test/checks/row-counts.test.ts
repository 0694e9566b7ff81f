import { expect, it } from 'vitest';
import { rowCountsCheck } from '../../src/checks/row-counts.ts';
import type { TableCount } from '../../src/probe/observation.ts';
import { aContext, common, unreachableServer } from '../support/check-builder.ts';

const spec = {
  ...common,
  kind: 'row-counts' as const,
  tables: [
    { table: 'orders', atLeast: 100 },
    { table: 'refunds', atLeast: 0, atMost: 5 },
  ],
};

function judge(...counts: TableCount[]) {
  return rowCountsCheck.judge(spec, { kind: 'row-counts', counts }, aContext());
}

it('asks for every table it names', () => {
  expect(rowCountsCheck.prepare(spec, aContext())).toMatchObject({ tables: ['orders', 'refunds'] });
});

it('passes when every table lies within its bounds', () => {
  expect(judge({ table: 'orders', rows: 100 }, { table: 'refunds', rows: 0 })).toEqual({
    outcome: 'passed',
    observed: 'orders: 100 rows; refunds: 0 rows',
    expected: 'orders: at least 100; refunds: 0 to 5',
  });
});

it.each([
  ['too few rows', { table: 'orders', rows: 99 }, "'orders' has too few rows"],
  ['no such table', { table: 'orders' }, "'orders' is missing"],
  [
    'damage',
    { table: 'orders', fault: 'data_corrupted (XX001) in block 2' },
    "'orders' is damaged: data_corrupted (XX001) in block 2",
  ],
])('fails a table with %s', (_title, orders, because) => {
  expect(judge(orders, { table: 'refunds', rows: 1 })).toMatchObject({ outcome: 'failed', because });
});

it('fails a table with too many rows', () => {
  const judgement = judge({ table: 'orders', rows: 100 }, { table: 'refunds', rows: 6 });
  expect(judgement).toMatchObject({ outcome: 'failed', because: "'refunds' has too many rows" });
});

it('fails when the probe left a table out', () => {
  expect(judge({ table: 'orders', rows: 100 })).toMatchObject({ outcome: 'failed', because: "'refunds' is missing" });
});

it('is errored when this server could not read a table, unless another table failed', () => {
  const unreadable = { table: 'orders', unreadable: unreachableServer };
  expect(judge(unreadable, { table: 'refunds', rows: 1 })).toMatchObject({
    outcome: 'errored',
    problem: unreachableServer,
  });
  expect(judge(unreadable, { table: 'refunds', rows: 6 }).outcome).toBe('failed');
});

it('fails when all tables together hold no row, whatever the bounds', () => {
  const lax = { ...spec, tables: [{ table: 'orders', atLeast: 0 }] };
  const observation = { kind: 'row-counts' as const, counts: [{ table: 'orders', rows: 0 }] };
  expect(rowCountsCheck.judge(lax, observation, aContext())).toMatchObject({ outcome: 'failed' });
  expect(rowCountsCheck.judge({ ...spec, tables: [] }, observation, aContext()).outcome).toBe('failed');
});

it('is errored when the server is out of reach', () => {
  const judgement = rowCountsCheck.judge(spec, { kind: 'unobservable', problem: unreachableServer }, aContext());
  expect(judgement.outcome).toBe('errored');
});
