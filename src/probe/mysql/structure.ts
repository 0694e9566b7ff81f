import type { Problem } from '../../diagnostics/problem.ts';
import type { Observation } from '../observation.ts';
import { damageOf, isSurvivable, problemOf } from './server-errors.ts';
import type { Session } from './session.ts';
import { type Table, baseTables, quoted } from './tables.ts';

type Verdict =
  | { readonly kind: 'sound' }
  | { readonly kind: 'fault'; readonly fault: string }
  | { readonly kind: 'unreadable'; readonly problem: Problem };

/** `check table … extended` of every table, which reads all rows and looks each up in every index. */
export async function observeStructure(session: Session): Promise<Observation> {
  const tables = await baseTables(session);
  const faults: { readonly relation: string; readonly fault: string }[] = [];
  const unreadable: { readonly relation: string; readonly problem: Problem }[] = [];
  for (const table of tables) {
    const verdict = await checkTable(session, table);
    if (verdict.kind === 'fault') faults.push({ relation: table.name, fault: verdict.fault });
    if (verdict.kind === 'unreadable') unreadable.push({ relation: table.name, problem: verdict.problem });
  }
  const { rows } = await session.query(
    'select count(distinct table_name, index_name) from information_schema.statistics where table_schema = database()',
  );
  const indexesChecked = Number(rows[0]?.[0]);
  return { kind: 'structure', indexesChecked, heapsChecked: tables.length, faults, unreadable };
}

async function checkTable(session: Session, table: Table): Promise<Verdict> {
  try {
    const { rows } = await session.query(`check table ${quoted(table)} extended`);
    return verdictOf(
      table,
      rows.map(([, , type, text]) => ({ type: (type ?? '').toLowerCase(), text: text ?? '' })),
    );
  } catch (error) {
    if (!isSurvivable(error)) throw error;
    const fault = damageOf(error);
    if (fault !== undefined) return { kind: 'fault', fault };
    return { kind: 'unreadable', problem: problemOf(error, `table '${table.name}'`) };
  }
}

/** Texts that tell of damage, in the words of the servers. */
const DAMAGE =
  /corrupt|crashed|incorrect key file|doesn't exist in engine|tablespace is missing|misplaced row|can't find file/i;

/** Texts are judged and not shown: that of a misplaced row quotes it. */
function verdictOf({ name }: Table, messages: readonly { readonly type: string; readonly text: string }[]): Verdict {
  const status = messages.findLast(({ type }) => type === 'status')?.text ?? '';
  const bad = messages.filter(({ type, text }) => type === 'error' || (type === 'warning' && DAMAGE.test(text)));
  const isSound = status === 'OK' || status === 'Table is already up to date';
  if (isSound && bad.length === 0) return { kind: 'sound' };
  if (messages.some(({ text }) => text === 'Corrupt' || DAMAGE.test(text))) {
    return { kind: 'fault', fault: `the server's check of the table found it damaged (${bad.length} messages)` };
  }
  const problem = {
    code: 'check/table-not-checked',
    message: `unable to look at the structure of table '${name}': the server's check of it did not end well`,
    hint: "Let the source's master user read the table, and see whether its engine can check tables.",
    blames: 'environment' as const,
  };
  return { kind: 'unreadable', problem };
}
