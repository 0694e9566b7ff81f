import { parseDuration } from './duration.ts';
import { must } from './must.ts';
import type { CutoverSpec } from './runbook.ts';
import type { WrittenCutover } from './written-cutover.ts';

/** A written cutover in which nothing is wrong, with its names as DNS compares them. */
export function normaliseCutover({ zone, records, within }: WrittenCutover): CutoverSpec {
  return {
    zone,
    records: records.map(({ name, to }) => ({ name: plainName(name), to })),
    ...(within !== undefined && { within: must(parseDuration(within), within) }),
  };
}

/** A DNS name in lower case and without a dot at its end. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
