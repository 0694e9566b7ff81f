import { type MomentColumn, likelyBusinessTimes } from '../init/business-time.ts';
import type { LiveFacts, LiveTable } from '../init/live-facts.ts';
import type { Millis } from '../support/time.ts';

/** A living server has better things to do: what takes longer is not known. */
export const STATEMENT_TIMEOUT: Millis = 10_000;
/** Larger tables are not counted: the server's own estimate is good enough for a lower bound. */
const COUNTED_BELOW = 100_000;
const MOST_COUNTED = 500;
const MOST_TRIED = 5;

/** The questions of a survey in the words of one kind of server; all names come as a query writes them. */
export interface SurveyWords {
  /** Table, estimated rows. */
  readonly tables: string;
  /** The table of each key. */
  readonly foreignKeys: string;
  /** Table, column, the column's bare name, whether it has a default, whether an index begins with it. */
  readonly moments: string;
  /** Whether the newest value is so recent, and no moment ahead: that alone leaves the database. */
  isRecent(table: string, column: string, seconds: number): string;
  /** Whether the session can go on after an error. */
  isSurvivable(error: unknown): boolean;
}

interface Asked {
  query(text: string): Promise<{ readonly rows: readonly (readonly (string | null)[])[] }>;
}

/** What a living database says of itself: names and counts. `recent`: how long ago a business timestamp may lie. */
export async function survey(session: Asked, words: SurveyWords, recent: Millis): Promise<LiveFacts> {
  const tables = await countTables(session, words);
  const rowsOf = new Map(tables.map(({ name, rows }) => [name, rows]));
  const keys = (await session.query(words.foreignKeys)).rows.filter(([table]) => (rowsOf.get(table ?? '') ?? 0) > 0);
  const columns = (await session.query(words.moments)).rows.map(
    ([table, column, called, hasDefault, isIndexed]): MomentColumn => ({
      table: table ?? '',
      column: column ?? '',
      called: called ?? '',
      rows: rowsOf.get(table ?? '') ?? 0,
      hasDefault: isTrue(hasDefault),
      isIndexed: isTrue(isIndexed),
    }),
  );
  const newest = await newestOf(columns, (table, column) =>
    answer(session, words, words.isRecent(table, column, Math.floor(recent / 1_000))),
  );
  return { tables, foreignKeys: keys.length, ...(newest && { newest }) };
}

async function countTables(session: Asked, words: SurveyWords): Promise<readonly LiveTable[]> {
  const tables: LiveTable[] = [];
  for (const [name, estimate] of (await session.query(words.tables)).rows) {
    const estimated = Math.max(0, Number(estimate));
    const isCounted = estimated < COUNTED_BELOW && tables.length < MOST_COUNTED;
    const count = isCounted ? await answer(session, words, `select count(*) from ${name}`) : undefined;
    const rows = count === undefined ? estimated : Number(count);
    tables.push({ name: name ?? '', rows, isExact: count !== undefined });
  }
  return tables;
}

async function newestOf(
  columns: readonly MomentColumn[],
  ask: (table: string, column: string) => Promise<string | undefined>,
): Promise<LiveFacts['newest']> {
  for (const { table, column } of likelyBusinessTimes(columns).slice(0, MOST_TRIED)) {
    if (isTrue(await ask(table, column))) return { table, column };
  }
  return undefined;
}

/** The one value of a query; `undefined` where the server refused it or took too long. */
async function answer(session: Asked, words: SurveyWords, query: string): Promise<string | undefined> {
  try {
    return (await session.query(query)).rows[0]?.[0] ?? undefined;
  } catch (error) {
    if (words.isSurvivable(error)) return undefined;
    throw error;
  }
}

function isTrue(value: string | null | undefined): boolean {
  return value === 't' || value === '1';
}
