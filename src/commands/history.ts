import { listDrillFolders } from './drill-folder.ts';

/** How many drills below a reports folder have drawn each recovery point of a source, by id. */
export async function timesDrawn(reports: string, source: string): Promise<Readonly<Record<string, number>>> {
  const times: Record<string, number> = {};
  for (const { state } of await listDrillFolders(reports)) {
    for (const { spec, point } of state.plan?.resources ?? []) {
      if (spec.source === source) times[point.id] = (times[point.id] ?? 0) + 1;
    }
  }
  return times;
}
