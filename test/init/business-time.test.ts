import { expect, it } from 'vitest';
import { type MomentColumn, likelyBusinessTimes } from '../../src/init/business-time.ts';

function column(called: string, changes: Partial<MomentColumn> = {}): MomentColumn {
  return { table: 'orders', column: called, called, rows: 10, hasDefault: false, isIndexed: false, ...changes };
}

function orderOf(...columns: readonly MomentColumn[]): readonly string[] {
  return likelyBusinessTimes(columns).map(({ table, called }) => `${table}.${called}`);
}

it('business time is what is set when a row is written, by its name, with a default or an index rather than without', () => {
  const columns = [column('updated_at'), column('placed_at'), column('seen_at', { hasDefault: true, isIndexed: true })];
  expect(orderOf(...columns)).toEqual(['orders.seen_at', 'orders.placed_at', 'orders.updated_at']);
});

it('business time of two alike is that of the larger table', () => {
  expect(orderOf(column('created_at', { table: 'a' }), column('created_at', { table: 'b', rows: 11 }))).toEqual([
    'b.created_at',
    'a.created_at',
  ]);
});

it.each(['expires_at', 'valid_until', 'due_on', 'deleted_at', 'birth_date', 'scheduled_at', 'name'])(
  'business time is never %s',
  (called) => {
    expect(orderOf(column(called, { hasDefault: true, isIndexed: true }))).toEqual([]);
  },
);

it('business time is in no empty table', () => {
  expect(orderOf(column('created_at', { rows: 0 }))).toEqual([]);
});
