import type { Observation, ObservationRequest } from '../observation.ts';
import { MOST_ROWS, type Rows, type Session, inTransaction } from './session.ts';
import { momentOf, valueOf } from './values.ts';

/** First column of the first row, number of rows, and how many rows the population has. */
export async function observeSql(
  session: Session,
  { query, over, database }: Extract<ObservationRequest, { kind: 'sql' }>,
): Promise<Observation> {
  return inTransaction(session, async () => {
    const looked = await firstRows(session, query);
    if (looked === undefined) return noQuery(database);
    const { rows, types = [] } = looked;
    const value = valueOf(rows[0]?.[0] ?? null, types[0]);
    if (over === undefined) return { kind: 'sql', rows: rows.length, value };
    const population = await session.query(`select count(*) from ${over}\n as population`);
    return { kind: 'sql', rows: rows.length, value, population: Number(population.rows[0]?.[0]) };
  });
}

/** The newest moment of a restored database, as a query gives it. */
export async function observeFreshness(
  session: Session,
  { query, database }: Extract<ObservationRequest, { kind: 'freshness' }>,
): Promise<Observation> {
  return inTransaction(session, async () => {
    const looked = await firstRows(session, query);
    if (looked === undefined) return noQuery(database);
    const clock = await session.query('select utc_timestamp(6)');
    const observedAt = momentOf(clock.rows[0]?.[0] ?? '', clock.types?.[0]);
    const seen = { kind: 'freshness' as const, ...(observedAt !== undefined && { observedAt }) };
    const text = looked.rows[0]?.[0] ?? null;
    if (text === null) return seen;
    const newestAt = momentOf(text, looked.types?.[0]);
    if (newestAt !== undefined) return { ...seen, newestAt };
    const problem = {
      code: 'check/not-a-timestamp',
      message: `unable to tell how fresh database '${database}' is: the query gives no date, datetime or timestamp`,
      hint: 'Let the query give one timestamp, e.g. select max(created_at) from orders.',
      blames: 'environment' as const,
    };
    return { kind: 'unobservable', problem };
  });
}

/** `call` and `do` could end the read-only transaction; what starts like this cannot. */
export const IS_QUERY = /^(?:\s|\(|--[^\n]*\n|#[^\n]*\n|\/\*(?![!M])[^]*?\*\/)*(?:select|with|table|values)\b/i;

async function firstRows(session: Session, query: string): Promise<Rows | undefined> {
  if (!IS_QUERY.test(query)) return undefined;
  await session.query(`set session sql_select_limit = ${MOST_ROWS}`);
  const { rows, types } = await session.query(query);
  await session.query('set session sql_select_limit = default');
  return types && { rows: rows.slice(0, MOST_ROWS), types };
}

/** What a statement is told that is no query, or gives no rows. */
export function noQuery(database: string): Observation {
  const problem = {
    code: 'check/query-failed',
    message: `unable to look at database '${database}': the statement is no query that gives rows`,
    hint: 'Write one statement that begins with select or with.',
    blames: 'environment' as const,
  };
  return { kind: 'unobservable', problem };
}
