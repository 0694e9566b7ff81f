import type { DrillSummary } from '../history/drill-summary.ts';
import { type Millis, millisBetween } from '../support/time.ts';

/** So many of the latest drills tell how long the next one will take. */
const LATEST = 5;

/** How long a drill of a runbook took before, teardown included. */
export interface ExpectedDuration {
  /** Of how many drills. */
  readonly of: number;
  readonly median: Millis;
  readonly longest: Millis;
}

/** What the latest finished drills of a runbook let expect; `undefined` when there is none. */
export function expectedDuration(drills: readonly DrillSummary[], runbook: string): ExpectedDuration | undefined {
  const took = drills
    .filter((drill) => drill.finished && drill.runbook === runbook)
    .map(({ startedAt, finishedAt }) => Math.max(0, millisBetween(startedAt, finishedAt)))
    .slice(-LATEST)
    .sort((a, b) => a - b);
  const [median, longest] = [took[Math.floor(took.length / 2)], took.at(-1)];
  return median === undefined || longest === undefined ? undefined : { of: took.length, median, longest };
}
