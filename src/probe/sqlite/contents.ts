import { createHash } from 'node:crypto';
import type { BoundedEntry, Contents, TableContents } from '../observation.ts';
import { type SqliteDatabase, type SqliteRow, quotedName } from './database.ts';
import { fingerprintSchema } from './schema-fingerprint.ts';
import { type Table, findTable, readTable, scanned, storedTables } from './tables.ts';

/** Counts, hashes and fingerprint of a database. */
export function readContents(
  database: SqliteDatabase,
  { bounded, scope = 'all' }: { readonly bounded: readonly BoundedEntry[]; readonly scope?: 'all' | 'bounded' },
): Contents {
  const tables = scope === 'all' ? storedTables(database) : [];
  return {
    engineMajor: 'sqlite 3',
    ...fingerprintSchema(database),
    tables: tables.map((table) => ({
      table: table.name,
      ...readTable(table.name, () => countAndHash(database, table)),
    })),
    bounded: bounded.map(({ table, where }) => ({ table, where, ...readBounded(database, { table, where }) })),
  };
}

function readBounded(database: SqliteDatabase, { table, where }: BoundedEntry): Omit<TableContents, 'table'> {
  return readTable(table, () => {
    const known = findTable(database, table);
    // The line end closes a comment in `where`, which would otherwise swallow the parenthesis.
    return known === undefined ? {} : countAndHash(database, known, `where (${where}\n)`);
  });
}

/** Rows and a hash of their values that does not depend on their order: the sum of 64 bits of a hash a row. */
function countAndHash(
  database: SqliteDatabase,
  table: Table,
  where = '',
): { readonly rows: number; readonly contentHash: string } {
  const values = columnsOf(database, table).map((name, index) => `${valueOf(quotedName(name))} as c${index}`);
  let rows = 0;
  let sum = 0n;
  for (const row of database.rows(`select ${values.join(', ')} from ${scanned(table)} ${where}`)) {
    rows += 1;
    sum = BigInt.asUintN(64, sum + hashOf(row));
  }
  return { rows, contentHash: String(sum) };
}

/** Columns that are stored; what is computed from them needs no proof, and may need functions that are not here. */
function columnsOf(database: SqliteDatabase, { name }: Table): readonly string[] {
  const stored = database.rows('select name from pragma_table_xinfo(?) where hidden in (0, 3) order by cid', [name]);
  return [...stored].map((column) => String(column['name']));
}

/** Texts as bytes, since a text may hold what ends it elsewhere; told apart from blobs of the same bytes. */
function valueOf(column: string): string {
  return `case typeof(${column}) when 'text' then cast('t' || ${column} as blob)
    when 'blob' then cast('b' || ${column} as blob) else ${column} end`;
}

function hashOf(row: SqliteRow): bigint {
  const hash = createHash('sha256');
  // The length before each value keeps one from running into the next.
  for (const value of Object.values(row)) {
    if (value instanceof Uint8Array) hash.update(`${value.length}:`).update(value);
    else hash.update(value === null ? 'null;' : `${String(value)};`);
  }
  return hash.digest().readBigUInt64BE(0);
}
