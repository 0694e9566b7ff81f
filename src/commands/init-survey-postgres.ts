import type { Problem } from '../diagnostics/problem.ts';
import type { LiveServer } from '../init/found.ts';
import type { LiveFacts } from '../init/live-facts.ts';
import { isSurvivable, problemOf } from '../probe/postgres/server-errors.ts';
import { withSession } from '../probe/postgres/session.ts';
import type { Millis } from '../support/time.ts';
import { STATEMENT_TIMEOUT, type SurveyWords, survey } from './init-survey.ts';

/** Of tables that the user may read; a partition is a part of its table. */
const TABLES = `select case nspname when 'public' then format('%I', relname) else format('%I.%I', nspname, relname) end, reltuples::bigint
  from pg_class join pg_namespace on pg_namespace.oid = relnamespace
  where relkind in ('r', 'p') and relpersistence = 'p' and not relispartition
    and nspname <> 'information_schema' and nspname !~ '^pg_' and has_schema_privilege(pg_namespace.oid, 'usage')
    and has_table_privilege(pg_class.oid, 'select')
    and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = pg_class.oid and deptype = 'e')
  order by 1`;
const FOREIGN_KEYS = `select case nspname when 'public' then format('%I', relname) else format('%I.%I', nspname, relname) end
  from (select *, coalesce((to_jsonb(pg_constraint) ->> 'conenforced')::boolean, true) as is_enforced from pg_constraint) as one
  join pg_class on pg_class.oid = conrelid join pg_namespace on pg_namespace.oid = relnamespace
  where contype = 'f' and conparentid = 0 and convalidated and is_enforced`;
const MOMENTS = `select case nspname when 'public' then format('%I', relname) else format('%I.%I', nspname, relname) end,
    format('%I', attname), attname, atthasdef,
    exists (select from pg_index where indrelid = attrelid and indkey[0] = attnum)
  from pg_attribute join pg_class on pg_class.oid = attrelid join pg_namespace on pg_namespace.oid = relnamespace
  where relkind in ('r', 'p') and atttypid in ('timestamp'::regtype, 'timestamptz'::regtype) and attnum > 0 and not attisdropped`;

const WORDS: SurveyWords = {
  tables: TABLES,
  foreignKeys: FOREIGN_KEYS,
  moments: MOMENTS,
  isRecent: (table, column, seconds) =>
    `select max(${column}) between now() - interval '${seconds} seconds' and now() from ${table}`,
  isSurvivable,
};

/** What a living database of PostgreSQL says of itself, in a read-only session; or why it does not. */
export async function surveyPostgres(
  server: LiveServer,
  { password, recent, signal }: { readonly password: string; readonly recent: Millis; readonly signal: AbortSignal },
): Promise<LiveFacts | Problem> {
  const login = { ...server, password, superuser: false, statementTimeout: STATEMENT_TIMEOUT };
  try {
    return await withSession(login, signal, (session) => survey(session, WORDS, recent));
  } catch (error) {
    return problemOf(error, `the living database '${server.database}'`, signal);
  }
}
