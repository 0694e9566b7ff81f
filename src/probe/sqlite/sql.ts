import { type Instant, instantOf } from '../../support/time.ts';
import type { Problem } from '../../diagnostics/problem.ts';
import { ProblemError } from '../../diagnostics/problem-error.ts';
import type { Observation, ObservationRequest } from '../observation.ts';
import type { SqliteDatabase, SqliteRow, SqliteValue } from './database.ts';

/** One more than the most that anyone needs to know of. */
const MOST_ROWS = 1_001;

/** First column of the first row, number of rows, and how many rows the population has. */
export function observeSql(
  database: SqliteDatabase,
  { query, over }: Extract<ObservationRequest, { kind: 'sql' }>,
): Observation {
  const rows = [...database.rows(firstRowsOf(query))];
  const seen = { kind: 'sql' as const, rows: rows.length, value: shown(firstValue(rows[0])) };
  if (over === undefined) return seen;
  const population = database.row(`select count(*) as rows from ${over}\n`);
  return { ...seen, population: Number(population?.['rows']) };
}

/** The newest moment of a restored database, as a query gives it. */
export function observeFreshness(
  database: SqliteDatabase,
  { query }: Extract<ObservationRequest, { kind: 'freshness' }>,
): Observation {
  const value = firstValue(database.row(firstRowsOf(query)));
  const seen = { kind: 'freshness' as const, observedAt: instantOf(Date.now()) };
  if (value === null) return seen;
  const newestAt = typeof value === 'string' ? momentOf(value) : undefined;
  return newestAt === undefined ? { kind: 'unobservable', problem: noTimestamp() } : { ...seen, newestAt };
}

function firstRowsOf(query: string): string {
  return `${queryOf(query)} limit ${MOST_ROWS}`;
}

/**
 * A query alone, whatever is written: in parentheses nothing else is understood, no second statement, nothing that attaches
 * or changes anything. There each column has a name of its own, too.
 */
export function queryOf(text: string): string {
  return `select * from (${text.replace(/;\s*$/, '')}\n)`;
}

/** A row's columns come by their names, and JavaScript puts names that are numbers first. */
export function firstValue(row: SqliteRow | undefined): SqliteValue {
  const names = Object.keys(row ?? {});
  if (names.length > 1 && names.some((name) => /^\d+$/.test(name))) throw new ProblemError(numberedColumn());
  return row?.[names[0] ?? ''] ?? null;
}

/** A value as JSON can hold it; whole numbers that a double cannot hold come as text. */
function shown(value: SqliteValue): string | number | null {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return value instanceof Uint8Array ? `x'${Buffer.from(value).toString('hex')}'` : value;
}

/** What SQLite itself reads as a time (sqlite.org/lang_datefunc.html), without its numbers: those say no unit. */
const TIME = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d(?:\.\d+)?)?\s*(Z|[+-]\d\d:\d\d)?)?$/;

function momentOf(text: string): Instant | undefined {
  const [matched, day, time = '00:00', seconds = ':00', zone = 'Z'] = TIME.exec(text.trim()) ?? [];
  if (matched === undefined) return undefined;
  const millis = Date.parse(`${day}T${time}${seconds.slice(0, 7)}${zone}`);
  return Number.isNaN(millis) ? undefined : instantOf(millis);
}

function noTimestamp(): Problem {
  return {
    code: 'check/not-a-timestamp',
    message: 'unable to tell how fresh the restored database is: the query gives no text that SQLite reads as a time',
    hint: "Let the query give one time as text, e.g. select datetime(max(created_at), 'unixepoch') from orders.",
    blames: 'environment',
  };
}

function numberedColumn(): Problem {
  return {
    code: 'check/query-failed',
    message: 'unable to tell which column of the query comes first: one has a number as its name',
    hint: 'Give the columns names, e.g. select count(*) as orders, 1 as one, or ask for one column.',
    blames: 'environment',
  };
}
