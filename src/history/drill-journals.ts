import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { JOURNAL_FILE } from '../journal/file-journal.ts';

/** What may be asked of an id: it stays one folder's name below the reports folder. */
const DRILL_ID = /^[a-z0-9][a-z0-9-]{0,99}$/;

/** Whether this can be the name of a drill's folder. */
export function isDrillId(name: string): boolean {
  return DRILL_ID.test(name);
}

/** The names of all folders below a reports folder that can be drills', sorted; a folder that is not there holds none. */
export async function drillIdsBelow(reports: string): Promise<readonly string[]> {
  const names = await readdir(reports).catch(() => []);
  return names.filter(isDrillId).sort();
}

/** The journal of a drill's folder. */
export function journalFileOf(reports: string, drillId: string): string {
  return join(reports, drillId, JOURNAL_FILE);
}

/**
 * What changes whenever a journal does: its size, and when it and its entry were last changed, in ms. The last cannot be
 * set back by who changes a file.
 */
export type JournalStamp = readonly [size: number, modified: number, changed: number];

/** `undefined` where there is no journal. */
export async function stampOf(file: string): Promise<JournalStamp | undefined> {
  return stat(file).then(
    (one) => (one.isFile() ? [one.size, one.mtimeMs, one.ctimeMs] : undefined),
    () => undefined,
  );
}

export function isSameStamp(a: JournalStamp | undefined, b: JournalStamp | undefined): boolean {
  return a !== undefined && b !== undefined && a.every((part, index) => part === b[index]);
}
