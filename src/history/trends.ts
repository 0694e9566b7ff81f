import type { Verdict } from '../drill/verdict.ts';
import { type Instant, epochMillisOf } from '../support/time.ts';
import { drillsByRunbook } from './coverage.ts';
import { type Comparable, comparableDrills, isDisasterNamed } from './comparable.ts';
import type { DrillSummary } from './drill-summary.ts';
import { type Growth, growthOf } from './growth.ts';
import { lineThrough, median, quantile, scaledMad } from './statistics.ts';

/** How the drills of one runbook went, one after the other. */
export interface RunbookTrend {
  readonly runbook: string;
  readonly drills: number;
  readonly verdicts: Readonly<Record<Verdict, number>>;
  readonly lastDrill: { readonly drillId: string; readonly at: Instant; readonly verdict: Verdict };
  readonly compared: number;
  readonly leftOut: Comparable<DrillSummary>['leftOut'];
  /** How many different runbooks, by what they restore and check, the compared drills were held to. */
  readonly runbookVersions: number;
  readonly rto?: Figure;
  readonly rpo?: Figure;
  /** Bytes a second over all restores of a drill. */
  readonly restoreRate?: Figure;
  readonly regressions: readonly Regression[];
  readonly growth: Growth;
}

/** A figure over the compared drills that have it. In seconds, or bytes a second. */
export interface Figure {
  readonly of: number;
  readonly last: { readonly value: number; readonly drillId: string; readonly at: Instant };
  readonly median: number;
  readonly p95: number;
  /** Slope of the line of least squares, for 30 days; null where too little was seen. */
  readonly perMonth: number | null;
  /** As the last drill was held to it. */
  readonly target?: number;
}

export type FigureName = 'rto' | 'rpo' | 'restoreRate';

/** A last figure that lies off those before it. */
export interface Regression {
  readonly figure: FigureName;
  readonly drillId: string;
  readonly value: number;
  /** Of the drills before, which are `of`. */
  readonly median: number;
  readonly of: number;
  readonly limit: number;
}

/** Compared with so many drills before the last one, at least and at most. */
const PREVIOUS = { least: 5, most: 20 } as const;
const DEVIATIONS = 3;
const SHARE = 0.1;

/** When a figure counts as a regression, for people. */
export const REGRESSION_RULE =
  `off the median of the ${PREVIOUS.least} to ${PREVIOUS.most} comparable drills before by more than ` +
  `${DEVIATIONS} scaled median absolute deviations and more than ${SHARE * 100} %`;

const MONTH = 30 * 86_400_000;
/** A slope a month says nothing when less was seen. */
const TREND_FROM = { drills: 5, days: 7 } as const;

/** How each runbook's drills went, by name. */
export function trendsOf(drills: readonly DrillSummary[]): readonly RunbookTrend[] {
  return [...drillsByRunbook(drills).values()].flatMap(trendOf).sort((a, b) => (a.runbook < b.runbook ? -1 : 1));
}

function trendOf(drills: readonly DrillSummary[]): readonly RunbookTrend[] {
  const last = drills.at(-1);
  if (last === undefined) return [];
  const { compared, leftOut } = comparableDrills(drills);
  const series = {
    rto: seriesOf(compared, ({ rto }) => rto.measured),
    rpo: seriesOf(compared, ({ rpo, settings }) => (settings.some(isDisasterNamed) ? undefined : rpo.measured)),
    restoreRate: seriesOf(compared, restoreRateOf),
  };
  const figures = { rto: figureOf(series.rto), rpo: figureOf(series.rpo), restoreRate: figureOf(series.restoreRate) };
  const { rto, rpo } = compared.at(-1) ?? last;
  const count = (verdict: Verdict) => drills.filter((drill) => drill.verdict === verdict).length;
  return [
    {
      runbook: last.runbook,
      drills: drills.length,
      verdicts: { passed: count('passed'), failed: count('failed'), inconclusive: count('inconclusive') },
      lastDrill: { drillId: last.drillId, at: last.startedAt, verdict: last.verdict },
      compared: compared.length,
      leftOut,
      runbookVersions: new Set(compared.map(({ proves }) => proves)).size,
      ...(figures.rto && { rto: { ...figures.rto, ...(rto.target !== undefined && { target: rto.target }) } }),
      ...(figures.rpo && { rpo: { ...figures.rpo, ...(rpo.target !== undefined && { target: rpo.target }) } }),
      ...(figures.restoreRate && { restoreRate: figures.restoreRate }),
      regressions: [
        ...regressionOf('rto', series.rto, 'less'),
        ...regressionOf('rpo', series.rpo, 'less'),
        ...regressionOf('restoreRate', series.restoreRate, 'more'),
      ],
      growth: growthOf(compared),
    },
  ];
}

interface Value {
  readonly drill: DrillSummary;
  readonly value: number;
}

function seriesOf(drills: readonly DrillSummary[], of: (drill: DrillSummary) => number | undefined): readonly Value[] {
  return drills.flatMap((drill) => {
    const value = of(drill);
    return value === undefined ? [] : [{ drill, value }];
  });
}

/** Of a drill that restored everything and knows what it read; one restore too few would make another figure. */
function restoreRateOf({ resources }: DrillSummary): number | undefined {
  let [bytes, seconds] = [0, 0];
  for (const { bytesRestored, restoreSeconds } of resources) {
    if (bytesRestored === undefined || restoreSeconds === undefined) return undefined;
    bytes += bytesRestored;
    seconds += restoreSeconds;
  }
  return seconds > 0 ? bytes / seconds : undefined;
}

function figureOf(series: readonly Value[]): Omit<Figure, 'target'> | undefined {
  const last = series.at(-1);
  if (last === undefined) return undefined;
  const values = series.map(({ value }) => value);
  return {
    of: values.length,
    last: { value: last.value, drillId: last.drill.drillId, at: last.drill.startedAt },
    median: median(values),
    p95: quantile(values, 0.95) ?? last.value,
    perMonth: perMonth(series),
  };
}

function perMonth(series: readonly Value[]): number | null {
  const times = series.map(({ drill }) => epochMillisOf(drill.startedAt));
  const seen = (times.at(-1) ?? 0) - (times[0] ?? 0);
  if (series.length < TREND_FROM.drills || seen < TREND_FROM.days * 86_400_000) return null;
  const line = lineThrough(series.map(({ value }, index) => [times[index] ?? 0, value]));
  return line === undefined ? null : line.slope * MONTH;
}

function regressionOf(figure: FigureName, series: readonly Value[], better: 'less' | 'more'): readonly Regression[] {
  const last = series.at(-1);
  const previous = series.slice(-1 - PREVIOUS.most, -1).map(({ value }) => value);
  if (last === undefined || previous.length < PREVIOUS.least) return [];
  const middle = median(previous);
  const allowed = Math.max(DEVIATIONS * scaledMad(previous), SHARE * middle);
  const limit = better === 'less' ? middle + allowed : middle - allowed;
  const isOff = better === 'less' ? last.value > limit : last.value < limit;
  if (!isOff) return [];
  const { drillId } = last.drill;
  return [{ figure, drillId, value: last.value, median: middle, of: previous.length, limit }];
}
