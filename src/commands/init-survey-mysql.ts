import type { Problem } from '../diagnostics/problem.ts';
import type { LiveServer } from '../init/found.ts';
import type { LiveFacts } from '../init/live-facts.ts';
import { isSurvivable, problemOf } from '../probe/mysql/server-errors.ts';
import { withSession } from '../probe/mysql/session.ts';
import type { Millis } from '../support/time.ts';
import { STATEMENT_TIMEOUT, type SurveyWords, survey } from './init-survey.ts';

/** What needs no quotes in a query, in a name of information_schema. */
const named = (column: string): string =>
  `case when ${column} regexp '^[A-Za-z_][A-Za-z0-9_]*$' then ${column} else concat('\`', replace(${column}, '\`', '\`\`'), '\`') end`;

const WORDS: SurveyWords = {
  tables: `select ${named('table_name')}, coalesce(table_rows, 0) from information_schema.tables
    where table_schema = database() and table_type in ('BASE TABLE', 'SYSTEM VERSIONED') order by 1`,
  foreignKeys: `select ${named('table_name')} from information_schema.referential_constraints
    where constraint_schema = database()`,
  moments: `select ${named('table_name')}, ${named('column_name')}, column_name, column_default is not null, column_key <> ''
    from information_schema.columns where table_schema = database() and data_type in ('timestamp', 'datetime')`,
  isRecent: (table, column, seconds) =>
    `select max(${column}) between now() - interval ${seconds} second and now() from ${table}`,
  isSurvivable,
};

/** What a living database of MySQL or MariaDB says of itself, in a read-only session; or why it does not. */
export async function surveyMysql(
  server: LiveServer,
  { password, recent, signal }: { readonly password: string; readonly recent: Millis; readonly signal: AbortSignal },
): Promise<LiveFacts | Problem> {
  const { host, port, database, user } = server;
  const account = { database, user, password, statementTimeout: STATEMENT_TIMEOUT };
  const login = host.startsWith('/') ? { ...account, socketPath: host } : { ...account, host, port };
  try {
    return await withSession(login, signal, (session) => survey(session, WORDS, recent));
  } catch (error) {
    return problemOf(error, `the living database '${database}'`, signal);
  }
}
