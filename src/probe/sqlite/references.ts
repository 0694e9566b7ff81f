import { countReferences } from '../local/references.ts';
import type { Observation, ReferencesRequest } from '../observation.ts';
import type { SqliteDatabase, SqliteValue } from './database.ts';
import { firstValue, queryOf } from './sql.ts';

/** Which of the paths in the first column of a query are files of a restored folder; the rows are read one by one. */
export function observeReferences(database: SqliteDatabase, { query, within }: ReferencesRequest): Observation {
  if (within === undefined) throw new Error('references to files of nowhere');
  // Nothing aborts here: the thread is ended instead.
  const references = countReferences(within.folder, new AbortController().signal);
  for (const row of database.rows(queryOf(query))) references.take(pathOf(firstValue(row)));
  return references.seen();
}

/** A path may be kept as bytes; what else is no text names what it reads as. */
function pathOf(value: SqliteValue): string | null {
  if (value === null || typeof value === 'string') return value;
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : String(value);
}
