import { expect, test } from 'vitest';
import { type Damage, claimsOf, damageInWords } from '../../src/checks/damage.ts';
import type { CheckSpec } from '../../src/runbook/check-spec.ts';
import type { RestoreSpec } from '../../src/runbook/restore-spec.ts';
import { aRestore } from '../support/runbook-builder.ts';

const common = { id: 'c', name: 'c', purpose: 'integrity', severity: 'fail', of: 'orders', database: 'shop' } as const;
const sqlite: RestoreSpec = { ...files('orders'), kind: 'sqlite', database: 'main' };

function files(name: string): RestoreSpec & { kind: 'files' } {
  const recoveryPoint = { pick: { kind: 'random' }, to: { kind: 'backup-end' } } as const;
  return { name, kind: 'files', source: '/backups', needs: [], recoveryPoint, database: '' };
}

function damagesOf(check: CheckSpec, restore: RestoreSpec = aRestore('orders')): readonly Damage[] {
  return claimsOf([check], [restore]).map(({ damage }) => damage);
}

test('row counts claim to notice a dropped table, and of each table a row too few or, exact, 1 % of them', () => {
  const tables = [
    { table: 'log', atLeast: 0 },
    { table: 'orders', atLeast: 100 },
    { table: 'customers', atLeast: 50, atMost: 50 },
  ];
  expect(damagesOf({ ...common, kind: 'row-counts', tables })).toEqual([
    { kind: 'drop-table', table: 'orders' },
    { kind: 'delete-rows', table: 'orders', leave: 99 },
    { kind: 'delete-rows', table: 'customers' },
  ]);
});

test('a structure check claims to notice a changed byte, where its engine can see one', () => {
  const check: CheckSpec = { ...common, kind: 'structure', heapAllIndexed: false };
  expect(damagesOf(check)).toEqual([
    { kind: 'flip-byte', of: 'index' },
    { kind: 'flip-byte', of: 'table' },
  ]);
  expect(damagesOf(check, sqlite)).toEqual([{ kind: 'flip-byte', of: 'table' }]);
});

test('a manifest claims what it holds: all of it, its bounded rows alone, or files', () => {
  const check: CheckSpec = { ...common, kind: 'manifest', file: '/m.json' };
  expect(damagesOf(check)).toEqual([{ kind: 'drop-table' }, { kind: 'delete-rows' }, { kind: 'zero-page' }]);
  expect(damagesOf(check, sqlite)).toEqual([{ kind: 'drop-table' }, { kind: 'delete-rows' }]);
  const bounded = [{ table: 'orders', where: "placed_at < '2026-01-01'" }];
  expect(damagesOf({ ...check, bounded })).toEqual([{ kind: 'delete-rows', ...bounded[0] }]);
  expect(damagesOf(check, files('orders'))).toEqual([{ kind: 'missing-file' }, { kind: 'flip-byte', of: 'file' }]);
});

test('checks of files claim those that they name, and their least number', () => {
  const check: CheckSpec = { ...common, kind: 'files', atLeast: 10, contains: ['index.json'] };
  expect(damagesOf(check, files('orders'))).toEqual([
    { kind: 'missing-file', path: 'index.json' },
    { kind: 'missing-file', leave: 9 },
  ]);
});

test('references claim to notice that the files are gone which they lead to', () => {
  const check: CheckSpec = { ...common, kind: 'references', query: 'select path from a', in: 'uploads' };
  expect(claimsOf([check], [aRestore('orders'), files('uploads')])).toEqual([
    { check, damage: { kind: 'empty' }, of: 'uploads' },
  ]);
});

test('smoke checks, logins and connections claim nothing about data', () => {
  const checks: readonly CheckSpec[] = [
    { ...common, purpose: 'smoke', kind: 'structure', heapAllIndexed: false },
    { ...common, kind: 'login' },
    { ...common, kind: 'tcp' },
  ];
  expect(claimsOf(checks, [aRestore('orders')])).toEqual([]);
});

test.each<[Damage, string]>([
  [{ kind: 'drop-table' }, 'its largest table was dropped'],
  [{ kind: 'delete-rows', table: 'orders' }, "1 % of the rows of 'orders' were deleted"],
  [{ kind: 'delete-rows', table: 'orders', leave: 9 }, "all but 9 rows of 'orders' were deleted"],
  [{ kind: 'delete-rows', table: 'orders', where: 'paid' }, "1 % of the rows of 'orders' where paid were deleted"],
  [{ kind: 'empty' }, 'everything in it was deleted'],
  [{ kind: 'orphan' }, 'a row was deleted that others refer to'],
  [{ kind: 'zero-page' }, 'a page of its largest table was filled with zeros'],
  [{ kind: 'flip-byte', of: 'index' }, 'a byte of an index was changed'],
  [{ kind: 'flip-byte', of: 'table' }, 'a byte of a table was changed'],
  [{ kind: 'flip-byte', of: 'file' }, 'a byte of a file was changed'],
  [{ kind: 'missing-file' }, 'a file was deleted'],
  [{ kind: 'missing-file', path: 'a/b' }, "'a/b' was deleted"],
  [{ kind: 'missing-file', leave: 0 }, 'all but 0 files were deleted'],
])('%j in words', (damage, words) => {
  expect(damageInWords(damage)).toBe(words);
});
