import { type Found, type PointVerdict, type SearchedPoint, foundSoFar, nextStep } from '../catalog/find-good.ts';
import { lacksRecoveryPoint } from '../catalog/selection.ts';
import type { CheckSpec } from '../runbook/check-spec.ts';
import type { DrillEnd } from './run-drill.ts';

/** One drill of a search, and what it showed. */
export interface Try {
  readonly drillId: string;
  readonly point: SearchedPoint;
  readonly verdict: PointVerdict;
  /** Why the verdict is what it is; lower case, without a full stop. */
  readonly because: string;
}

/** Why a search ended before it was done. `stopped`: a drill left no evidence, and the next one would not either. */
export type Cut = 'leaked' | 'interrupted' | 'stopped';

export interface SearchEnd {
  readonly tries: readonly Try[];
  readonly found: Found;
  readonly cut?: Cut;
}

export interface SearchByDrills {
  readonly check: Pick<CheckSpec, 'id' | 'of'>;
  /** By captured time, oldest first. */
  readonly points: readonly SearchedPoint[];
  readonly budget: number;
  /** Once it is aborted no drill is begun. */
  readonly signal: AbortSignal;
  /** Drills one recovery point to its end. `number` counts from 1; at most `follow` come after it. */
  drill(
    point: SearchedPoint,
    place: { readonly number: number; readonly follow: number },
  ): Promise<{ readonly drillId: string; readonly end: DrillEnd }>;
}

/**
 * Searches, one drill after the other, until the border is found, the budget is used up or a drill cuts it short. What
 * the drill that cuts it has shown counts too.
 */
export async function searchByDrills(search: SearchByDrills): Promise<SearchEnd> {
  const { check, points, budget, signal } = search;
  const tried = new Map<string, PointVerdict>();
  const tries: Try[] = [];
  const cutShort = (cut: Cut): SearchEnd => ({ tries, found: foundSoFar({ points, tried }), cut });
  for (;;) {
    const step = nextStep({ points, tried, budget });
    if (step.kind === 'ended') return { tries, found: step.found };
    if (signal.aborted) return cutShort('interrupted');
    const { point, mayFollow } = step;
    const { drillId, end } = await search.drill(point, { number: tries.length + 1, follow: mayFollow });
    const shown = verdictOfTry(end, check);
    tried.set(point.id, shown.verdict);
    tries.push({ drillId, point, ...shown });
    const cut = cutBy(end);
    if (cut !== undefined) return cutShort(cut);
  }
}

function cutBy(end: DrillEnd): Cut | undefined {
  if (end.kind === 'stopped') return 'stopped';
  if (end.report.teardown.outcome !== 'clean') return 'leaked';
  if (end.interrupted) return 'interrupted';
  return end.problem === undefined ? undefined : 'stopped';
}

/** What a drill shows of a check: its outcome, or that its backup is proven bad. Of all else nothing is told. */
export function verdictOfTry(
  end: DrillEnd,
  { id, of }: Pick<CheckSpec, 'id' | 'of'>,
): Pick<Try, 'verdict' | 'because'> {
  if (end.kind === 'stopped') return { verdict: 'unknown', because: end.problem.message };
  const { checks, problems, aborted, because } = end.report;
  const check = checks.find((one) => one.id === id);
  if (check?.outcome === 'passed') return { verdict: 'good', because: check.observed };
  if (check?.outcome === 'failed') return { verdict: 'bad', because: check.because ?? check.observed };
  const proof = problems.find(
    ({ blames, warning, where }) => blames === 'backup' && !warning && where === `restore:${of}`,
  );
  if (proof !== undefined) return { verdict: 'bad', because: proof.message };
  const stopped = problems.find(
    (problem) => !problem.warning && (problem.where === `restore:${of}` || lacksRecoveryPoint(problem, of)),
  );
  const interruption = aborted === null ? undefined : `the drill was aborted: ${aborted.reason}`;
  return { verdict: 'unknown', because: interruption ?? stopped?.message ?? check?.because ?? because };
}
