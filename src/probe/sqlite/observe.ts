import { unreachable } from '../../support/unreachable.ts';
import type { DatabaseRequest, Observation, ReferencesRequest } from '../observation.ts';
import { readContents } from './contents.ts';
import { type SqliteDatabase, withDatabase } from './database.ts';
import { observeForeignKeys } from './foreign-keys.ts';
import { observeReferences } from './references.ts';
import { observeFreshness, observeSql } from './sql.ts';
import { problemOf } from './sqlite-errors.ts';
import { observeStructure } from './structure.ts';
import { observeRowCounts } from './tables.ts';

/** What can be asked of a SQLite database, which knows no logins. */
export type SqliteRequest = Exclude<DatabaseRequest, { kind: 'login' }> | ReferencesRequest;

/** Opens a database read-only and looks. Takes as long as it takes, and holds its thread for that long. */
export function observeSqlite(file: string, request: SqliteRequest): Observation {
  try {
    return withDatabase(file, 'read-only', (database) => look(database, request));
  } catch (error) {
    return { kind: 'unobservable', problem: problemOf(error, 'the restored database') };
  }
}

function look(database: SqliteDatabase, request: SqliteRequest): Observation {
  switch (request.kind) {
    case 'sql':
      return observeSql(database, request);
    case 'row-counts':
      return observeRowCounts(database, request);
    case 'structure':
      return observeStructure(database);
    case 'contents':
      return { kind: 'contents', contents: readContents(database, request) };
    case 'freshness':
      return observeFreshness(database, request);
    case 'foreign-keys':
      return observeForeignKeys(database);
    case 'references':
      return observeReferences(database, request);
    default:
      return unreachable(request);
  }
}
