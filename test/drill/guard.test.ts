import { expect, test } from 'vitest';
import { type DescribedResource, refusalToRemove } from '../../src/drill/guard.ts';
import type { RemovalPermit } from '../../src/providers/provider.ts';

const resource = { provider: 'memory', type: 'restore', id: 'r1', name: 'orders', token: 't1' };
const described: DescribedResource = {
  resource,
  mark: { drillId: 'd1', expiresAt: '2026-11-20T05:00:00.000Z', proof: 'p' },
  expectedProof: 'p',
  createdAt: '2026-11-20T03:00:10.000Z',
  isSource: false,
};
const sandbox = {
  provider: 'memory',
  expiresAt: '2026-11-20T05:00:00.000Z',
  minimumIsolation: 'L2',
  folder: '/s',
} as const;
const own: RemovalPermit = {
  kind: 'own-drill',
  drill: { drillId: 'd1', startedAt: '2026-11-20T03:00:00.000Z', sandbox, sources: [] },
  ledger: [resource],
};
const expired: RemovalPermit = { kind: 'expired', now: '2026-11-20T05:10:00.000Z', margin: 300_000 };

test('what a drill made, marked, and holds in its journal may be removed', () => {
  expect(refusalToRemove(described, own)).toBeUndefined();
});

test('what has expired, margin included, may be swept without a journal', () => {
  expect(refusalToRemove(described, expired)).toBeUndefined();
  expect(refusalToRemove(described, { ...expired, now: '2026-11-20T05:04:59.000Z' })).toBeDefined();
});

const { mark: _mark, ...unmarked } = described;
const { createdAt: _createdAt, ...undated } = described;

test('what carries a proof that is given in a creating call alone, and once, needs no age', () => {
  expect(refusalToRemove({ ...undated, proofIsUnique: true }, own)).toBeUndefined();
  expect(refusalToRemove({ ...undated, proofIsUnique: true, expectedProof: 'another' }, own)).toBeDefined();
  expect(
    refusalToRemove({ ...described, proofIsUnique: true, createdAt: '2026-11-20T02:59:00.000Z' }, own),
  ).toBeDefined();
});

test.each<[string, DescribedResource, RemovalPermit]>([
  ['without a mark', unmarked, own],
  ['without a mark, for a sweep', unmarked, expired],
  ['with a copied mark', { ...described, expectedProof: 'another' }, own],
  ['with a copied mark, for a sweep', { ...described, expectedProof: 'another' }, expired],
  [
    'with empty proofs on both sides',
    { ...described, expectedProof: '', mark: { ...described.mark!, proof: '' } },
    own,
  ],
  ['whose age nobody knows', undated, own],
  ['whose age nobody knows, for a sweep', undated, expired],
  ['that is older than the drill', { ...described, createdAt: '2026-11-20T02:59:00.000Z' }, own],
  ['of another drill', { ...described, mark: { ...described.mark!, drillId: 'd2' } }, own],
  ['that the journal does not hold', described, { ...own, ledger: [] }],
  ['whose token the journal does not hold', described, { ...own, ledger: [{ ...resource, token: 't2' }] }],
  ['that is a source', { ...described, isSource: true }, own],
  ['that is a source, for a sweep', { ...described, isSource: true }, expired],
])('refuses to remove something %s', (_name, thing, permit) => {
  expect(refusalToRemove(thing, permit)).toMatchObject({ code: 'guard/refused-removal' });
});
