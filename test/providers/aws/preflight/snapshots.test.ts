import { expect, it } from 'vitest';
import { type SnapshotAhead, judgeSnapshot } from '../../../../src/providers/aws/preflight/snapshots.ts';

const THERE: SnapshotAhead = {
  id: 'orders-1',
  shown: { Status: 'available', PercentProgress: 100 },
  expiresAt: undefined,
  neededUntil: '2026-11-20T06:00:00.000Z',
};

it.each<[string, Partial<SnapshotAhead>, string[]]>([
  ['is there', {}, []],
  ['is there and tells no progress', { shown: { Status: 'available' } }, []],
  ['stays longer than it is needed', { expiresAt: '2026-11-20T06:00:00.001Z' }, []],
  ['may go in the moment up to which it is needed', { expiresAt: THERE.neededUntil }, ['preflight/snapshot-expires']],
  ['may go in between', { expiresAt: '2026-11-20T04:00:00.000Z' }, ['preflight/snapshot-expires']],
  ['is gone', { shown: undefined }, ['preflight/snapshot-gone']],
  ['is being deleted', { shown: { Status: 'deleting' } }, ['preflight/snapshot-not-available']],
  ['tells no status', { shown: {} }, ['preflight/snapshot-not-available']],
  ['is not whole', { shown: { Status: 'available', PercentProgress: 99 } }, ['preflight/snapshot-not-available']],
])('a drawn snapshot that %s', (_, change, codes) => {
  const found = judgeSnapshot({ ...THERE, ...change });
  expect(found.map(({ problem }) => problem.code)).toEqual(codes);
  expect(found.every(({ weight }) => weight === 'refusal')).toBe(true);
});
