import { formatInstant, formatSeconds } from './format.ts';
import type { Report, ReportedGroup } from './report.ts';
import { errorInWords } from './words.ts';

/** How far apart a group's data lies, against its limit, in one sentence without a full stop. */
export function groupFigure({ measuredSeconds, errorSeconds = 0, limitSeconds }: ReportedGroup): string {
  const limit = `at most ${formatSeconds(limitSeconds)} allowed`;
  if (measuredSeconds === undefined) return `not measured, ${limit}`;
  return `${formatSeconds(measuredSeconds)} apart ${errorInWords(errorSeconds)}, ${limit}`;
}

/** The moment of each resource and how it is known, e.g. `orders: 2026-11-20 03:00:00 UTC, by …`. */
export function groupMoments({ moments }: ReportedGroup): readonly string[] {
  return moments.map(({ resource, at, source }) => `${resource}: ${formatInstant(at)}, by ${source}`);
}

/** What was to be expected, and what to know about the figure; lower case, without a full stop. */
export function groupNotes({ expectedSeconds, because }: ReportedGroup): readonly string[] {
  return [
    ...(because === undefined ? [] : [because]),
    ...(expectedSeconds === undefined
      ? []
      : [`the recovery points themselves lie ${formatSeconds(expectedSeconds)} apart`]),
  ];
}

/** How anyone chooses the points of a group again; `undefined` where none was chosen so. */
export function groupRecipe({ recoveryPoints }: Report): string | undefined {
  return recoveryPoints.some(({ draw }) => draw.follows !== undefined) ? GROUP_RECIPE : undefined;
}

const GROUP_RECIPE =
  'Where a draw is nearest to another resource, take for every such resource of the group one candidate, so that their ' +
  'moments and that of the draw they follow lie within the shortest time; of several such combinations the one whose ' +
  "earliest moment is latest; within the time that it spans, each resource's latest candidate; of the same moment the " +
  'one captured last, then the first by id.';
