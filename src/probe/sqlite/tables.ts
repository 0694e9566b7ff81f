import type { Observation, ObservationRequest, TableCount } from '../observation.ts';
import { type SqliteDatabase, quotedName } from './database.ts';
import { damageOf, problemOf } from './sqlite-errors.ts';

/** A table or a view. */
export interface Table {
  readonly name: string;
  readonly type: 'table' | 'view';
  /** Kept in a tree of its own: views and virtual tables are not. */
  readonly isStored: boolean;
}

/** Rows of the named tables, each counted by walking the table's own tree. */
export function observeRowCounts(
  database: SqliteDatabase,
  { tables }: Extract<ObservationRequest, { kind: 'row-counts' }>,
): Observation {
  const counts = tables.map((table): TableCount => ({
    table,
    ...readTable(table, () => {
      const known = findTable(database, table);
      return known === undefined ? {} : { rows: countRows(database, known) };
    }),
  }));
  return { kind: 'row-counts', counts };
}

/** How many rows a table itself has: without this, the smallest of its indexes would be counted. */
export function countRows(database: SqliteDatabase, table: Table): number {
  return Number(database.row(`select count(*) as rows from ${scanned(table)}`)?.['rows']);
}

/** What reading one table came to; damage of one hides no other. */
export function readTable<T extends object>(
  table: string,
  read: () => T,
): T | Pick<TableCount, 'fault' | 'unreadable'> {
  try {
    return read();
  } catch (error) {
    const fault = damageOf(error);
    return fault === undefined ? { unreadable: problemOf(error, `table '${table}'`) } : { fault };
  }
}

/** The table of a name as in a query: `orders`, `main.orders`, quoted or not; `undefined` when there is none. */
export function findTable(database: SqliteDatabase, name: string): Table | undefined {
  const parts = [...name.matchAll(/\s*(?:"((?:[^"]|"")*)"|`([^`]*)`|\[([^\]]*)\]|([^."`[\s]+))\s*(?:\.|$)/g)].map(
    ([, quoted, ticked, bracketed, plain]) => quoted?.replaceAll('""', '"') ?? ticked ?? bracketed ?? plain ?? '',
  );
  const wanted = parts.at(-1);
  if (wanted === undefined || parts.length > 2 || (parts.length === 2 && parts[0]?.toLowerCase() !== 'main')) {
    return undefined;
  }
  return allTables(database).find((table) => table.name.toLowerCase() === wanted.toLowerCase());
}

/** Every table that holds rows of its own: those of people, those that virtual tables keep theirs in, the counters. */
export function storedTables(database: SqliteDatabase): readonly Table[] {
  return allTables(database).filter(({ isStored, name }) => isStored && !name.startsWith('sqlite_stat'));
}

function allTables(database: SqliteDatabase): readonly Table[] {
  const rows = database.rows(
    "select name, type, coalesce(rootpage, 0) > 0 as stored from sqlite_schema where type in ('table', 'view') order by name collate binary",
  );
  return [...rows].map(({ name, type, stored }) => ({
    name: String(name),
    type: type === 'view' ? 'view' : 'table',
    isStored: stored === 1,
  }));
}

/** The table as its own tree has it: an index may hold what the table has lost. */
export function scanned({ name, isStored }: Table): string {
  return isStored ? `${quotedName(name)} not indexed` : quotedName(name);
}
