import sqlite from 'node-sqlite3-wasm';

export type SqliteValue = number | bigint | string | Uint8Array | null;
export type SqliteRow = Readonly<Record<string, SqliteValue>>;

/** An open database. Everything is synchronous: it is used in threads that do nothing else. */
export interface SqliteDatabase {
  /** The rows of one statement, read as they are asked for. Values stand for the `?` of the text. */
  rows(sql: string, values?: readonly SqliteValue[]): Iterable<SqliteRow>;
  /** The first row. */
  row(sql: string, values?: readonly SqliteValue[]): SqliteRow | undefined;
}

/**
 * Opens a database, lets `use` ask, and closes it. What its schema defines cannot call functions that have effects.
 * Throws what the library throws: an error whose message is SQLite's.
 *
 * @param access `recover`: to take in the log of a crash; else nothing can be written
 */
export function withDatabase<T>(
  file: string,
  access: 'read-only' | 'recover',
  use: (database: SqliteDatabase) => T,
): T {
  const opened = new sqlite.Database(file, { fileMustExist: true, readOnly: access === 'read-only' });
  try {
    if (access === 'read-only') opened.exec('pragma query_only = on');
    opened.exec('pragma trusted_schema = off; pragma cell_size_check = on');
    return use(databaseOf(opened));
  } finally {
    opened.close();
  }
}

function databaseOf(opened: InstanceType<typeof sqlite.Database>): SqliteDatabase {
  function* rows(sql: string, values: readonly SqliteValue[] = []): Iterable<SqliteRow> {
    const statement = opened.prepare(sql);
    try {
      yield* statement.iterate([...values]) as Iterable<SqliteRow>;
    } finally {
      // A statement that failed fails again, with the same error, when it is finalized.
      if (!statement.isFinalized) finalize(statement);
    }
  }
  return {
    rows,
    row(sql, values) {
      for (const row of rows(sql, values)) return row;
      return undefined;
    },
  };
}

function finalize(statement: ReturnType<InstanceType<typeof sqlite.Database>['prepare']>): void {
  try {
    statement.finalize();
  } catch (error) {
    if (!isSqliteError(error)) throw error;
  }
}

/** Whether SQLite itself refused, or found something. */
export function isSqliteError(error: unknown): error is Error {
  return error instanceof sqlite.SQLite3Error;
}

/** A name as SQLite reads it, whatever it holds. */
export function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
