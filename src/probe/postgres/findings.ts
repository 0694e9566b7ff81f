import type { Problem } from '../../diagnostics/problem.ts';
import type { StructureFault } from '../observation.ts';
import { damageOf, isSurvivable, problemOf } from './server-errors.ts';
import { type Session, attempt, inTransaction } from './session.ts';

/** What a look at all relations has come to so far. */
export interface Findings {
  readonly faults: StructureFault[];
  readonly unreadable: { readonly relation: string; readonly problem: Problem }[];
}

/**
 * One look, within a transaction: faults, an error that proves damage, or an error that proves nothing.
 *
 * @param name what is looked at, for errors
 */
export async function look(
  session: Session,
  name: string,
  findings: Findings,
  inspect: () => Promise<readonly StructureFault[]>,
): Promise<void> {
  const tried = await attempt(session, inspect);
  if (tried.kind === 'done') {
    findings.faults.push(...tried.result);
    return;
  }
  const { error } = tried;
  if (!isSurvivable(error)) throw error;
  const fault = damageOf(error);
  if (fault === undefined) {
    findings.unreadable.push({ relation: name, problem: problemOf(error, `'${name}'`) });
    return;
  }
  const isKnown = findings.faults.some((found) => found.relation === name && found.fault === fault);
  if (!isKnown) findings.faults.push({ relation: name, fault });
}

/** The same in a transaction of its own: those of thousands of relations in one would exhaust the server's locks. */
export async function lookAlone(
  session: Session,
  name: string,
  findings: Findings,
  inspect: () => Promise<readonly StructureFault[]>,
): Promise<void> {
  const mode = 'isolation level repeatable read, read only';
  await inTransaction(session, mode, () => look(session, name, findings, inspect));
}
