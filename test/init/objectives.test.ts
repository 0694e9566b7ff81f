import { describe, expect, it } from 'vitest';
import { proposedRpo, proposedRto, roundUp, windowOf } from '../../src/init/objectives.ts';
import { takenTogether } from '../../src/init/pairs.ts';
import { addMillis } from '../../src/support/time.ts';
import { NOW, aFoundResource, daily } from './found-builder.ts';

const HOUR = 3_600_000;
const GIB = 1024 ** 3;

function every(hours: readonly number[]) {
  let at = 0;
  return [0, ...hours].map((distance, index) => {
    at += distance * HOUR;
    return { id: String(index), capturedAt: addMillis('2026-11-01T00:00:00.000Z', at) };
  });
}

describe('a proposed RPO', () => {
  it.each<[string, readonly number[], string]>([
    ['hourly', [1, 1, 1], '2h'],
    ['daily', [24, 24, 24], '36h'],
    ['daily to within a minute', [24.01, 24.02, 24.01], '36h'],
    ['daily with a day left out', [24, 24, 48, 24], '36h'],
    ['weekly', [168, 168], '14d'],
    ['yearly', [9_000], '730d'],
    ['one', [], '24h'],
    ['two of one moment', [0], '24h'],
  ])('of points that lie %s apart is half as much again, rounded up', (_name, hours, target) => {
    expect(proposedRpo([aFoundResource('shop', { points: every(hours) })]).target).toBe(target);
  });

  it('of several resources is that of the one whose points lie furthest apart, and says which', () => {
    const resources = [
      aFoundResource('orders', { points: every([1, 1]) }),
      aFoundResource('media', { points: every([24, 24]) }),
    ];
    expect(proposedRpo(resources)).toEqual({
      target: '36h',
      because: 'The 3 points of media usually lie 24 hours apart: half as much again, and rounded up.',
    });
  });
});

describe('a proposed RTO', () => {
  it.each<[string, number | undefined, string]>([
    ['small', 10 * GIB - 1, '15m'],
    ['large', 10 * GIB, '1h'],
    ['of unknown size', undefined, '1h'],
  ])('of backups that are %s', (_name, bytes, target) => {
    const { bytes: _small, ...resource } = aFoundResource('shop');
    expect(proposedRto([{ ...resource, ...(bytes !== undefined && { bytes }) }]).target).toBe(target);
  });

  it('counts all resources together', () => {
    const half = { bytes: 5 * GIB };
    expect(proposedRto([aFoundResource('a', half), aFoundResource('b', half)]).target).toBe('1h');
  });
});

describe('a window', () => {
  it('holds every point, with room to grow older', () => {
    expect(
      windowOf(
        daily(7).map(({ capturedAt }) => capturedAt),
        NOW,
      ),
    ).toBe('10d');
  });

  it('is at least a day, and of one point there is none: it would soon lose it', () => {
    expect(windowOf([NOW, '2026-11-20T11:59:00.000Z'], NOW)).toBe('24h');
    expect(windowOf([NOW], NOW)).toBeUndefined();
  });

  it('of many years is whole years', () => {
    expect(roundUp(24 * HOUR * 800)).toBe('1095d');
  });
});

describe('resources whose points were taken together', () => {
  const shifted = (minutes: number, count = 7) =>
    daily(count).map(({ id, capturedAt }) => ({ id, capturedAt: addMillis(capturedAt, minutes * 60_000) }));

  it.each<[string, number, readonly (readonly string[])[]]>([
    ['ten minutes apart', 10, [['a', 'b']]],
    ['eleven minutes apart', 11, []],
  ])('are those at most %s', (_name, minutes, groups) => {
    expect(takenTogether([aFoundResource('a'), aFoundResource('b', { points: shifted(minutes) })])).toEqual(groups);
  });

  it('are those of which at least every other point has one beside it', () => {
    const far = daily(7).map(({ id, capturedAt }) => ({ id, capturedAt: addMillis(capturedAt, 90 * 24 * HOUR) }));
    const mixed = [...far.slice(0, 4), ...daily(3)];
    expect(takenTogether([aFoundResource('a'), aFoundResource('b', { points: mixed })])).toEqual([]);
    expect(takenTogether([aFoundResource('a'), aFoundResource('b', { points: mixed.slice(1) })])).toEqual([['a', 'b']]);
  });

  it('are none where a resource has no point', () => {
    expect(takenTogether([aFoundResource('a'), aFoundResource('b', { points: [] })])).toEqual([]);
  });
});
