import { setImmediate } from 'node:timers/promises';
import { ProblemError } from '../../diagnostics/problem-error.ts';
import { countReferences } from '../local/references.ts';
import type { Observation, ReferencesRequest } from '../observation.ts';
import { hiddenDamage } from './hidden-damage.ts';
import { problemOf } from './server-errors.ts';
import { type MysqlLogin, type StreamingSession, inTransaction, withSession } from './session.ts';
import { IS_QUERY, noQuery } from './sql.ts';

/** Rows at a time: their paths are looked up in some milliseconds, during which nothing else runs. */
const BATCH = 500;

/** Which of the paths in the first column of a query are files of a restored folder; the rows are read bit by bit. */
export async function observeReferences(
  login: MysqlLogin,
  request: ReferencesRequest,
  signal: AbortSignal,
): Promise<Observation> {
  const about = `database '${request.database}'`;
  try {
    return await withSession(login, signal, async (session) => {
      const hidden = await hiddenDamage(session, about);
      return hidden === undefined ? count(session, request, signal) : { kind: 'unobservable', problem: hidden };
    });
  } catch (error) {
    if (error instanceof ProblemError) return { kind: 'unobservable', problem: error.problem };
    return { kind: 'unobservable', problem: problemOf(error, about, signal) };
  }
}

async function count(
  session: StreamingSession,
  { database, query, within }: ReferencesRequest,
  signal: AbortSignal,
): Promise<Observation> {
  if (within === undefined) throw new Error('references to files of nowhere');
  if (!IS_QUERY.test(query)) return noQuery(database);
  const references = countReferences(within.folder, signal);
  return inTransaction(session, async () => {
    let rows = 0;
    for await (const path of session.firstColumn(query)) {
      if (path === undefined) return noQuery(database);
      references.take(path);
      rows += 1;
      if (rows % BATCH === 0) await setImmediate();
    }
    return references.seen();
  });
}
