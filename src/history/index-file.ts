import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeWholeFile } from '../support/whole-file.ts';
import type { JournalStamp } from './drill-journals.ts';
import type { DrillSummary } from './drill-summary.ts';
import type { StoredSource } from './recorded-points.ts';

/** One drill's folder as it was when its journal was read. */
export interface IndexEntry {
  readonly folder: string;
  readonly stamp: JournalStamp;
  /** Null: its journal belongs to no runbook. */
  readonly summary: DrillSummary | null;
}

/** What an index file holds. The points are parsed when they are asked for: most questions are about drills alone. */
export interface IndexFile {
  readonly entries: readonly IndexEntry[];
  points(): readonly StoredSource[];
}

/** Grows whenever what is kept of a drill changes within one version of drillbook. */
const SHAPE = 1;

/** Where the index of a reports folder lies: no drill has a name like this. */
export function indexFileOf(reports: string): string {
  return join(reports, '.index', 'drills.jsonl');
}

/**
 * Reads an index that this version of drillbook wrote; `undefined` for anything else: none, one of another version, one
 * that was cut short or changed.
 *
 * Three lines: who wrote it and the SHA-256 of the rest; the drills; the recovery points.
 */
export async function readIndexFile(file: string, tool: string): Promise<IndexFile | undefined> {
  const bytes = await readFile(file).catch(() => undefined);
  if (bytes === undefined) return undefined;
  const headEnd = bytes.indexOf('\n');
  const drillsEnd = bytes.indexOf('\n', headEnd + 1);
  const body = bytes.subarray(headEnd + 1);
  const isWhole = headEnd > 0 && drillsEnd > headEnd;
  if (!isWhole || bytes.toString('utf8', 0, headEnd) !== headOf(tool, hashOf(body))) return undefined;
  return {
    entries: JSON.parse(bytes.toString('utf8', headEnd + 1, drillsEnd)) as IndexEntry[],
    points: () => JSON.parse(bytes.toString('utf8', drillsEnd + 1)) as StoredSource[],
  };
}

/** Writes an index whole; where it cannot be written there is none, or the old one stays, which is then out of date. */
export async function writeIndexFile(
  file: string,
  tool: string,
  content: { readonly entries: readonly IndexEntry[]; readonly points: readonly StoredSource[] },
): Promise<void> {
  const body = `${JSON.stringify(content.entries)}\n${JSON.stringify(content.points)}\n`;
  const text = `${headOf(tool, hashOf(body))}\n${body}`;
  try {
    // Not with the folders above it: who asks about drills that are not there makes no folder for them.
    await mkdir(dirname(file)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await writeWholeFile(file, text, 0o644);
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
  }
}

function headOf(tool: string, sha256: string): string {
  return JSON.stringify({ drillIndex: SHAPE, tool, sha256 });
}

function hashOf(body: string | Uint8Array): string {
  return createHash('sha256').update(body).digest('hex');
}
