import { describe, expect, it } from 'vitest';
import { takeTables } from '../../../../src/providers/local/postgres-dump/share-out.ts';

const tables = (...weights: number[]): { id: string; weight: number }[] =>
  weights.map((weight, index) => ({ id: String(index), weight }));

describe('tables that a load takes next', () => {
  it('are one when that weighs as much as its share', () => {
    expect(takeTables(tables(90, 5, 5), 2)).toEqual(['0']);
  });

  it('are many when they are light, and fewer the fewer are left', () => {
    const left = tables(...Array.from({ length: 80 }, () => 1));
    const sizes: number[] = [];
    while (left.length > 0) sizes.push(takeTables(left, 2).length);
    expect(sizes[0]).toBe(10);
    expect(sizes.at(-1)).toBe(1);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(80);
  });
});
