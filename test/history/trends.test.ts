import { describe, expect, it } from 'vitest';
import type { DrillSummary, ResourceSummary } from '../../src/history/drill-summary.ts';
import { summaryOfDrill } from '../../src/history/drill-summary.ts';
import { trendsOf } from '../../src/history/trends.ts';
import { addMillis } from '../../src/support/time.ts';
import { STARTED_AT, aPassedDrill } from '../support/journal-builder.ts';

const DAY = 86_400_000;
const GB = 1_000_000_000;

interface Told extends Partial<Omit<DrillSummary, 'rto' | 'resources'>> {
  readonly rto?: number;
  readonly bytes?: number;
  readonly restoreSeconds?: number;
  readonly capturedDay?: number;
  readonly resource?: Partial<ResourceSummary>;
}

/** A drill of the shop, a day after the one before. */
function drill(
  day: number,
  { rto = 100, bytes = GB, restoreSeconds = 50, capturedDay = day, resource, ...change }: Told = {},
): DrillSummary {
  const made = summaryOfDrill({ events: aPassedDrill().events });
  const [orders] = made?.resources ?? [];
  if (made === undefined || orders?.point === undefined) throw new Error('a passed drill has drawn');
  const point = { ...orders.point, capturedAt: addMillis(STARTED_AT, capturedDay * DAY) };
  return {
    ...made,
    drillId: `shop-${day}`,
    startedAt: addMillis(STARTED_AT, day * DAY),
    rto: { outcome: 'met', target: 900, measured: rto },
    resources: [{ ...orders, point, bytesRestored: bytes, restoreSeconds, ...resource }],
    ...change,
  };
}

function trend(drills: readonly DrillSummary[]) {
  const [only, ...others] = trendsOf(drills);
  if (only === undefined || others.length > 0) throw new Error('these are drills of one runbook');
  return only;
}

const days = (count: number, of: (day: number) => Told) =>
  Array.from({ length: count }, (_, day) => drill(day, of(day)));

describe('the figures of a runbook', () => {
  it('are the last, the median, the 95th percentile and the change a month', () => {
    const { rto, restoreRate, drills, verdicts } = trend(days(11, (day) => ({ rto: 100 + day })));
    expect(rto).toMatchObject({
      of: 11,
      last: { value: 110, drillId: 'shop-10' },
      median: 105,
      p95: 109.5,
      target: 900,
    });
    expect(rto?.perMonth).toBeCloseTo(30, 6);
    expect(restoreRate).toMatchObject({ median: GB / 50 });
    expect([drills, verdicts]).toEqual([11, { passed: 11, failed: 0, inconclusive: 0 }]);
  });

  it('have no trend over less than five drills or a week', () => {
    expect(trend(days(4, (day) => ({ rto: 100 + day }))).rto?.perMonth).toBeNull();
    expect(trend(days(6, (day) => ({ rto: 100 + day }))).rto?.perMonth).toBeNull();
    expect(trend(days(8, (day) => ({ rto: 100 + day }))).rto?.perMonth).not.toBeNull();
  });

  it.each<[string, Told, RegExp]>([
    ['was interrupted', { interruptions: 1 }, /interrupted/],
    ['has not finished', { finished: false }, /not finished/],
    ['has a journal that was changed', { trusted: false }, /journal/],
    ['had another instance class', { resource: { instanceClass: 'db.t3.micro' } }, /instance class db\.t3\.micro/],
    ['had other settings', { settings: ['fsync=on'] }, /settings: fsync=on/],
    ['ran elsewhere', { place: '222222222222/eu-west-1' }, /222222222222/],
  ])('leave out a drill that %s, and say why', (_name, change, because) => {
    const { rto, leftOut, compared } = trend([drill(0), drill(1, { rto: 9_000, ...change }), drill(2)]);
    expect(leftOut).toEqual([{ drillId: 'shop-1', because: expect.stringMatching(because) as string }]);
    expect([compared, rto?.of, rto?.p95]).toEqual([2, 2, 100]);
  });

  it('leave no drill out for who chose its seed, and only its RPO for whom its disaster was named', () => {
    const named = drill(1, {
      settings: ['fsync=off', "disaster named by '--disaster-at'", 'seed chosen by a person: …'],
    });
    const { rto, rpo, leftOut } = trend([drill(0), named, drill(2)]);
    expect([rto?.of, rpo?.of, leftOut]).toEqual([3, 2, []]);
  });

  it('say how many runbooks the drills were held to', () => {
    expect(trend([drill(0), drill(1, { proves: 'another' })]).runbookVersions).toBe(2);
  });
});

