import { type Confidence, confidenceOf } from '../catalog/confidence.ts';
import type { DrillSummary, ResourceSummary } from './drill-summary.ts';

/**
 * Whether a draw says anything about the points it did not choose: one among all that were eligible, by a seed that
 * nobody chose.
 */
function isRandomDraw({ seedChosen }: DrillSummary, { point, strategy }: ResourceSummary): boolean {
  return point !== undefined && strategy === 'random' && !seedChosen;
}

/**
 * What the random draws of a resource say together. Whatever did not pass, is not finished or cannot be trusted counts
 * as not passed, so that the bound is never better than what was seen.
 */
export function confidenceOfDraws(
  draws: readonly { readonly drill: DrillSummary; readonly resource: ResourceSummary }[],
): Confidence | undefined {
  const random = draws.filter(({ drill, resource }) => isRandomDraw(drill, resource));
  const passed = random.filter(({ drill, resource }) => drill.trusted && resource.outcome === 'passed');
  return confidenceOf({ passed: passed.length, draws: random.length });
}
