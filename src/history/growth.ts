import { type Instant, epochMillisOf, instantOf } from '../support/time.ts';
import type { DrillSummary } from './drill-summary.ts';
import { type Line, lineThrough, median } from './statistics.ts';

/**
 * When growing backups would take longer to restore than the RTO allows. `breaks`: then. `holds`: they do not grow.
 * `unknown`: `because` says what is missing.
 */
export type Growth =
  | {
      readonly kind: 'breaks';
      readonly at: Instant;
      readonly bytesPerMonth: number;
      readonly bytesPerSecond: number;
      readonly targetSeconds: number;
      readonly of: number;
    }
  | { readonly kind: 'holds' }
  | { readonly kind: 'unknown'; readonly because: string };

/** A line is drawn through so many drills at least, whose recovery points span so many days at least. */
const LEAST = { drills: 5, days: 7 } as const;
/** And only where it explains half of how sizes differ. */
const LEAST_FIT = 0.5;
/** So many times as far ahead as was seen, a line says nothing any more. */
const REACH = 10;
const DAY = 86_400_000;

interface Measured {
  readonly drill: DrillSummary;
  readonly rto: number;
  readonly bytes: number;
  readonly restoring: number;
}

/**
 * The RTO is taken as what all drills need besides restoring (its median) and the bytes at the median rate; the bytes of
 * each resource as a line over the times at which its recovery points were captured, since a draw may choose old ones.
 * Restores that ran side by side are taken as one after the other, which errs towards an earlier date.
 *
 * @param drills comparable ones of one runbook, oldest first
 */
export function growthOf(drills: readonly DrillSummary[]): Growth {
  const target = drills.at(-1)?.rto.target;
  if (target === undefined) return unknown('no RTO is set');
  const measured = drills.flatMap(measuredOf);
  if (measured.length < LEAST.drills) {
    return unknown(`${measured.length} comparable drills measured both RTO and bytes, and ${LEAST.drills} are needed`);
  }
  const lines = linesOf(measured);
  if (typeof lines === 'string') return unknown(lines);
  const slope = lines.reduce((sum, line) => sum + line.slope, 0);
  if (slope <= 0) return { kind: 'holds' };
  const rate = median(measured.map(({ bytes, restoring }) => bytes / restoring));
  const besides = median(measured.map(({ rto, restoring }) => rto - restoring));
  const fitting = (target - besides) * rate;
  const at = (fitting - lines.reduce((sum, line) => sum + line.intercept, 0)) / slope;
  const { from, until } = spanOf(measured);
  if (at > until + REACH * (until - from)) {
    return unknown(`it lies more than ${REACH} times as far ahead as the drills have seen`);
  }
  const bytesPerMonth = slope * 30 * DAY;
  const common = { bytesPerMonth, bytesPerSecond: rate, targetSeconds: target, of: measured.length };
  return { kind: 'breaks', at: instantOf(Math.max(from, at)), ...common };
}

function measuredOf(drill: DrillSummary): readonly Measured[] {
  const { resources, rto } = drill;
  const isWhole = resources.every(
    ({ bytesRestored, restoreSeconds, point }) => bytesRestored !== undefined && restoreSeconds !== undefined && point,
  );
  const restoring = resources.reduce((sum, { restoreSeconds = 0 }) => sum + restoreSeconds, 0);
  const bytes = resources.reduce((sum, { bytesRestored = 0 }) => sum + bytesRestored, 0);
  return isWhole && rto.measured !== undefined && restoring > 0 ? [{ drill, rto: rto.measured, bytes, restoring }] : [];
}

/** How each resource of the last drill has grown, or why no line can be drawn. */
function linesOf(measured: readonly Measured[]): readonly Line[] | string {
  const names = measured.at(-1)?.drill.resources.map(({ name }) => name) ?? [];
  const lines: Line[] = [];
  for (const name of names) {
    const points = measured.flatMap(({ drill: { resources } }) => {
      const one = resources.find((resource) => resource.name === name);
      if (one?.point === undefined || one.bytesRestored === undefined) return [];
      return [[epochMillisOf(one.point.capturedAt), one.bytesRestored] as const];
    });
    const times = points.map(([time]) => time);
    const days = (Math.max(...times) - Math.min(...times)) / DAY;
    const line = lineThrough(points);
    if (points.length < LEAST.drills || line === undefined || days < LEAST.days) {
      return `the recovery points of '${name}' that were restored span less than ${LEAST.days} days`;
    }
    if (line.fit < LEAST_FIT) return `the sizes of '${name}' follow no line (R² ${line.fit.toFixed(2)})`;
    lines.push(line);
  }
  return lines;
}

function spanOf(measured: readonly Measured[]): { from: number; until: number } {
  const times = measured.map(({ drill }) => epochMillisOf(drill.startedAt));
  return { from: Math.min(...times), until: Math.max(...times) };
}

function unknown(because: string): Growth {
  return { kind: 'unknown', because };
}
