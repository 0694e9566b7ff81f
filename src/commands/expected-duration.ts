import { type Millis, millisBetween } from '../support/time.ts';
import { type DrillFolder, listDrillFolders } from './drill-folder.ts';

/** So many of the latest drills tell how long the next one will take. */
const LATEST = 5;

/** How long a drill of a runbook took before, teardown included. */
export interface ExpectedDuration {
  /** Of how many drills. */
  readonly of: number;
  readonly median: Millis;
  readonly longest: Millis;
}

/** What the latest finished drills of a runbook below a reports folder let expect; `undefined` when there is none. */
export async function expectedDuration(reports: string, runbook: string): Promise<ExpectedDuration | undefined> {
  const took = (await listDrillFolders(reports))
    .filter(({ state }) => state.finished && state.started?.runbook.name === runbook)
    .map(durationOf)
    .slice(-LATEST)
    .sort((a, b) => a - b);
  const [median, longest] = [took[Math.floor(took.length / 2)], took.at(-1)];
  return median === undefined || longest === undefined ? undefined : { of: took.length, median, longest };
}

function durationOf({ text: { events } }: DrillFolder): Millis {
  const [first, last] = [events[0], events.at(-1)];
  return first === undefined || last === undefined ? 0 : Math.max(0, millisBetween(first.at, last.at));
}
