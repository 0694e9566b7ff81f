import type { Problem } from '../../diagnostics/problem.ts';

/** An error that the server itself answered with, as mysql2 gives it. */
interface ServerError extends Error {
  readonly errno: number;
  /** e.g. `ER_NO_SUCH_TABLE`. */
  readonly code: string;
  readonly sqlState: string;
  readonly sqlMessage: string;
}

/** Access denied, no such database, host not allowed, account locked, password expired, no TLS: MySQL's error reference. */
const REFUSALS = new Set([1044, 1045, 1049, 1130, 1227, 1698, 1820, 1862, 3118, 3159, 4151]);

/**
 * Errors that prove damage: crashed table or key file (1034, 1194, 1195), corrupt table, index or tablespace (1712, 1877,
 * 1812), table that the engine does not have (MariaDB's 1932).
 */
const DAMAGE = new Set([1034, 1194, 1195, 1712, 1812, 1877, 1932]);

/**
 * The engine's own numbers within error 1030 (`my_base.h`): crashed (126, 127, 144, 145), corrupt index or table (180,
 * 1877), missing tablespace (194).
 */
const ENGINE_DAMAGE = /^Got error (?:126|127|144|145|180|194|1877)\b/;

/** A missing file of a table, by its path below the data folder. */
const FILE_OF_TABLE = /'\.\/[^']*'.*\b(?:errno|Errcode): 2\b/;

/** The server ended the statement: killed, or longer than `max_execution_time` or `max_statement_time`. */
const TIMED_OUT = new Set([1317, 1969, 3024]);

/** Errors whose message holds names of the query alone: unknown column, table, function. */
const NAMING = new Set([1054, 1146, 1305]);

function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && 'sqlMessage' in error && 'errno' in error && typeof error.errno === 'number';
}

/** The condition by which a server turned a login down; `undefined` for every other error. */
export function refusalOf(error: unknown): string | undefined {
  return isServerError(error) && REFUSALS.has(error.errno) ? conditionOf(error) : undefined;
}

/** What is damaged, where an error proves damage of the copy; `undefined` for all others. */
export function damageOf(error: unknown): string | undefined {
  if (!isServerError(error)) return undefined;
  const { errno, sqlMessage } = error;
  const isDamage =
    DAMAGE.has(errno) ||
    (errno === 1030 && ENGINE_DAMAGE.test(sqlMessage)) ||
    // EE_FILENOTFOUND and ER_FILE_NOT_FOUND.
    ([29, 1017].includes(errno) && FILE_OF_TABLE.test(sqlMessage));
  return isDamage ? conditionOf(error) : undefined;
}

/** Whether the session can go on after `error` with something else. */
export function isSurvivable(error: unknown): boolean {
  return (
    isServerError(error) && !TIMED_OUT.has(error.errno) && error.errno !== 1053 && !('fatal' in error && error.fatal)
  );
}

/** Whether a table of `information_schema` is unknown to this server, which is older than the table. */
export function isUnknownTable(error: unknown): boolean {
  return isServerError(error) && error.errno === 1109;
}

function conditionOf({ code, errno }: ServerError): string {
  return `${code} (${errno})`;
}

/**
 * An error of a session as a problem: the condition and names, never the server's message where it may quote a row.
 * Rethrows what is no answer of the world but a mistake of ours.
 *
 * @param about what was looked at, e.g. `database 'shop'`
 */
export function problemOf(error: unknown, about: string, signal?: AbortSignal): Problem {
  if (signal?.aborted) return tooLong('check/gave-up', `gave up looking at ${about}: the time for it was over`);
  if (isServerError(error)) return answerOf(error, about);
  if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) throw error;
  const { code } = error as NodeJS.ErrnoException;
  return {
    code: 'check/connection-lost',
    message: `unable to look at ${about}: the server cannot be reached or closed the connection${code === undefined ? '' : ` (${code})`}`,
    hint: "Read the server's log: it may have run out of memory, or crashed on what it read.",
    blames: 'environment',
  };
}

function answerOf(error: ServerError, about: string): Problem {
  const damage = damageOf(error);
  if (damage !== undefined) {
    return {
      code: 'check/data-corrupted',
      message: `unable to read ${about}: the server met ${damage}`,
      hint: 'The restored copy is damaged: keep this recovery point for analysis and restore another one.',
      blames: 'backup',
    };
  }
  if (TIMED_OUT.has(error.errno)) {
    return tooLong('check/timed-out', `unable to look at ${about}: a statement took longer than it may`);
  }
  const names = NAMING.has(error.errno) ? `: ${error.sqlMessage}` : '';
  const isRefusal = REFUSALS.has(error.errno);
  return {
    code: isRefusal ? 'check/login-refused' : 'check/query-failed',
    message: `unable to look at ${about}: the server answered ${conditionOf(error)}${names}`,
    hint: isRefusal ? 'Check the database, the user and its password.' : hintFor(error.errno),
    blames: 'environment',
  };
}

function tooLong(code: string, message: string): Problem {
  const hint = 'Give checks more time in the limits of the runbook, or check less.';
  return { code, message, hint, blames: 'environment' };
}

function hintFor(errno: number): string {
  // Read-only transaction, and read-only server.
  if ([1792, 1290].includes(errno)) return 'Checks only read: take what writes out of the query.';
  if ([1054, 1064, 1146, 1305].includes(errno)) return 'Check the query: it must be one statement.';
  if ([1142, 1143].includes(errno)) return "Let the source's master user read it.";
  return "The server's log says more.";
}
