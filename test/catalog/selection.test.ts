import { createHash } from 'node:crypto';
import { describe, expect, it, test } from 'vitest';
import type { RecoveryPoint } from '../../src/catalog/recovery-point.ts';
import { type SelectionInput, selectRecoveryPoint, usesHistory } from '../../src/catalog/selection.ts';
import type { RecoveryPointSpec } from '../../src/runbook/restore-spec.ts';
import { sha256Hex } from '../../src/support/sha256-hex.ts';
import { aRecoveryPoint, aRestore } from '../support/runbook-builder.ts';

const points = [
  aRecoveryPoint('s', 'c', 3),
  aRecoveryPoint('s', 'a', 1),
  aRecoveryPoint('s', 'b', 2),
  aRecoveryPoint('s', 'd', 4),
];

function select(recoveryPoint: RecoveryPointSpec, change: Partial<SelectionInput> = {}) {
  return selectRecoveryPoint({
    spec: aRestore('orders', { recoveryPoint }),
    listing: { points, unusable: [] },
    seed: '1',
    startedAt: '2026-11-20T00:00:00.000Z',
    timesDrawn: {},
    sha256Hex,
    ...change,
  });
}

function drawn(recoveryPoint: RecoveryPointSpec, change: Partial<SelectionInput> = {}) {
  const selection = select(recoveryPoint, change);
  if (selection.kind === 'none') throw new Error(selection.problem.message);
  return selection;
}

const random: RecoveryPointSpec = { pick: { kind: 'random' }, to: { kind: 'backup-end' } };

test('anyone can compute a draw again from what it records', () => {
  for (const seed of ['1', '2', 'x', '']) {
    const { draw, point } = drawn(random, { seed });
    const hash = (text: string) => createHash('sha256').update(text).digest('hex');
    const digest = hash(JSON.stringify(['orders', ...draw.candidates.map(({ id }) => id)]));
    expect(draw.candidatesDigest).toBe(digest);
    const value = BigInt(`0x${hash(JSON.stringify([seed, digest, 0])).slice(0, 13)}`);
    expect(draw.index).toBe(Number(value % 4n));
    expect(draw.candidates[draw.index]?.id).toBe(point.id);
  }
});

test('a draw does not depend on the order in which a source lists, only on captured times and ids', () => {
  const reversed = [...points].reverse();
  expect(drawn(random, { listing: { points: reversed, unusable: [] } }).draw).toEqual(drawn(random).draw);
});

test('over many seeds every candidate is drawn about as often as any other', () => {
  const three = points.slice(0, 3);
  const counts = new Map<string, number>();
  for (let seed = 0; seed < 3_000; seed += 1) {
    const { point } = drawn(random, { seed: String(seed), listing: { points: three, unusable: [] } });
    counts.set(point.id, (counts.get(point.id) ?? 0) + 1);
  }
  for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(120);
  expect(counts.size).toBe(3);
});

test('a value beyond the last whole multiple of the number of candidates is drawn again', () => {
  const fake = (text: string) =>
    (JSON.parse(text) as unknown[])[2] === 0 ? 'f'.repeat(64) : '0'.repeat(12) + '2'.padEnd(52, '0');
  const three = points.slice(0, 3);
  expect(drawn(random, { sha256Hex: fake, listing: { points: three, unusable: [] } }).draw.index).toBe(2);
});

test.each<[string, RecoveryPointSpec['pick'], string]>([
  ['latest', { kind: 'latest' }, 'd'],
  ['oldest', { kind: 'oldest' }, 'a'],
  ['before a moment', { kind: 'before', moment: '2026-11-19T03:00:00.000Z' }, 'b'],
  ['after a moment', { kind: 'after', moment: '2026-11-19T03:00:00.000Z' }, 'd'],
  ['an exact id', { kind: 'id', id: 'c' }, 'c'],
])('picks %s', (_name, pick, id) => {
  expect(drawn({ ...random, pick }).point.id).toBe(id);
});

test('least-tested draws among those that were drawn least often', () => {
  const timesDrawn = { a: 2, b: 1, c: 2, d: 1 };
  const ids = Array.from(
    { length: 40 },
    (_, n) => drawn({ ...random, pick: { kind: 'least-tested' } }, { timesDrawn, seed: String(n) }).point.id,
  );
  expect(new Set(ids)).toEqual(new Set(['b', 'd']));
});

