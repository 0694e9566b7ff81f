import type { DrillSummary } from './drill-summary.ts';

/** Drills whose figures may stand in one row, and why others may not. */
export interface Comparable<Drill extends DrillSummary> {
  /** Oldest first. */
  readonly compared: readonly Drill[];
  readonly leftOut: readonly { readonly drillId: string; readonly because: string }[];
}

/**
 * The drills of a runbook that ran as the last undisturbed one did: in the same place, on the same instance classes,
 * with the same settings. What was interrupted, is unfinished or cannot be trusted compares with nothing.
 *
 * @param drills of one runbook, oldest first
 */
export function comparableDrills<Drill extends DrillSummary>(drills: readonly Drill[]): Comparable<Drill> {
  const last = drills.findLast((drill) => disturbance(drill) === undefined);
  const judged = drills.map((drill) => ({
    drill,
    because: disturbance(drill) ?? (last && difference(drill, last)),
  }));
  return {
    compared: judged.filter(({ because }) => because === undefined).map(({ drill }) => drill),
    leftOut: judged.flatMap(({ drill: { drillId }, because }) => (because === undefined ? [] : [{ drillId, because }])),
  };
}

function disturbance({ trusted, finished, interruptions }: DrillSummary): string | undefined {
  if (!trusted) return 'its journal is not what its engine wrote';
  if (!finished) return 'it has not finished';
  return interruptions > 0 ? 'its controller was interrupted' : undefined;
}

function difference(drill: DrillSummary, last: DrillSummary): string | undefined {
  if (drill.place !== last.place) return `it ran ${drill.place === undefined ? 'on a machine' : `in ${drill.place}`}`;
  // A drill that restored nothing tells no settings, and has no figures either.
  const isRestored = drill.resources.some(({ restoreSeconds }) => restoreSeconds !== undefined);
  if (!isRestored) return undefined;
  const classes = classesOf(drill);
  if (classes !== classesOf(last)) return `instance class ${classes}`;
  const settings = settingsOf(drill);
  return settings === settingsOf(last) ? undefined : `settings: ${settings === '' ? 'none special' : settings}`;
}

function classesOf({ resources }: DrillSummary): string {
  return resources.flatMap(({ instanceClass }) => instanceClass ?? []).join(', ');
}

/** Who chose the draw or the disaster makes no restore faster. */
function settingsOf({ settings }: DrillSummary): string {
  return settings.filter((one) => !one.startsWith('seed chosen') && !isDisasterNamed(one)).join(', ');
}

/** Whether a setting says that the disaster was named for this drill alone: its RPO compares with no other. */
export function isDisasterNamed(setting: string): boolean {
  return setting.startsWith('disaster named');
}
