import { join } from 'node:path';
import { type DrillState, fold } from '../drill/state.ts';
import { drillIdsBelow, isDrillId, journalFileOf, stampOf } from '../history/drill-journals.ts';
import { readJournalFile } from '../journal/file-journal.ts';
import type { JournalText } from '../journal/read-journal.ts';
import type { Problem } from '../diagnostics/problem.ts';

/** One drill's folder under the reports folder, as it lies there. */
export interface DrillFolder {
  readonly drillId: string;
  readonly folder: string;
  readonly text: JournalText;
  readonly state: DrillState;
}

/** All drills below a reports folder, oldest first by id; a reports folder that is not there holds none. */
export async function listDrillFolders(reports: string): Promise<readonly DrillFolder[]> {
  const ids = await drillIdsBelow(reports);
  const found = await Promise.all(ids.map(async (id) => readFolder(reports, id)));
  return found.filter((one) => one !== undefined);
}

/** The drill of that id, the newest one without an id, or why there is none. */
export async function findDrillFolder(reports: string, id: string | undefined): Promise<DrillFolder | Problem> {
  if (id === undefined) {
    const newest = [...(await listDrillFolders(reports))].sort(byStart).at(-1);
    return newest ?? noDrill(`there is no drill below '${reports}'`);
  }
  const found = isDrillId(id) ? await readFolder(reports, id) : undefined;
  return found ?? noDrill(`there is no drill '${id}' below '${reports}'`);
}

async function readFolder(reports: string, drillId: string): Promise<DrillFolder | undefined> {
  const file = journalFileOf(reports, drillId);
  if ((await stampOf(file)) === undefined) return undefined;
  const text = await readJournalFile(file);
  // An engine that was killed before its first line was on disk has begun nothing.
  if (text.events.length === 0 && text.bad === undefined) return undefined;
  return { drillId, folder: join(reports, drillId), text, state: fold(text.events) };
}

function byStart(a: DrillFolder, b: DrillFolder): number {
  const [x, y] = [a.state.started?.at ?? '', b.state.started?.at ?? ''];
  return x < y ? -1 : Number(x > y);
}

function noDrill(message: string): Problem {
  return {
    code: 'reports/no-such-drill',
    message,
    hint: 'Look at the folders there, or name the folder with --reports.',
    blames: 'environment',
  };
}
