import type { Problem } from '../diagnostics/problem.ts';
import { type MomentColumn, likelyBusinessTimes } from '../init/business-time.ts';
import type { LiveServer } from '../init/found.ts';
import type { LiveFacts, LiveTable } from '../init/live-facts.ts';
import { isSurvivable, problemOf } from '../probe/postgres/server-errors.ts';
import { type Session, withSession } from '../probe/postgres/session.ts';
import type { Millis } from '../support/time.ts';

/** A living server has better things to do: what takes longer is not known. */
const STATEMENT_TIMEOUT: Millis = 10_000;
/** Larger tables are not counted: the server's own estimate is good enough for a lower bound. */
const COUNTED_BELOW = 100_000;
const MOST_COUNTED = 500;
const MOST_TRIED = 5;

/** Named as a query names them, by a user that may read them; a partition is a part of its table. */
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

/**
 * What a living database of PostgreSQL says of itself, in a read-only session: names and counts alone leave it.
 *
 * @param recent how long ago a business timestamp may lie
 */
export async function surveyPostgres(
  server: LiveServer,
  { password, recent, signal }: { readonly password: string; readonly recent: Millis; readonly signal: AbortSignal },
): Promise<LiveFacts | Problem> {
  const login = { ...server, password, superuser: false, statementTimeout: STATEMENT_TIMEOUT };
  try {
    return await withSession(login, signal, async (session) => {
      const tables = await countTables(session);
      const rowsOf = new Map(tables.map(({ name, rows }) => [name, rows]));
      const keys = (await session.query(FOREIGN_KEYS)).rows.filter(([table]) => (rowsOf.get(table ?? '') ?? 0) > 0);
      const newest = await newestIn(session, rowsOf, recent);
      return { tables, foreignKeys: keys.length, ...(newest && { newest }) };
    });
  } catch (error) {
    return problemOf(error, `the living database '${server.database}'`, signal);
  }
}

async function countTables(session: Session): Promise<readonly LiveTable[]> {
  const { rows } = await session.query(TABLES);
  const tables: LiveTable[] = [];
  for (const [name = '', estimate] of rows) {
    const estimated = Math.max(0, Number(estimate));
    const isCounted = estimated < COUNTED_BELOW && tables.length < MOST_COUNTED;
    const count = isCounted ? await answer(session, `select count(*) from ${name}`) : undefined;
    tables.push({
      name: name ?? '',
      rows: count === undefined ? estimated : Number(count),
      isExact: count !== undefined,
    });
  }
  return tables;
}

async function newestIn(
  session: Session,
  rowsOf: ReadonlyMap<string, number>,
  recent: Millis,
): Promise<LiveFacts['newest']> {
  const columns = (await session.query(MOMENTS)).rows.map(
    ([table, column, called, hasDefault, isIndexed]): MomentColumn => ({
      table: table ?? '',
      column: column ?? '',
      called: called ?? '',
      rows: rowsOf.get(table ?? '') ?? 0,
      hasDefault: hasDefault === 't',
      isIndexed: isIndexed === 't',
    }),
  );
  const seconds = Math.floor(recent / 1_000);
  for (const { table, column } of likelyBusinessTimes(columns).slice(0, MOST_TRIED)) {
    // Only whether it is recent leaves the database; a moment ahead says nothing about how fresh data is.
    const isRecent = await answer(
      session,
      `select max(${column}) between now() - interval '${seconds} seconds' and now() from ${table}`,
    );
    if (isRecent === 't') return { table, column };
  }
  return undefined;
}

/** The one value of a query; `undefined` where the server refused it or took too long. */
async function answer(session: Session, query: string): Promise<string | undefined> {
  try {
    return (await session.query(query)).rows[0]?.[0] ?? undefined;
  } catch (error) {
    if (isSurvivable(error)) return undefined;
    throw error;
  }
}
