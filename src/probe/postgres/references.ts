import { setImmediate } from 'node:timers/promises';
import { ProblemError } from '../../diagnostics/problem-error.ts';
import { connectProblem } from '../connect-errors.ts';
import { countReferences } from '../local/references.ts';
import type { Observation, ReferencesRequest } from '../observation.ts';
import { problemOf } from './server-errors.ts';
import { type Login, inTransaction, withSession } from './session.ts';

/** Rows at a time: their paths are looked up in some milliseconds, during which nothing else runs. */
const BATCH = 500;

/** Which of the paths in the first column of a query are files of a restored folder; the rows are read bit by bit. */
export async function observeReferences(
  login: Login,
  { database, query, within }: ReferencesRequest,
  signal: AbortSignal,
): Promise<Observation> {
  if (within === undefined) throw new Error('references to files of nowhere');
  const about = `database '${database}'`;
  try {
    const count = countReferences(within.folder, signal);
    return await withSession(login, signal, async (session) =>
      inTransaction(session, 'isolation level repeatable read, read only', async () => {
        await session.query(`declare named_files no scroll cursor for ${query}`);
        for (;;) {
          const { rows } = await session.query(`fetch ${BATCH} from named_files`);
          for (const [path = null] of rows) count.take(path);
          if (rows.length < BATCH) return count.seen();
          await setImmediate();
        }
      }),
    );
  } catch (error) {
    if (error instanceof ProblemError) return { kind: 'unobservable', problem: error.problem };
    const unreached = signal.aborted ? undefined : connectProblem(error, login, about);
    return { kind: 'unobservable', problem: unreached ?? problemOf(error, about, signal) };
  }
}
