import type { Observation } from '../observation.ts';
import { type SqliteDatabase, quotedName } from './database.ts';
import { damageOf, problemOf } from './sqlite-errors.ts';
import { type Table, countRows, storedTables } from './tables.ts';

type Seen = Extract<Observation, { kind: 'foreign-keys' }>;
type Key = { readonly id: number; readonly text: string };

/** `foreign_key_check` of every table that has a foreign key; a table that cannot be followed hides no other. */
export function observeForeignKeys(database: SqliteDatabase): Observation {
  const orphans: Seen['orphans'][number][] = [];
  const unreadable: NonNullable<Seen['unreadable']>[number][] = [];
  let keysChecked = 0;
  let rows = 0;
  for (const table of storedTables(database)) {
    const keys = keysOf(database, table);
    if (keys.length === 0) continue;
    try {
      rows += countRows(database, table);
      orphans.push(...orphansOf(database, table, keys));
      keysChecked += keys.length;
    } catch (error) {
      const about = `the foreign keys of table '${table.name}'`;
      // Damage is of the whole copy: nothing that is said of other tables then counts.
      if (damageOf(error) !== undefined) return { kind: 'unobservable', problem: problemOf(error, about) };
      unreadable.push({ relation: table.name, problem: problemOf(error, about) });
    }
  }
  return { kind: 'foreign-keys', keysChecked, rows, orphans, unreadable };
}

/** SQLite has no names for foreign keys: they are told by their columns. */
function keysOf(database: SqliteDatabase, { name }: Table): readonly Key[] {
  const keys = database.rows(
    `select id, group_concat("from", ', ') as columns, "table" as parent
     from (select * from pragma_foreign_key_list(?) order by id, seq) group by id, "table"`,
    [name],
  );
  return [...keys].map(({ id, columns, parent }) => ({
    id: Number(id),
    text: `${String(columns)} → ${String(parent)}`,
  }));
}

function orphansOf(database: SqliteDatabase, { name }: Table, keys: readonly Key[]): Seen['orphans'] {
  const counts = new Map<number, number>();
  for (const { fkid } of database.rows(`pragma foreign_key_check(${quotedName(name)})`)) {
    counts.set(Number(fkid), (counts.get(Number(fkid)) ?? 0) + 1);
  }
  return keys.flatMap(({ id, text }) => {
    const lost = counts.get(id);
    return lost === undefined ? [] : [{ table: name, key: text, rows: lost }];
  });
}
