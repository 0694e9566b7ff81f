import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  type DrillSelectionInput,
  type ListedResource,
  anchorOf,
  selectRecoveryPoints,
  unknownMoments,
} from '../../src/catalog/group-selection.ts';
import type { Draw, RecoveryPoint } from '../../src/catalog/recovery-point.ts';
import { selectRecoveryPoint } from '../../src/catalog/selection.ts';
import type { PostgresRestore, RdsRestore } from '../../src/runbook/restore-spec.ts';
import { sha256Hex } from '../../src/support/sha256-hex.ts';
import { epochMillisOf } from '../../src/support/time.ts';
import { aRecoveryPoint, aRestore } from '../support/runbook-builder.ts';

const SHOP = { name: 'shop', of: ['orders', 'uploads', 'search'], maxSkew: 60_000 };

/** A resource with points captured at these hours of 19 November, each with an id made of the hour. */
function listed(name: string, hours: readonly number[], change: Partial<PostgresRestore> = {}): ListedResource {
  const points = hours.map((hour, place) => aRecoveryPoint(`/backups/${name}`, `${name}-${hour}-${place}`, hour));
  return { spec: aRestore(name, change), listing: { points, unusable: [] }, timesDrawn: {} };
}

function select(resources: readonly ListedResource[], change: Partial<DrillSelectionInput> = {}) {
  const input = { resources, groups: [SHOP], seed: '1', startedAt: '2026-11-20T00:00:00.000Z', sha256Hex, ...change };
  return selectRecoveryPoints(input);
}

function drawn(resources: readonly ListedResource[], name: string, change: Partial<DrillSelectionInput> = {}) {
  const selection = select(resources, change).get(name);
  if (selection?.kind !== 'drawn') throw new Error(selection?.problem.message ?? 'nothing was selected');
  return selection;
}

/** A total order of combinations: least span, latest begin, then each follower's latest, then first id. */
function brokenTies(anchorAt: number, combination: readonly RecoveryPoint[]): readonly (number | string)[] {
  const times = [anchorAt, ...combination.map(({ capturedAt }) => epochMillisOf(capturedAt))];
  const begin = Math.min(...times);
  return [Math.max(...times) - begin, -begin, ...combination.flatMap((p) => [-epochMillisOf(p.capturedAt), p.id])];
}

function isBefore(a: readonly (number | string)[], b: readonly (number | string)[]): boolean {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at >= 0 && (a[at] ?? 0) < (b[at] ?? 0);
}

function combinations(sets: readonly (readonly RecoveryPoint[])[]): readonly (readonly RecoveryPoint[])[] {
  return sets.reduce<readonly (readonly RecoveryPoint[])[]>(
    (all, set) => all.flatMap((one) => set.map((point) => [...one, point])),
    [[]],
  );
}

const hours = fc.array(fc.integer({ min: 0, max: 23 }), { minLength: 1, maxLength: 6 });

