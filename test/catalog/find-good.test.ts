import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type PointVerdict, type SearchedPoint, nextStep } from '../../src/catalog/find-good.ts';

function pointsOf(count: number): SearchedPoint[] {
  return Array.from({ length: count }, (_, n) => ({
    id: `p${n}`,
    capturedAt: new Date(Date.UTC(2026, 0, 1 + n)).toISOString(),
  }));
}

/** Searches to the end; `truth` tells what a drill of the nth point shows. */
function search(count: number, truth: (n: number) => PointVerdict, budget = 100) {
  const points = pointsOf(count);
  const tried = new Map<string, PointVerdict>();
  const order: number[] = [];
  for (;;) {
    const step = nextStep({ points, tried, budget });
    if (step.kind === 'ended') return { found: step.found, order };
    const index = points.findIndex(({ id }) => id === step.point.id);
    if (tried.has(step.point.id)) throw new Error('tried twice');
    order.push(index);
    tried.set(step.point.id, truth(index));
  }
}

describe('searching for the last good recovery point', () => {
  test('tries the newest first, then by halves', () => {
    const { found, order } = search(16, (n) => (n < 5 ? 'good' : 'bad'));
    expect(order).toEqual([15, 7, 3, 5, 4]);
    expect(found).toMatchObject({ outcome: 'exact', lastGood: { id: 'p4' }, firstBad: { id: 'p5' }, between: [] });
  });

  test('finds the border wherever it is, in no more drills than the newest and the halves', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.nat(200), (count, border) => {
        const firstBad = border % (count + 1);
        const { found, order } = search(count, (n) => (n < firstBad ? 'good' : 'bad'));
        expect(found.lastGood?.id).toBe(firstBad === 0 ? undefined : `p${firstBad - 1}`);
        expect(found.firstBad?.id).toBe(firstBad === count ? undefined : `p${firstBad}`);
        expect(order.length).toBeLessThanOrEqual(1 + Math.ceil(Math.log2(count + 1)));
      }),
    );
  });

  test('ends at once when the newest is good', () => {
    const { found, order } = search(50, () => 'good');
    expect(order).toEqual([49]);
    expect(found).toMatchObject({ outcome: 'nothing-bad', lastGood: { id: 'p49' } });
  });

  test('says that none is good when none is', () => {
    expect(search(9, () => 'bad').found).toMatchObject({ outcome: 'none-good', firstBad: { id: 'p0' } });
    expect(search(9, () => 'bad').found.lastGood).toBeUndefined();
  });

  test('passes over a point of which nothing can be told, and names it when it lies on the border', () => {
    const { found } = search(16, (n) => (n === 5 ? 'unknown' : n < 5 ? 'good' : 'bad'));
    expect(found).toMatchObject({ outcome: 'narrowed', lastGood: { id: 'p4' }, firstBad: { id: 'p6' } });
    expect(found.between.map(({ id }) => id)).toEqual(['p5']);
    const away = search(16, (n) => (n === 7 ? 'unknown' : n < 5 ? 'good' : 'bad'));
    expect(away.found).toMatchObject({ outcome: 'exact', lastGood: { id: 'p4' }, firstBad: { id: 'p5' } });
  });

  test('keeps to its budget and tells what is left between', () => {
    const { found, order } = search(64, (n) => (n < 20 ? 'good' : 'bad'), 3);
    expect(order).toEqual([63, 31, 15]);
    expect(found).toMatchObject({ outcome: 'narrowed', lastGood: { id: 'p15' }, firstBad: { id: 'p31' } });
    expect(found.between).toHaveLength(15);
  });

  test('tells a good one that is newer than a bad one', () => {
    const { found } = search(16, (n) => (n === 15 ? 'bad' : n === 7 ? 'bad' : n === 3 ? 'bad' : 'good'));
    expect(found.contradictions).toEqual([]);
    const points = pointsOf(4);
    const tried = new Map<string, PointVerdict>([
      ['p1', 'bad'],
      ['p3', 'good'],
      ['p0', 'good'],
    ]);
    const step = nextStep({ points, tried, budget: 9 });
    expect(step).toMatchObject({ kind: 'ended', found: { outcome: 'exact', contradictions: [{ id: 'p3' }] } });
  });

  test('knows nothing where nothing can be told, or nothing is there', () => {
    expect(search(5, () => 'unknown').found).toMatchObject({ outcome: 'nothing-known' });
    expect(search(0, () => 'bad').found).toMatchObject({ outcome: 'nothing-known', between: [] });
  });
});
