import { type DrillIndex, openDrillIndex } from '../history/drill-index.ts';
import { timesDrawn } from '../history/point-history.ts';
import { type CommandIo, printProblem } from './io.ts';
import { version } from './version.ts';

/** What the drills below a reports folder have shown. */
export async function openHistory(reports: string): Promise<DrillIndex> {
  return openDrillIndex(reports, { tool: version() });
}

/** Says which journals could not be read, and whether all could: without them an answer is not the whole one. */
export function tellUnreadable({ unreadable }: DrillIndex, io: Pick<CommandIo, 'stderr'>): boolean {
  for (const { drillId, code } of unreadable) {
    printProblem(io, {
      code: 'history/unreadable-drill',
      message: `the journal of '${drillId}' cannot be read: ${code}`,
      hint: 'Make it readable; until then nothing that this drill has shown is counted.',
    });
  }
  return unreadable.length === 0;
}

/** How many drills below a reports folder have drawn each recovery point of a source, by id; they are read once. */
export function readTimesDrawn(reports: string): (source: string) => Promise<Readonly<Record<string, number>>> {
  let index: Promise<DrillIndex> | undefined;
  return async (source) => {
    index ??= openHistory(reports);
    return timesDrawn((await index).drills, source);
  };
}
