import type { Statement } from './statement.ts';
import { type RawSession, StatementError } from './raw-session.ts';

/** Statements that the server does at once, each in a session of its own. */
export interface StatementsBeside {
  /** Has a statement done. Waits for a session that is free, and for what it may not be done beside. */
  give(statement: Statement, duty: BesideDuty): Promise<void>;
  /** Waits for all of them, and gives those that the server refused, in the order of the script: to be done once more. */
  settle(): Promise<readonly Statement[]>;
  /** Makes a setting in every session, when all is settled. */
  set(text: Buffer): Promise<void>;
}

/** What may be done beside others of its kind: `index` beside all, `foreign-key` where it locks none of their tables. */
export interface BesideDuty {
  readonly kind: 'index' | 'foreign-key';
  /** Tables. */
  readonly locks: readonly string[];
}

interface Running {
  readonly duty: BesideDuty;
  readonly ended: Promise<void>;
}

/** Deals statements out to sessions that nobody else uses until all is settled. */
export function statementsBeside(sessions: readonly RawSession[]): StatementsBeside {
  const free = [...sessions];
  const running = new Set<Running>();
  let refused: Statement[] = [];
  let broken: Error | undefined;
  const run = async (session: RawSession, statement: Statement): Promise<void> => {
    try {
      await session.run(statement.text);
    } catch (error) {
      if (error instanceof StatementError) refused.push(statement);
      else broken ??= error as Error;
    }
    free.push(session);
  };
  return {
    async give(statement, duty) {
      let session = free[0];
      while (session === undefined || [...running].some((other) => excludes(other.duty, duty))) {
        await Promise.race([...running].map(({ ended }) => ended));
        session = free[0];
      }
      free.shift();
      const one: Running = { duty, ended: run(session, statement).finally(() => running.delete(one)) };
      running.add(one);
    },
    async settle() {
      await Promise.all([...running].map(({ ended }) => ended));
      if (broken !== undefined) throw broken;
      const again = refused.sort((a, b) => a.number - b.number);
      refused = [];
      return again;
    },
    async set(text) {
      for (const session of sessions) await session.run(text);
    },
  };
}

/** A foreign key needs the index of the other table. */
function excludes(other: BesideDuty, { kind, locks }: BesideDuty): boolean {
  return other.kind !== kind || other.locks.some((table) => locks.includes(table));
}

const INDEX: BesideDuty = { kind: 'index', locks: [] };
const INDEX_CONSTRAINTS: readonly string[] = ['PRIMARY', 'UNIQUE', 'EXCLUDE'];
const NAME = String.raw`(?:"(?:[^"]|"")+"|[\w$]+)`;
const TABLE = String.raw`(${NAME}(?:\.${NAME})?)`;
/** As pg_dump writes it of tables that are not partitioned; of those, it locks every part. */
const FOREIGN_KEY = new RegExp(
  String.raw`^\s*ALTER TABLE ONLY ${TABLE}\s+ADD CONSTRAINT ${NAME} FOREIGN KEY \([^()]*\) REFERENCES ${TABLE}\(`,
);

/**
 * What a statement is when those that follow it may be begun before it has ended: it makes an index or a constraint,
 * which needs none of its kind. Should one be refused for want of another, it is done once more in its turn.
 */
export function besideDutyOf({ words, text }: Pick<Statement, 'words' | 'text'>): BesideDuty | undefined {
  const [first = '', second = '', third = ''] = words;
  if (first === 'CREATE') return second === 'INDEX' || (second === 'UNIQUE' && third === 'INDEX') ? INDEX : undefined;
  const added = words.indexOf('CONSTRAINT');
  if (first !== 'ALTER' || second !== 'TABLE' || words[added - 1] !== 'ADD') return undefined;
  const [, child, parent] = FOREIGN_KEY.exec(text.toString('latin1')) ?? [];
  if (child !== undefined && parent !== undefined) return { kind: 'foreign-key', locks: [child, parent] };
  return words.slice(added + 1, added + 3).some((word) => INDEX_CONSTRAINTS.includes(word)) ? INDEX : undefined;
}
