import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Manifest } from '../checks/manifest-format.ts';
import type { Problem } from '../diagnostics/problem.ts';
import { ProblemError } from '../diagnostics/problem-error.ts';
import type { BoundedEntry, Contents } from '../probe/observation.ts';
import { sqliteProbe } from '../probe/sqlite/sqlite-probe.ts';
import { copyDatabase } from '../providers/local/sqlite/copy-database.ts';
import { type DatabaseFiles, lookAtDatabase } from '../providers/local/sqlite/database-files.ts';
import { recoverDatabase } from '../providers/local/sqlite/recover-database.ts';
import { systemClock } from '../support/clock.ts';

export interface SqliteRecording {
  /** Absolute path of the living database. */
  readonly live: string;
  /** As manifest checks name it. */
  readonly database: string;
  readonly bounded: readonly BoundedEntry[];
  readonly recoveryPointId?: string;
}

/** How often a copy is made while the source is being written to. */
const TRIES = 5;

/**
 * Records what a restore of this moment must contain. The living database is only read, file by file, and never opened:
 * SQLite would lock it, and make files beside it. So a copy counts only if nothing was written while it was made.
 */
export async function recordSqliteManifest(
  recording: SqliteRecording,
  signal: AbortSignal,
): Promise<Manifest | Problem> {
  const folder = await mkdtemp(join(tmpdir(), 'drillbook-living-'));
  try {
    const copied = await copyUnchanged(recording.live, join(folder, 'data'), signal);
    await recoverDatabase(copied.file, signal);
    return await read(copied, recording, signal);
  } catch (error) {
    if (error instanceof ProblemError) return error.problem;
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return notCopied(recording.live, `the system said ${code}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Copied {
  readonly file: string;
  readonly at: string;
}

async function copyUnchanged(live: string, folder: string, signal: AbortSignal): Promise<Copied> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const at = systemClock.now();
    const before = await lookAtDatabase(live);
    const copied = await copyDatabase(before, folder, { signal, onBytes: () => {} }).catch((error: unknown) => {
      // A log that went away while it was to be copied: the source was written to.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    });
    if (copied !== undefined && stateOf(before) === stateOf(await lookAtDatabase(live))) return { file: copied, at };
  }
  throw new ProblemError(notCopied(live, 'it is written to all the time'));
}

/** What changes with every write. */
function stateOf({ bytes, modifiedAt, wal, journal }: DatabaseFiles): string {
  return JSON.stringify([bytes, modifiedAt, wal, journal]);
}

async function read(
  { file, at }: Copied,
  recording: SqliteRecording,
  signal: AbortSignal,
): Promise<Manifest | Problem> {
  const { live, database, bounded, recoveryPointId } = recording;
  const seen = await sqliteProbe.observe({ kind: 'sqlite', file }, { kind: 'contents', database, bounded }, signal);
  if (seen.kind === 'unobservable') return seen.problem;
  if (seen.kind !== 'contents') throw new Error(`the probe answered with '${seen.kind}'`);
  const gap = gapIn(seen.contents, live);
  if (gap) return gap;
  const moment = { at, lsn: '', ...(recoveryPointId !== undefined && { recoveryPointId }) };
  return { manifest: 1, database, moment, contents: seen.contents };
}

/** A manifest with a gap would vouch for too little. */
function gapIn({ tables, bounded }: Contents, live: string): Problem | undefined {
  const entry = [...tables, ...bounded].find(({ rows }) => rows === undefined);
  if (!entry) return undefined;
  const reason = entry.unreadable?.message ?? entry.fault ?? 'there is no such table';
  return {
    code: 'manifest/unreadable-table',
    message: `unable to record a manifest of '${live}': '${entry.table}' cannot be read whole: ${reason}`,
    hint: 'Check the living database with PRAGMA integrity_check, and the tables of bounded entries.',
    blames: 'environment',
  };
}

function notCopied(live: string, why: string): Problem {
  return {
    code: 'manifest/source-not-copied',
    message: `unable to copy the living database '${live}': ${why}`,
    hint: 'Record while nothing is written, or let the user that runs drillbook read the database and its folder.',
    blames: 'environment',
  };
}