describe('stratified', () => {
  const stratified: RecoveryPointSpec = { ...random, pick: { kind: 'stratified' } };
  const many = Array.from({ length: 10 }, (_, hour) => aRecoveryPoint('s', `p${hour}`, hour));
  const listing = { points: [...many].reverse(), unusable: [] };

  it('draws from that quarter of the points, by age, from which fewest were drawn', () => {
    const timesDrawn = { p0: 2, p2: 2, p6: 1, p9: 3 };
    const draws = Array.from({ length: 40 }, (_, n) => drawn(stratified, { listing, timesDrawn, seed: String(n) }));
    expect(new Set(draws.map(({ point }) => point.id))).toEqual(new Set(['p5', 'p6']));
  });

  it('decides by the seed between quarters from which as many were drawn', () => {
    const ids = Array.from({ length: 200 }, (_, n) => drawn(stratified, { listing, seed: String(n) }).point.id);
    expect(new Set(ids).size).toBe(10);
  });

  it('draws every quarter as often as any other, over many drills', () => {
    const timesDrawn: Record<string, number> = {};
    for (let n = 0; n < 40; n += 1) {
      const { id } = drawn(stratified, { listing, timesDrawn, seed: String(n) }).point;
      timesDrawn[id] = (timesDrawn[id] ?? 0) + 1;
    }
    const strata = [
      ['p0', 'p1'],
      ['p2', 'p3', 'p4'],
      ['p5', 'p6'],
      ['p7', 'p8', 'p9'],
    ];
    expect(strata.map((ids) => ids.reduce((sum, id) => sum + (timesDrawn[id] ?? 0), 0))).toEqual([10, 10, 10, 10]);
  });

  it('records the quarter as its candidates, and of all others in which they lie', () => {
    const { draw } = drawn(stratified, { listing, timesDrawn: { p0: 1, p3: 1, p9: 1 } });
    expect(draw.strategy).toBe('stratified');
    expect(draw.candidates.map(({ id }) => id)).toEqual(['p5', 'p6']);
    expect(draw.candidatesDigest).toBe(sha256Hex(JSON.stringify(['orders', 'p5', 'p6'])));
    expect(draw.excluded).toHaveLength(8);
    expect(draw.excluded[0]).toEqual({ id: 'p0', because: 'lies in stratum 1 of 4 by age, from which 1 were drawn' });
  });

  it('has fewer strata where there are fewer points, and says as ever that there are none', () => {
    const three = { points: many.slice(0, 3), unusable: [] };
    expect(drawn(stratified, { listing: three, timesDrawn: { p0: 1, p2: 1 } }).point.id).toBe('p1');
    expect(select(stratified, { listing: { points: [], unusable: [] } })).toMatchObject({
      problem: {
        code: 'select/no-recovery-point',
        message: expect.stringContaining('its source holds none') as string,
      },
    });
  });
});

test.each(['random', 'latest', 'oldest'] as const)('%s asks nobody how often points were drawn', (kind) => {
  expect([usesHistory({ kind }), usesHistory({ kind: 'least-tested' }), usesHistory({ kind: 'stratified' })]).toEqual([
    false,
    true,
    true,
  ]);
});

test('what lies outside the window or could not be read is excluded, with the reason', () => {
  const unusable = [{ id: 'z', problem: { code: 'x', message: 'it is torn', hint: 'h.', blames: 'backup' as const } }];
  const { draw } = drawn({ ...random, within: 22 * 3_600_000 }, { listing: { points, unusable } });
  expect(draw.candidates.map(({ id }) => id)).toEqual(['b', 'c', 'd']);
  expect(draw.excluded).toEqual([
    { id: 'z', because: 'it is torn' },
    { id: 'a', because: 'captured at 2026-11-19T01:00:00.000Z, before the window' },
  ]);
});

test('the successor is the next usable point, also when it was no candidate', () => {
  const tagged: RecoveryPoint[] = points.map((point) => ({ ...point, tags: point.id === 'b' ? ['weekly'] : [] }));
  const { successorAvailableAt } = drawn(
    { ...random, pick: { kind: 'tag', tag: 'weekly' } },
    { listing: { points: tagged, unusable: [] } },
  );
  expect(successorAvailableAt).toBe('2026-11-19T03:00:00.000Z');
  expect(drawn({ ...random, pick: { kind: 'latest' } }).successorAvailableAt).toBeUndefined();
});

test('nothing eligible is a problem that says why', () => {
  expect(select({ ...random, pick: { kind: 'id', id: 'nope' } })).toMatchObject({
    kind: 'none',
    problem: { code: 'select/no-recovery-point' },
  });
});

test('a point that is asked for by its id and cannot be used is refused for its own reason, with its own hint', () => {
  const problem = { code: 'restore/torn', message: 'it is torn', hint: 'Mend it.', blames: 'backup' } as const;
  const listing = { points, unusable: [{ id: 'z', problem }] };
  expect(select({ ...random, pick: { kind: 'id', id: 'z' } }, { listing })).toEqual({ kind: 'none', problem });
  expect(select({ ...random, pick: { kind: 'id', id: 'y' } }, { listing })).toMatchObject({
    problem: { code: 'select/no-recovery-point', blames: 'environment' },
  });
});
