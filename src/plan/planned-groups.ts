import { reachedMoment } from '../catalog/group-selection.ts';
import type { RecoveryPoint } from '../catalog/recovery-point.ts';
import type { Problem } from '../diagnostics/problem.ts';
import type { RestoreSpec } from '../runbook/restore-spec.ts';
import type { Runbook } from '../runbook/runbook.ts';
import { type Instant, type Millis, epochMillisOf } from '../support/time.ts';
import type { Plan, PlannedGroup } from './plan.ts';

/** The runbook's groups with the moments that are to be expected of what was drawn. */
export function plannedGroups(
  { groups = [] }: Runbook,
  drawn: readonly { readonly spec: RestoreSpec; readonly point: RecoveryPoint }[],
): readonly PlannedGroup[] {
  return groups.map(({ name, of, maxSkew }) => {
    const moments = of.flatMap((resource) => {
      const found = drawn.find(({ spec }) => spec.name === resource);
      const at = found && reachedMoment(found.spec, found.point);
      return at === undefined ? [] : [{ resource, at }];
    });
    return { name, of, maxSkew, moments, expectedSkew: skewOf(moments.map(({ at }) => at)) };
  });
}

/** From the earliest of the moments to the latest; 0 without any. */
export function skewOf(moments: readonly Instant[]): Millis {
  const times = moments.map(epochMillisOf);
  return times.length === 0 ? 0 : Math.max(...times) - Math.min(...times);
}

/**
 * Of each group that is expected to lie further apart than it may. It stops nothing: the moments that are really
 * restored decide, and a drill that shows that backups never fit together has shown what it is for.
 */
export function skewWarnings({ groups = [] }: Plan): readonly Problem[] {
  return groups
    .filter(({ expectedSkew, maxSkew }) => expectedSkew > maxSkew)
    .map(({ name, expectedSkew, maxSkew }) => ({
      code: 'plan/skew-expected',
      message: `the recovery points of group '${name}' lie ${expectedSkew / 1_000} s apart, and 'maxSkew' is ${maxSkew / 1_000} s`,
      hint: "Take the backups of the group's resources closer together, or raise 'maxSkew'.",
      blames: 'backup',
    }));
}
