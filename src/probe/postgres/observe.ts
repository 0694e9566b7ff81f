import { unreachable } from '../../support/unreachable.ts';
import { connectProblem } from '../connect-errors.ts';
import type { DatabaseRequest, Observation } from '../observation.ts';
import { observeContents } from './contents.ts';
import { observeForeignKeys } from './foreign-keys.ts';
import { hiddenDamage } from './hidden-damage.ts';
import { observeLogin } from './login.ts';
import { observeRowCounts } from './row-counts.ts';
import { problemOf } from './server-errors.ts';
import { type Login, type OpenBeside, type Session, withSession } from './session.ts';
import { observeFreshness, observeSql } from './sql.ts';
import { observeStructure } from './structure.ts';

/**
 * Logs in and looks, wherever it runs: the same for a server behind a socket and for one across a network. Never
 * rejects for what the world does.
 */
export async function observePostgres(
  login: Login,
  request: DatabaseRequest,
  signal: AbortSignal,
): Promise<Observation> {
  if (request.kind === 'login') return observeLogin(login, signal);
  const about = `database '${request.database}'`;
  try {
    return await withSession(login, signal, async (session) => {
      const hidden = login.superuser ? undefined : await hiddenDamage(session, about);
      if (hidden !== undefined) return { kind: 'unobservable', problem: hidden };
      return look(session, request, (stop, use) => withSession(login, AbortSignal.any([signal, stop]), use));
    });
  } catch (error) {
    const unreached = signal.aborted ? undefined : connectProblem(error, login, about);
    return { kind: 'unobservable', problem: unreached ?? problemOf(error, about, signal) };
  }
}

function look(
  session: Session,
  request: Exclude<DatabaseRequest, { kind: 'login' }>,
  openBeside: OpenBeside,
): Promise<Observation> {
  switch (request.kind) {
    case 'sql':
      return observeSql(session, request);
    case 'row-counts':
      return observeRowCounts(session, request);
    case 'structure':
      return observeStructure(session, request, openBeside);
    case 'foreign-keys':
      return observeForeignKeys(session, request);
    case 'contents':
      return observeContents(session, request);
    case 'freshness':
      return observeFreshness(session, request);
    default:
      return unreachable(request);
  }
}
