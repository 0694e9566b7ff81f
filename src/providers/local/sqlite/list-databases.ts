import { type Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import type { RecoveryPoint, RecoveryPointListing } from '../../../catalog/recovery-point.ts';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { SqliteRestore } from '../../../runbook/restore-spec.ts';
import { type DatabaseFiles, lookAtDatabase } from './database-files.ts';
import { unusableBecause } from './unusable-database.ts';

/** How many folders below the source a database may lie. */
const DEEPEST = 2;
/** What is called like a database and is none, is told of; what is called otherwise is none of our business. */
const DATABASE_NAME = /\.(?:db|sqlite|sqlite3)(?:\.gz)?$/;
const SAYS_NO_DATABASE: readonly string[] = ['restore/empty-database', 'restore/not-a-database'];
const SIDE_FILE = /-(?:wal|shm|journal)$/;

/**
 * All SQLite databases in a source: the file itself, or files of a folder and up to two levels below it, also packed by
 * gzip. A point's id is its path from the source (its name, when the source is the file). What cannot be restored is
 * listed with its reason; one bad backup hides no other. Reads only.
 *
 * @throws ProblemError `restore/source-unreadable` when the source itself cannot be read
 */
export async function listDatabases(spec: SqliteRestore, signal: AbortSignal): Promise<RecoveryPointListing> {
  const source = resolve(spec.source);
  const found = await stat(source).catch((error: unknown) => {
    throw new ProblemError(unreadable(source, codeOf(error)), error);
  });
  const points: RecoveryPoint[] = [];
  const unusable: { id: string; problem: Problem }[] = [];
  const files = found.isDirectory() ? filesBelow(source, DEEPEST) : [{ file: source }];
  for await (const one of files) {
    signal.throwIfAborted();
    if ('folder' in one) {
      const problem = unreadable(one.folder, one.because);
      if (one.folder === source) throw new ProblemError(problem);
      unusable.push({ id: relative(source, one.folder), problem });
      continue;
    }
    const id = relative(source, one.file) || basename(source);
    const described = await describe(id, one.file);
    if ('point' in described) points.push(described.point);
    else if (one.file === source || isToldOf(one.file, described.problem)) unusable.push({ id, ...described });
  }
  return { points, unusable };
}

type Found = { readonly file: string } | { readonly folder: string; readonly because: string };

async function* filesBelow(folder: string, levels: number): AsyncIterable<Found> {
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    yield { folder, because: codeOf(error) };
    return;
  }
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isFile() && !SIDE_FILE.test(entry.name)) yield { file: path };
    if (entry.isDirectory() && levels > 0) yield* filesBelow(path, levels - 1);
  }
}

/** Of a file that neither begins nor is called like a database, nothing is said. */
function isToldOf(file: string, { code }: Problem): boolean {
  return DATABASE_NAME.test(file) || !SAYS_NO_DATABASE.includes(code);
}

/** A database as a recovery point, or why it cannot be restored. */
async function describe(id: string, file: string): Promise<{ point: RecoveryPoint } | { problem: Problem }> {
  try {
    const files = await lookAtDatabase(file);
    const problem = await unusableBecause(files);
    return problem ? { problem } : { point: pointOf(id, files) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return { problem: unreadable(file, codeOf(error)) };
  }
}

function pointOf(id: string, files: DatabaseFiles): RecoveryPoint {
  const { file, isGzip, bytes, wal, journal, header } = files;
  const captured = capturedOf(files);
  const left = [...(wal ? ['-wal'] : []), ...(journal ? ['-journal'] : [])];
  return {
    id,
    provider: 'local',
    kind: 'sqlite',
    location: file,
    ...captured,
    availableAt: captured.capturedAt,
    consistency: left.length === 0 ? 'application' : 'crash',
    format: `SQLite database${isGzip ? ' (gzip)' : ''}${left.length > 0 ? ` with its ${left.join(' and ')}` : ''}`,
    engine: { name: 'sqlite', version: header?.writtenBy ?? 'unknown' },
    bytes: bytes + (wal?.bytes ?? 0) + (journal?.bytes ?? 0),
    tags: [],
  };
}

/**
 * No file of SQLite holds a time. A copy that did not keep its source's file times has that of the copying, which is later
 * than its data: so the source of the moment says what it is.
 */
function capturedOf(files: DatabaseFiles): Pick<RecoveryPoint, 'capturedAt' | 'capturedAtSource'> {
  const { file, modifiedAt, wal, journal } = files;
  const note = '(the database says no time; a copy may be of a later time than its data)';
  if (journal) {
    // What was written since the journal began is rolled back.
    const earlier = journal.modifiedAt < modifiedAt ? journal : { file, modifiedAt };
    const source = `file time of '${basename(earlier.file)}', whose last transaction is rolled back ${note}`;
    return { capturedAt: earlier.modifiedAt.toISOString(), capturedAtSource: source };
  }
  const later = wal && wal.modifiedAt > modifiedAt ? wal : { file, modifiedAt };
  return {
    capturedAt: later.modifiedAt.toISOString(),
    capturedAtSource: `file time of '${basename(later.file)}' ${note}`,
  };
}

/** A source, or something in it, that the file system does not give. */
function unreadable(path: string, why: string): Problem {
  return {
    code: 'restore/source-unreadable',
    message: `'${path}' cannot be read: ${why}`,
    hint: "Correct 'source' in the runbook, or let the user that runs drillbook read the whole backup.",
    blames: 'environment',
  };
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown error';
}
