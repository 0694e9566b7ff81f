import { readJournalFile } from '../journal/file-journal.ts';
import type { JournalText } from '../journal/read-journal.ts';
import { type JournalStamp, drillIdsBelow, isSameStamp, journalFileOf, stampOf } from './drill-journals.ts';
import { type DrillSummary, summaryOfDrill } from './drill-summary.ts';
import { type IndexEntry, type IndexFile, indexFileOf, readIndexFile, writeIndexFile } from './index-file.ts';
import { type StoredSource, gatherPoints, seenByDrill } from './recorded-points.ts';

/** What the drills below a reports folder have shown. */
export interface DrillIndex {
  /** The drills whose journal has its beginning, oldest first, each once: a copy of a folder is no second drill. */
  readonly drills: readonly IndexedDrill[];
  /** Journals that are there and could not be read: what they hold is in none of the answers. */
  readonly unreadable: readonly UnreadableJournal[];
  /** Every recovery point that any draw saw. */
  points(): readonly StoredSource[];
}

/** A drill, and the name of its folder. */
export interface IndexedDrill extends DrillSummary {
  readonly folder: string;
}

export interface UnreadableJournal {
  readonly drillId: string;
  /** As the system says it, e.g. `EIO`. */
  readonly code: string;
}

export interface IndexOptions {
  /** Version of drillbook: what another one wrote is not believed. */
  readonly tool: string;
  readonly readJournal?: (file: string) => Promise<JournalText>;
}

/** Stats asked for at once: Node's pool has four threads, and each question in the queue costs memory. */
const STATS_AT_ONCE = 256;

/**
 * What the drills below a reports folder have shown, in a moment however many there are.
 *
 * The folders are the truth. An index of them, `.index/drills.jsonl`, is kept beside them and never believed about a
 * journal that has changed since, nor at all when it is not whole: such journals are read again, one by one, and the
 * index is written anew. Where it cannot be written, all goes on without it. Processes that do this at once each write
 * a whole index; whichever stays is brought up to date by the next one.
 */
export async function openDrillIndex(reports: string, options: IndexOptions): Promise<DrillIndex> {
  const file = indexFileOf(reports);
  const [kept, stamps] = await Promise.all([readIndexFile(file, options.tool), stampsBelow(reports)]);
  const known = new Map((kept?.entries ?? []).map((entry) => [entry.folder, entry]));
  const changed = [...stamps].filter(([folder, stamp]) => !isSameStamp(known.get(folder)?.stamp, stamp));
  if (kept !== undefined && changed.length === 0 && known.size === stamps.size) {
    return { drills: drillsOf(kept.entries), unreadable: [], points: () => kept.points() };
  }
  const { entries, points, unreadable } = await readAgain({ reports, kept, stamps, changed }, options);
  await writeIndexFile(file, options.tool, { entries, points });
  return { drills: drillsOf(entries), unreadable, points: () => points };
}

/** Looked at before a journal is read: one that grows meanwhile is read again the next time. */
async function stampsBelow(reports: string): Promise<ReadonlyMap<string, JournalStamp>> {
  const folders = await drillIdsBelow(reports);
  const stamps = new Map<string, JournalStamp>();
  for (let at = 0; at < folders.length; at += STATS_AT_ONCE) {
    const some = folders.slice(at, at + STATS_AT_ONCE);
    const found = await Promise.all(some.map(async (folder) => stampOf(journalFileOf(reports, folder))));
    for (const [index, stamp] of found.entries()) if (stamp) stamps.set(some[index] ?? '', stamp);
  }
  return stamps;
}

interface Outdated {
  readonly reports: string;
  readonly kept: IndexFile | undefined;
  readonly stamps: ReadonlyMap<string, JournalStamp>;
  readonly changed: readonly (readonly [string, JournalStamp])[];
}

async function readAgain(
  { reports, kept, stamps, changed }: Outdated,
  { readJournal = readJournalFile }: IndexOptions,
): Promise<{ entries: IndexEntry[]; points: readonly StoredSource[]; unreadable: UnreadableJournal[] }> {
  const isChanged = new Set(changed.map(([folder]) => folder));
  const isKept = (folder: string) => stamps.has(folder) && !isChanged.has(folder);
  const entries = (kept?.entries ?? []).filter(({ folder }) => isKept(folder));
  const gathering = gatherPoints();
  for (const stored of kept?.points() ?? []) gathering.addStored(stored, isKept);
  const unreadable: UnreadableJournal[] = [];
  for (const [folder, stamp] of changed) {
    const text = await readJournal(journalFileOf(reports, folder)).catch((error: unknown) => codeOf(error));
    if (typeof text === 'string') unreadable.push({ drillId: folder, code: text });
    else {
      entries.push({ folder, stamp, summary: summaryOfDrill(text) ?? null });
      gathering.add(folder, seenByDrill(text.events));
    }
  }
  entries.sort((a, b) => compare(a.folder, b.folder));
  return { entries, points: gathering.stored(), unreadable };
}

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code);
  throw error;
}

function drillsOf(entries: readonly IndexEntry[]): readonly IndexedDrill[] {
  const drills = new Map<string, IndexedDrill>();
  for (const { folder, summary } of entries) {
    if (summary !== null && (folder === summary.drillId || !drills.has(summary.drillId))) {
      drills.set(summary.drillId, { ...summary, folder });
    }
  }
  return [...drills.values()].sort((a, b) => compare(a.startedAt, b.startedAt) || compare(a.drillId, b.drillId));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
