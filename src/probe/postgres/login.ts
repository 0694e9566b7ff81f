import { connectProblem } from '../connect-errors.ts';
import type { Observation } from '../observation.ts';
import { problemOf, refusalOf } from './server-errors.ts';
import { type Login, withSession } from './session.ts';

/** Whether the server accepts a login, and answers. */
export async function observeLogin(login: Login, signal: AbortSignal): Promise<Observation> {
  try {
    await withSession(login, signal, (session) => session.query('select 1'));
    return { kind: 'login', accepted: true };
  } catch (error) {
    const refusal = signal.aborted ? undefined : refusalOf(error);
    if (refusal !== undefined) return { kind: 'login', accepted: false, refusal };
    const about = `database '${login.database}'`;
    const unreached = signal.aborted ? undefined : connectProblem(error, login, about);
    return { kind: 'unobservable', problem: unreached ?? problemOf(error, about, signal) };
  }
}