describe('a regression', () => {
  const steady = (day: number): Told => ({ rto: 100 + (day % 3) });

  it('is a figure far off those of at least five drills before', () => {
    const drills = [...days(5, steady), drill(5, { rto: 120, restoreSeconds: 80 })];
    expect(trend(drills).regressions).toMatchObject([
      { figure: 'rto', drillId: 'shop-5', value: 120, median: 101, of: 5 },
      { figure: 'restoreRate', drillId: 'shop-5' },
    ]);
    expect(trend(drills.slice(1)).regressions).toEqual([]);
  });

  it('is none within a tenth of the median, nor what is better, nor what lies within how the figures scatter', () => {
    expect(trend([...days(6, steady), drill(6, { rto: 110 })]).regressions).toEqual([]);
    expect(trend([...days(6, steady), drill(6, { rto: 20, restoreSeconds: 10 })]).regressions).toEqual([]);
    const scattered = days(6, (day) => ({ rto: day % 2 === 0 ? 60 : 140 }));
    expect(trend([...scattered, drill(6, { rto: 170 })]).regressions).toEqual([]);
  });

  it('is not hidden by one slow drill before', () => {
    const drills = [...days(6, steady), drill(6, { rto: 5_000 }), drill(7, { rto: 150 })];
    expect(trend(drills).regressions).toMatchObject([{ figure: 'rto', value: 150 }]);
  });
});

describe('the date at which growth breaks the RTO', () => {
  /** 50 s besides the restore, which reads 20 MB a second of 1 GB that grows by 0.1 GB a day. */
  const growing = (day: number): Told => {
    const bytes = GB + day * 0.1 * GB;
    return { bytes, restoreSeconds: bytes / (20 * 1e6), rto: 50 + bytes / (20 * 1e6) };
  };

  it('is that of the line through the bytes, at the measured rate', () => {
    const { growth } = trend(days(30, growing));
    // 900 s − 50 s at 20 MB/s are 17 GB: 16 GB more than at first, which takes 160 days.
    expect(growth).toMatchObject({ kind: 'breaks', of: 30, targetSeconds: 900 });
    if (growth.kind !== 'breaks') throw new Error(growth.kind);
    expect(growth.at.slice(0, 10)).toBe(addMillis(STARTED_AT, 160 * DAY).slice(0, 10));
    expect(growth.bytesPerMonth / GB).toBeCloseTo(3, 6);
  });

  it('follows the times at which points were captured, not those at which drills drew them', () => {
    const order = [20, 3, 28, 11, 0, 25, 7, 16];
    const drills = order.map((captured, day) => drill(30 + day, { ...growing(captured), capturedDay: captured }));
    const { growth } = trend(
      drills.map((one, day) => ({ ...one, startedAt: addMillis(STARTED_AT, (day * 5 + 30) * DAY) })),
    );
    expect(growth.kind === 'breaks' && growth.at.slice(0, 10)).toBe(addMillis(STARTED_AT, 160 * DAY).slice(0, 10));
  });

  it.each<[string, readonly DrillSummary[], object]>([
    [
      'of four drills',
      days(4, growing),
      { kind: 'unknown', because: expect.stringContaining('4 comparable drills') as string },
    ],
    [
      'within a week',
      days(6, growing),
      { kind: 'unknown', because: expect.stringContaining('less than 7 days') as string },
    ],
    [
      'of sizes that follow no line',
      days(12, (day) => ({ bytes: day % 2 === 0 ? GB : 3 * GB })),
      { kind: 'unknown', because: expect.stringContaining('no line') as string },
    ],
    ['of what does not grow', days(12, () => ({})), { kind: 'holds' }],
    ['of what shrinks', days(12, (day) => growing(12 - day)), { kind: 'holds' }],
    [
      'that lies too far ahead',
      days(12, growing),
      { kind: 'unknown', because: expect.stringContaining('10 times') as string },
    ],
    [
      'without an RTO',
      days(12, growing).map((one) => ({ ...one, rto: { outcome: 'unmeasured' as const, measured: 60 } })),
      { kind: 'unknown', because: 'no RTO is set' },
    ],
  ])('is not told %s', (_name, drills, growth) => {
    expect(trend(drills).growth).toEqual(growth);
  });
});
