import type { Observation, ObservationRequest, TableCount } from '../observation.ts';
import { damageOf, isSurvivable, problemOf } from './server-errors.ts';
import { type Session, attempt, inTransaction } from './session.ts';
import { FORCE_SCANS } from './sql.ts';

/** Rows of the named tables, each counted by reading the whole table. */
export async function observeRowCounts(
  session: Session,
  { tables }: Extract<ObservationRequest, { kind: 'row-counts' }>,
): Promise<Observation> {
  return inTransaction(session, 'isolation level repeatable read, read only', async () => {
    await session.query(FORCE_SCANS);
    const counts: TableCount[] = [];
    for (const table of tables) {
      const found = await readTable(session, table, async () => {
        const name = await qualifiedName(session, table);
        return name === undefined ? {} : { rows: await countRows(session, name) };
      });
      counts.push({ table, ...found });
    }
    return { kind: 'row-counts', counts };
  });
}

/** What reading one table came to; damage or a refusal of one table hides no other. */
export async function readTable<T extends object>(
  session: Session,
  table: string,
  read: () => Promise<T>,
): Promise<T | Pick<TableCount, 'fault' | 'unreadable'>> {
  const tried = await attempt(session, read);
  if (tried.kind === 'done') return tried.result;
  const { error } = tried;
  if (!isSurvivable(error)) throw error;
  const fault = damageOf(error);
  return fault === undefined ? { unreadable: problemOf(error, `table '${table}'`) } : { fault };
}

/** The quoted name with its schema, of a table named as in a query; `undefined` when there is none. */
export async function qualifiedName(session: Session, table: string): Promise<string | undefined> {
  const { rows } = await session.query(
    `select format('%I.%I', nspname, relname) from pg_class join pg_namespace on pg_namespace.oid = relnamespace
     where pg_class.oid = to_regclass($1)`,
    [table],
  );
  return rows[0]?.[0] ?? undefined;
}

/** @param from quoted, with its schema */
export async function countRows(session: Session, from: string): Promise<number> {
  const { rows } = await session.query(`select count(*) from ${from}`);
  return Number(rows[0]?.[0]);
}
