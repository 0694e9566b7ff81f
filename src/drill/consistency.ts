import type { PlannedGroup } from '../plan/plan.ts';
import { skewOf } from '../plan/planned-groups.ts';
import type { DataMoment } from '../providers/resource.ts';
import type { ConsistencyGroup } from '../runbook/runbook.ts';
import { type Millis, epochMillisOf } from '../support/time.ts';
import { lossesOf } from './data-loss.ts';
import { CLOCK_ERROR, compare } from './objectives.ts';
import type { DrillRecord } from './record.ts';

/** How far apart the restored data of a consistency group lies, against what is allowed. */
export interface MeasuredGroup {
  readonly name: string;
  readonly of: readonly string[];
  readonly outcome: 'met' | 'missed' | 'unmeasured';
  readonly limit: Millis;
  /** Between the earliest and the latest moment; absent unless every resource of the group was restored. */
  readonly measured?: Millis;
  /** How far off the figure can be; absent without one. */
  readonly error?: Millis;
  /** The moments of those that were restored, in the group's order. */
  readonly moments: readonly GroupMoment[];
  /** Why it is unmeasured, or what to know about the figure. */
  readonly because?: string;
}

/** Up to when data of a resource is known to be there, by the best source there is. */
export interface GroupMoment {
  readonly resource: string;
  readonly moment: DataMoment;
}

/** The groups of a drill's runbook, measured by what was really restored; none where the runbook has none. */
export function groupsOf(record: DrillRecord): readonly MeasuredGroup[] {
  const groups = record.started?.runbook.groups ?? [];
  if (groups.length === 0) return [];
  const restored = lossesOf(record).flatMap(({ resource, dataMoment }): readonly GroupMoment[] =>
    dataMoment ? [{ resource, moment: dataMoment }] : [],
  );
  return groups.map((group) => measure(group, restored, record));
}

function measure(
  { name, of, maxSkew }: ConsistencyGroup,
  restored: readonly GroupMoment[],
  { plan }: DrillRecord,
): MeasuredGroup {
  const moments = of.flatMap((resource) => restored.find((one) => one.resource === resource) ?? []);
  const common = { name, of, limit: maxSkew, moments };
  const missing = of.find((resource) => !moments.some((one) => one.resource === resource));
  if (plan === undefined) return { ...common, outcome: 'unmeasured', because: 'nothing was planned' };
  if (missing !== undefined) return { ...common, outcome: 'unmeasured', because: `'${missing}' was not restored` };
  const planned = plan.groups?.find((group) => group.name === name);
  const measured = skewOf(moments.map(({ moment }) => moment.at));
  const error = errorOf(moments, measured);
  return {
    ...common,
    ...compare({ measured, error, atWorst: measured + error, doubts: doubtsOf(moments, maxSkew, planned) }, maxSkew),
  };
}

/** What the errors of all moments, and the clocks of two sources, can make of the time between the outermost ones. */
function errorOf(moments: readonly GroupMoment[], measured: Millis): Millis {
  const ends = moments.map(({ moment: { at, error } }) => ({
    from: epochMillisOf(at) - error,
    until: epochMillisOf(at) + error,
  }));
  const most = Math.max(...ends.map(({ until }) => until)) - Math.min(...ends.map(({ from }) => from));
  const least = Math.max(...ends.map(({ from }) => from)) - Math.min(...ends.map(({ until }) => until));
  return CLOCK_ERROR + Math.max(most - measured, measured - Math.max(0, least));
}

/**
 * A database that was not written to ends with an old transaction however new its backup is. Where the moments that the
 * restores were to reach lie together, such a transaction alone proves nothing: neither that data is missing, nor that
 * none is.
 */
function doubtsOf(
  moments: readonly GroupMoment[],
  limit: Millis,
  planned: PlannedGroup | undefined,
): readonly { readonly because: string }[] {
  const assumed = moments.map(({ resource, moment: { source, at } }) => {
    const reached = planned?.moments.find((one) => one.resource === resource)?.at ?? at;
    const isQuiet = source === 'last-replayed-transaction' && reached > at;
    return { resource, isQuiet, at: isQuiet ? reached : at };
  });
  const isWithin = skewOf(moments.map(({ moment }) => moment.at)) <= limit;
  if (isWithin || skewOf(assumed.map(({ at }) => at)) > limit) return [];
  const names = assumed.filter(({ isQuiet }) => isQuiet).map(({ resource }) => `'${resource}'`);
  return [
    {
      because: `nothing says whether ${names.join(' and ')} lacks data or was just not written to: a freshness check of data that always changes can tell`,
    },
  ];
}
