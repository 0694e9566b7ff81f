import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type DrillState, fold } from '../drill/state.ts';
import { JOURNAL_FILE, readJournalFile } from '../journal/file-journal.ts';
import type { JournalText } from '../journal/read-journal.ts';
import type { Problem } from '../diagnostics/problem.ts';

/** One drill's folder under the reports folder, as it lies there. */
export interface DrillFolder {
  readonly drillId: string;
  readonly folder: string;
  readonly text: JournalText;
  readonly state: DrillState;
}

/** What may be asked of an id: it stays one folder's name below the reports folder. */
const DRILL_ID = /^[a-z0-9][a-z0-9-]{0,99}$/;

/** All drills below a reports folder, oldest first by id; a reports folder that is not there holds none. */
export async function listDrillFolders(reports: string): Promise<readonly DrillFolder[]> {
  const names = await readdir(reports).catch(() => []);
  const found = await Promise.all(
    names
      .filter((name) => DRILL_ID.test(name))
      .sort()
      .map(async (name) => readFolder(reports, name)),
  );
  return found.filter((one) => one !== undefined);
}

/** The drill of that id, the newest one without an id, or why there is none. */
export async function findDrillFolder(reports: string, id: string | undefined): Promise<DrillFolder | Problem> {
  if (id === undefined) {
    const newest = [...(await listDrillFolders(reports))].sort(byStart).at(-1);
    return newest ?? noDrill(`there is no drill below '${reports}'`);
  }
  const found = DRILL_ID.test(id) ? await readFolder(reports, id) : undefined;
  return found ?? noDrill(`there is no drill '${id}' below '${reports}'`);
}

async function readFolder(reports: string, drillId: string): Promise<DrillFolder | undefined> {
  const folder = join(reports, drillId);
  const isThere = await stat(join(folder, JOURNAL_FILE)).then(
    (one) => one.isFile(),
    () => false,
  );
  if (!isThere) return undefined;
  const text = await readJournalFile(join(folder, JOURNAL_FILE));
  // An engine that was killed before its first line was on disk has begun nothing.
  if (text.events.length === 0 && text.bad === undefined) return undefined;
  return { drillId, folder, text, state: fold(text.events) };
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
