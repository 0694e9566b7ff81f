import { ProblemError } from '../../diagnostics/problem-error.ts';
import type { Observation, ObservationRequest, TableCount } from '../observation.ts';
import { damageOf, isSurvivable, problemOf } from './server-errors.ts';
import { type Session, inTransaction } from './session.ts';

/** A table or a view of the restored server. */
export interface Table {
  readonly schema: string;
  readonly name: string;
  /** Of a base table; views have none. */
  readonly engine: string | null;
}

/** Rows of the named tables, each counted by reading the whole table. */
export async function observeRowCounts(
  session: Session,
  { tables }: Extract<ObservationRequest, { kind: 'row-counts' }>,
): Promise<Observation> {
  return inTransaction(session, async () => {
    const counts: TableCount[] = [];
    for (const table of tables) {
      const found = await readTable(table, async () => {
        const known = await findTable(session, table);
        if (known === undefined) return {};
        const { rows } = await session.query(`select count(*) from ${scanned(known)}`);
        return { rows: Number(rows[0]?.[0]) };
      });
      counts.push({ table, ...found });
    }
    return { kind: 'row-counts', counts };
  });
}

/** What reading one table came to; damage or a refusal of one table hides no other. */
export async function readTable<T extends object>(
  table: string,
  read: () => Promise<T>,
): Promise<T | Pick<TableCount, 'fault' | 'unreadable'>> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ProblemError) return { unreadable: error.problem };
    if (!isSurvivable(error)) throw error;
    const fault = damageOf(error);
    return fault === undefined ? { unreadable: problemOf(error, `table '${table}'`) } : { fault };
  }
}

/** The table of a name as in a query: `orders`, `shop.orders`, quoted or not; `undefined` when there is none. */
export async function findTable(session: Session, name: string): Promise<Table | undefined> {
  const parts = [...name.matchAll(/\s*(?:`((?:[^`]|``)*)`|([^.`\s]+))\s*(?:\.|$)/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('``', '`') ?? plain ?? '',
  );
  const [schema, table] = parts.length === 2 ? parts : [undefined, parts[0]];
  if (table === undefined || parts.length > 2) return undefined;
  const { rows } = await session.query(
    `select table_schema, table_name, engine from information_schema.tables
     where table_name = ? and table_schema = ${schema === undefined ? 'database()' : '?'}`,
    schema === undefined ? [table] : [table, schema],
  );
  const [row] = rows;
  return row && { schema: row[0] ?? '', name: row[1] ?? '', engine: row[2] ?? null };
}

/** Engines that keep no rows of their own on disk, so that no backup can hold any. */
const WITHOUT_ROWS = "('MEMORY', 'BLACKHOLE', 'FEDERATED', 'SEQUENCE', 'PERFORMANCE_SCHEMA')";

/** Every table of the session's database that holds rows; those whose engine cannot be told are among them. */
export async function baseTables(session: Session): Promise<readonly Table[]> {
  const { rows } = await session.query(
    `select table_schema, table_name, engine from information_schema.tables
     where table_schema = database() and table_type in ('BASE TABLE', 'SYSTEM VERSIONED')
       and coalesce(engine, '') not in ${WITHOUT_ROWS}
     order by cast(table_name as binary)`,
  );
  return rows.map(([schema, name, engine]) => ({ schema: schema ?? '', name: name ?? '', engine: engine ?? null }));
}

/** @returns how the table is named in a query */
export function quoted({ schema, name }: Pick<Table, 'schema' | 'name'>): string {
  return `${quotedName(schema)}.${quotedName(name)}`;
}

export function quotedName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** The table as its own pages have it: an index may hold what the table has lost. Views take no such hint. */
export function scanned(table: Table): string {
  return table.engine === null ? quoted(table) : `${quoted(table)} use index ()`;
}
