import { type MeasuredGroup, groupsOf } from '../drill/consistency.ts';
import { wordsOf } from '../drill/data-loss.ts';
import type { DrillRecord } from '../drill/record.ts';
import type { Report, ReportedGroup } from './report.ts';

/** What the report says of consistency groups: nothing where the runbook has none. */
export function reportedGroups(record: DrillRecord): Pick<Report, 'groups'> {
  const groups = groupsOf(record).map((group) => reportedGroup(group, record));
  return groups.length === 0 ? {} : { groups };
}

function reportedGroup(group: MeasuredGroup, { plan }: DrillRecord): ReportedGroup {
  const { name, of, outcome, limit, measured, error, moments, because } = group;
  const expected = plan?.groups?.find((one) => one.name === name)?.expectedSkew;
  return {
    name,
    of,
    outcome,
    limitSeconds: limit / 1_000,
    ...(measured !== undefined && { measuredSeconds: measured / 1_000 }),
    ...(error !== undefined && { errorSeconds: Math.ceil(error) / 1_000 }),
    ...(expected !== undefined && { expectedSeconds: expected / 1_000 }),
    moments: moments.map(({ resource, moment }) => ({ resource, at: moment.at, source: wordsOf(moment) })),
    ...(because !== undefined && { because }),
  };
}
