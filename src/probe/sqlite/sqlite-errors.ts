import type { Problem } from '../../diagnostics/problem.ts';
import { ProblemError } from '../../diagnostics/problem-error.ts';
import { isSqliteError } from './database.ts';

/** Messages that prove damage (sqlite.org/rescode.html: SQLITE_CORRUPT, SQLITE_NOTADB). */
const DAMAGE: readonly (readonly [RegExp, string])[] = [
  [/^database disk image is malformed/, 'damaged pages (SQLITE_CORRUPT)'],
  [/^file is not a database/, 'no database header (SQLITE_NOTADB)'],
  // With a syntax error behind it, it may as well have been written by a newer SQLite.
  [
    /^malformed database schema \([^]*\)(?: - (?:invalid rootpage|orphan index))?$/,
    'a damaged schema (SQLITE_CORRUPT)',
  ],
];

/** Messages that hold names of the query and of the schema alone. */
const NAMING =
  /^(?:no such (?:table|column|function|collation sequence|module|index): .{1,200}|near ".{1,80}": syntax error|incomplete input|ambiguous column name: .{1,200}|wrong number of arguments to function .{1,80}|misuse of aggregate.{0,80}|attempt to write a readonly database)$/s;

const OUT_OF_MEMORY = /^out of memory|^string or blob too big/;

/** What is damaged, where an error proves damage of the copy; `undefined` for all others. */
export function damageOf(error: unknown): string | undefined {
  if (!isSqliteError(error)) return undefined;
  return DAMAGE.find(([pattern]) => pattern.test(error.message))?.[1];
}

/**
 * What SQLite answered, as a problem; never its message where that may quote a row. Rethrows what is a mistake of ours.
 *
 * @param about what was looked at, e.g. `table 'orders'`
 */
export function problemOf(error: unknown, about: string): Problem {
  if (error instanceof ProblemError) return error.problem;
  if ((error as Error).name === 'RuntimeError') return crashed(about);
  if (!isSqliteError(error)) throw error;
  const damage = damageOf(error);
  if (damage !== undefined) {
    return {
      code: 'check/data-corrupted',
      message: `unable to read ${about}: SQLite met ${damage}`,
      hint: 'The restored copy is damaged: keep this recovery point for analysis and restore another one.',
      blames: 'backup',
    };
  }
  if (OUT_OF_MEMORY.test(error.message)) return outOfMemory(about);
  const why = NAMING.test(error.message) ? error.message : 'for a reason that may quote a row, and is not shown';
  return {
    code: 'check/query-failed',
    message: `unable to look at ${about}: SQLite refused a statement: ${why}`,
    hint: "Correct the check's query, which is one statement that begins with select, with or values.",
    blames: 'environment',
  };
}

/** SQLite, or what reads its answers, needs more memory than it may have. */
export function outOfMemory(about: string): Problem {
  return {
    code: 'check/out-of-memory',
    message: `unable to look at ${about}: it takes more memory than a check may have`,
    hint: 'Let the query sort and gather less, e.g. only the columns that it is about.',
    blames: 'environment',
  };
}

/** WebAssembly stopped SQLite before it reached for memory that is not its own. */
function crashed(about: string): Problem {
  return {
    code: 'check/engine-crashed',
    message: `unable to look at ${about}: SQLite itself failed on it`,
    hint: 'Look at the recovery point with another version of SQLite.',
    blames: 'environment',
  };
}
