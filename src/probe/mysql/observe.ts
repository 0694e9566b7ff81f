import { unreachable } from '../../support/unreachable.ts';
import { connectProblem } from '../connect-errors.ts';
import type { DatabaseRequest, Observation } from '../observation.ts';
import { observeContents } from './contents.ts';
import { observeForeignKeys } from './foreign-keys.ts';
import { hiddenDamage } from './hidden-damage.ts';
import { problemOf, refusalOf } from './server-errors.ts';
import { type MysqlLogin, type Session, withSession } from './session.ts';
import { observeFreshness, observeSql } from './sql.ts';
import { observeStructure } from './structure.ts';
import { observeRowCounts } from './tables.ts';

/** Logs in to MySQL or MariaDB and looks; reads only. Never rejects for what the world does. */
export async function observeMysql(
  login: MysqlLogin,
  request: DatabaseRequest,
  signal: AbortSignal,
): Promise<Observation> {
  const about = `database '${request.database}'`;
  try {
    return await withSession(login, signal, async (session) => {
      if (request.kind === 'login') return { kind: 'login', accepted: true };
      const hidden = await hiddenDamage(session, about);
      return hidden === undefined ? look(session, request) : { kind: 'unobservable', problem: hidden };
    });
  } catch (error) {
    const refusal = signal.aborted || request.kind !== 'login' ? undefined : refusalOf(error);
    if (refusal !== undefined) return { kind: 'login', accepted: false, refusal };
    const unreached = signal.aborted || 'socketPath' in login ? undefined : connectProblem(error, login, about);
    return { kind: 'unobservable', problem: unreached ?? problemOf(error, about, signal) };
  }
}

function look(session: Session, request: Exclude<DatabaseRequest, { kind: 'login' }>): Promise<Observation> {
  switch (request.kind) {
    case 'sql':
      return observeSql(session, request);
    case 'row-counts':
      return observeRowCounts(session, request);
    case 'structure':
      return observeStructure(session);
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
