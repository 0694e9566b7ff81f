import type { Problem } from '../../../diagnostics/problem.ts';
import { type DatabaseFiles, type SideFile, readAt } from './database-files.ts';

/** What a rollback journal of a transaction over several databases ends in (sqlite.org/fileformat2.html#rollbackjournal). */
const JOURNAL_MAGIC = Buffer.from('d9d505f920a163d7', 'hex');

/** Why a database cannot be restored, as far as a look at its files tells; `undefined` when it can. */
export async function unusableBecause(files: DatabaseFiles): Promise<Problem | undefined> {
  const { file, bytes, isGzip, header, wal, journal } = files;
  if (bytes === 0) return emptyFile(file);
  if (header === undefined) return notADatabase(file);
  if (header.encoding === 'UTF-16') return otherEncoding(file);
  if (journal && (await isOfSeveralDatabases(journal))) return severalDatabases(journal.file);
  if (wal && !(await isOfPageSize(wal, header.pageSize))) return otherWal(wal.file);
  // What a crash left beside the file may bring the missing pages.
  const isWhole = wal !== undefined || journal !== undefined || isGzip || !isTruncated(header, bytes);
  return isWhole ? undefined : truncated(file);
}

/** Whether a file lacks pages that its own header counts. */
function isTruncated({ pages, pageSize }: NonNullable<DatabaseFiles['header']>, bytes: number): boolean {
  return pages !== undefined && pages * pageSize > bytes;
}

/**
 * Whether a journal ends in the path of another one, which decides whether its transaction counts. That path is the
 * source's own: SQLite would look for it there, and could remove it.
 */
async function isOfSeveralDatabases({ file, bytes }: SideFile): Promise<boolean> {
  const end = await readAt(file, Math.max(0, bytes - JOURNAL_MAGIC.length), JOURNAL_MAGIC.length);
  return bytes > 512 && end.equals(JOURNAL_MAGIC);
}

/** A WAL names the page size of its database (sqlite.org/fileformat2.html#the_write_ahead_log). A torn one is no one's. */
async function isOfPageSize({ file }: SideFile, pageSize: number): Promise<boolean> {
  const head = await readAt(file, 0, 32);
  return head.length < 32 || head.readUInt32BE(8) === pageSize;
}

function emptyFile(file: string): Problem {
  return {
    code: 'restore/empty-database',
    message: `'${file}' is empty`,
    hint: 'Look at the job that makes the backups: it may have run out of space.',
    blames: 'backup',
  };
}

function notADatabase(file: string): Problem {
  return {
    code: 'restore/not-a-database',
    message: `'${file}' does not begin like a SQLite database: it is encrypted, damaged or something else`,
    hint: 'Keep other files elsewhere; decrypt an encrypted database before it is backed up, or back it up by its own tool.',
    blames: 'environment',
  };
}

function otherEncoding(file: string): Problem {
  return {
    code: 'restore/unsupported-encoding',
    message: `'${file}' keeps its texts in UTF-16, which this SQLite does not read`,
    hint: 'Nothing is known against the backup; databases in UTF-8 can be drilled.',
    blames: 'environment',
  };
}

function severalDatabases(journal: string): Problem {
  return {
    code: 'restore/journal-of-several-databases',
    message: `'${journal}' is of a transaction over several databases, and whether it counts is written in a file that is no part of the backup`,
    hint: "Back up by SQLite's own means (.backup, VACUUM INTO), which leave no journal, or while nothing is written.",
    blames: 'environment',
  };
}

function otherWal(wal: string): Problem {
  return {
    code: 'restore/wal-of-another-database',
    message: `'${wal}' is of a database with another page size, so it does not belong to the file beside it`,
    hint: "Copy a database and its -wal together, or back up by SQLite's own means (.backup, VACUUM INTO).",
    blames: 'backup',
  };
}

/** The database ends before its own last page. */
function truncated(file: string): Problem {
  return {
    code: 'restore/truncated-database',
    message: `'${file}' ends before the last of the pages that its header counts`,
    hint: 'Look at the job that makes the backups: the copy was cut off.',
    blames: 'backup',
  };
}
