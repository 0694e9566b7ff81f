import type { Observation, ObservationRequest } from '../observation.ts';
import { type Rows, type Session, inTransaction } from './session.ts';
import { momentOf, valueOf } from './values.ts';

/** Rows that are read of a query at most; more are as many as anyone needs to know. */
const MOST_ROWS = 1_001;

/** Makes the planner read a table's own pages: an index may hold what the table has lost. */
export const FORCE_SCANS = `select set_config(name, 'off', true)
  from unnest(array['enable_indexscan', 'enable_indexonlyscan', 'enable_bitmapscan']) as name`;

/** First column of the first row, number of rows, and how many rows the population has. */
export async function observeSql(
  session: Session,
  { query, over }: Extract<ObservationRequest, { kind: 'sql' }>,
): Promise<Observation> {
  return inTransaction(session, 'isolation level repeatable read, read only', async () => {
    const { rows, types } = await firstRows(session, query);
    const value = valueOf(rows[0]?.[0] ?? null, types[0]);
    if (over === undefined) return { kind: 'sql', rows: rows.length, value };
    await session.query(FORCE_SCANS);
    const population = await session.query(`select count(*) from ${over}\n as population`);
    return { kind: 'sql', rows: rows.length, value, population: Number(population.rows[0]?.[0]) };
  });
}

/** The newest moment of a restored database, as a query gives it. */
export async function observeFreshness(
  session: Session,
  { query, database }: Extract<ObservationRequest, { kind: 'freshness' }>,
): Promise<Observation> {
  return inTransaction(session, 'isolation level repeatable read, read only', async () => {
    const { rows, types } = await firstRows(session, query);
    const clock = await session.query('select clock_timestamp()');
    const observedAt = momentOf(clock.rows[0]?.[0] ?? '', clock.types[0]);
    const seen = { kind: 'freshness' as const, ...(observedAt !== undefined && { observedAt }) };
    const text = rows[0]?.[0] ?? null;
    if (text === null) return seen;
    const newestAt = momentOf(text, types[0]);
    if (newestAt !== undefined) return { ...seen, newestAt };
    const problem = {
      code: 'check/not-a-timestamp',
      message: `unable to tell how fresh database '${database}' is: the query gives no finite date or timestamp`,
      hint: 'Let the query give one timestamp, e.g. select max(created_at) from orders.',
      blames: 'environment' as const,
    };
    return { kind: 'unobservable', problem };
  });
}

/** A cursor takes one query that gives rows and nothing else, and ends the reading where we do. */
async function firstRows(session: Session, query: string): Promise<Rows> {
  await session.query(`declare looked_at no scroll cursor for ${query}`);
  return session.query(`fetch ${MOST_ROWS} from looked_at`);
}