describe('the points of a group', () => {
  it('lie no further apart than any other combination with the one that the anchor drew, and ties are broken as told', () => {
    fc.assert(
      fc.property(hours, fc.array(hours, { minLength: 1, maxLength: 3 }), fc.string(), (own, others, seed) => {
        const names = ['uploads', 'search', 'mail'].slice(0, others.length);
        const followers = others.map((set, place) => listed(names[place] ?? '', set));
        const groups = [{ ...SHOP, of: ['orders', ...names] }];
        const resources = [listed('orders', own), ...followers];
        const selections = select(resources, { groups, seed });
        const pointOf = (name: string) => {
          const selection = selections.get(name);
          if (selection?.kind !== 'drawn') throw new Error(`nothing was drawn for ${name}`);
          return selection.point;
        };
        const anchorAt = epochMillisOf(pointOf('orders').capturedAt);
        const chosen = brokenTies(anchorAt, names.map(pointOf));
        const best = combinations(followers.map(({ listing }) => listing.points))
          .map((one) => brokenTies(anchorAt, one))
          .reduce((a, b) => (isBefore(b, a) ? b : a));
        expect(chosen).toEqual(best);
      }),
    );
  });

  it('leave the draw of the anchor as it is without any group', () => {
    fc.assert(
      fc.property(hours, hours, fc.string(), (own, others, seed) => {
        const orders = listed('orders', own);
        const input = { ...orders, seed, startedAt: '2026-11-20T00:00:00.000Z', sha256Hex };
        expect(select([orders, listed('uploads', others)], { seed }).get('orders')).toEqual(selectRecoveryPoint(input));
      }),
    );
  });

  it('can be chosen again by anyone from what the draws record', () => {
    const resources = [listed('orders', [3, 9, 15]), listed('uploads', [2, 8, 16]), listed('search', [4, 10, 14])];
    const draws: readonly Draw[] = SHOP.of.map((name) => drawn(resources, name).draw);
    const [own, ...followers] = draws;
    expect(own?.follows).toBeUndefined();
    for (const { follows, strategy, resource, candidates, candidatesDigest } of followers) {
      expect(strategy).toBe('nearest to orders');
      expect(follows).toEqual({ anchor: 'orders', anchorAt: own?.candidates[own.index]?.capturedAt });
      expect(candidatesDigest).toBe(sha256Hex(JSON.stringify([resource, ...candidates.map(({ id }) => id)])));
    }
    const spanOf = (indexes: readonly number[]) => {
      const at = followers.map(({ candidates }, place) => candidates[indexes[place] ?? 0]?.capturedAt ?? '');
      const times = [followers[0]?.follows?.anchorAt ?? '', ...at].map(epochMillisOf);
      return Math.max(...times) - Math.min(...times);
    };
    const recorded = spanOf(followers.map(({ index }) => index));
    for (const a of [0, 1, 2]) for (const b of [0, 1, 2]) expect(spanOf([a, b])).toBeGreaterThanOrEqual(recorded);
  });

  it('may both lie on one side of the anchor, where its nearest neighbours lie on two', () => {
    const resources = [listed('orders', [12]), listed('uploads', [11, 14]), listed('search', [9, 14])];
    expect(drawn(resources, 'uploads').point.capturedAt).toBe('2026-11-19T14:00:00.000Z');
    expect(drawn(resources, 'search').point.capturedAt).toBe('2026-11-19T14:00:00.000Z');
  });

  it('are the later ones of two that lie as far apart, and the first by id of one moment', () => {
    expect(drawn([listed('orders', [12]), listed('uploads', [11, 13])], 'uploads').point.id).toBe('uploads-13-1');
    expect(drawn([listed('orders', [12]), listed('uploads', [13, 13])], 'uploads').point.id).toBe('uploads-13-0');
  });

  it('are chosen within the window of each, whatever its own strategy says, and under its own conditions', () => {
    const toTheEnd = { kind: 'backup-end' } as const;
    const within = { pick: { kind: 'oldest' }, within: 9 * 3_600_000, to: toTheEnd } as const;
    const inWindow = [listed('orders', [13]), listed('uploads', [2, 14, 16, 20], { recoveryPoint: within })];
    const { point, draw } = drawn(inWindow, 'uploads');
    expect(point.id).toBe('uploads-16-2');
    expect(draw.candidates.map(({ id }) => id)).toEqual(['uploads-16-2', 'uploads-20-3']);
    expect(draw.excluded.map(({ id }) => id)).toEqual(['uploads-2-0', 'uploads-14-1']);
    const after = { pick: { kind: 'after', moment: '2026-11-19T13:30:00.000Z' }, to: toTheEnd } as const;
    const conditioned = [listed('orders', [13]), listed('uploads', [13, 20], { recoveryPoint: after })];
    expect(drawn(conditioned, 'uploads').point.id).toBe('uploads-20-1');
  });

  it('of ten thousand each are chosen in a moment', () => {
    const many = Array.from({ length: 10_000 }, (_, index) => (index * 7_919) % 10_007);
    const resources = SHOP.of.map((name) => listed(name, many));
    const from = process.cpuUsage();
    select(resources);
    const { user, system } = process.cpuUsage(from);
    expect((user + system) / 1_000).toBeLessThan(1_000);
  });

  it('know of no moment after the one that WAL is replayed to, and are as near as can be by that moment', () => {
    const at = (time: string) => ({ pick: { kind: 'random' }, to: { kind: 'time', time } }) as const;
    const orders = listed('orders', [2], { recoveryPoint: at('2026-11-19T12:00:00.000Z') });
    expect(drawn([orders, listed('uploads', [2, 11, 14])], 'uploads').point.id).toBe('uploads-11-1');
    const uploads = listed('uploads', [2, 5, 5, 14], { recoveryPoint: at('2026-11-19T13:00:00.000Z') });
    const { point, draw } = drawn([orders, uploads], 'uploads');
    expect(point.id).toBe('uploads-5-1');
    expect(draw.follows).toEqual({
      anchor: 'orders',
      anchorAt: '2026-11-19T12:00:00.000Z',
      reaches: '2026-11-19T13:00:00.000Z',
    });
    expect(draw.excluded).toEqual([
      { id: 'uploads-14-3', because: 'captured after the moment that is to be restored' },
    ]);
  });
});

test('a follower of which nothing is eligible says so itself, whether its anchor has a point or not', () => {
  for (const own of [[3], []]) {
    const selections = select([listed('orders', own), listed('uploads', []), listed('search', [2])]);
    expect(selections.get('uploads')).toMatchObject({
      kind: 'none',
      problem: { code: 'select/no-recovery-point', message: expect.stringContaining("'uploads'") as string },
    });
    expect(selections.get('search')).toBeUndefined();
  }
});

test('resources outside of groups are drawn as ever', () => {
  const other = listed('other', [1, 2, 3]);
  expect(drawn([listed('orders', [2]), listed('uploads', [2]), other], 'other').draw.strategy).toBe('random');
});

test('a resource that two groups name belongs to the first', () => {
  const groups = [SHOP, { name: 'mail', of: ['uploads', 'mail'], maxSkew: 1 }];
  expect(['orders', 'uploads', 'mail', 'other'].map((name) => anchorOf(name, groups))).toEqual([
    undefined,
    'orders',
    'uploads',
    undefined,
  ]);
  const resources = [listed('orders', [12]), listed('uploads', [11, 20]), listed('mail', [10, 20])];
  expect(drawn(resources, 'mail', { groups }).point.id).toBe('mail-10-0');
});

test('a replay to the end of an archive has no place in a group, but the latest moment of RDS has', () => {
  const recoveryPoint = { pick: { kind: 'random' }, to: { kind: 'latest' } } as const;
  const rds: RdsRestore = { name: 'search', kind: 'rds', source: 's', needs: [], database: 'd', recoveryPoint };
  const restore = [aRestore('orders'), aRestore('uploads', { recoveryPoint }), rds];
  expect(unknownMoments(restore, [SHOP])).toMatchObject([
    { code: 'select/moment-unknown', message: expect.stringContaining("'uploads' of group 'shop'") as string },
  ]);
  expect(unknownMoments(restore, [])).toEqual([]);
});
