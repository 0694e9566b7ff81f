import type { ForeignKeysRequest, Observation } from '../observation.ts';
import { countRows } from './row-counts.ts';
import { isSurvivable, problemOf } from './server-errors.ts';
import { type Session, attempt, inTransaction } from './session.ts';
import { FORCE_SCANS } from './sql.ts';

type Seen = Extract<Observation, { kind: 'foreign-keys' }>;

/** A foreign key, in pieces of SQL. */
interface ForeignKey {
  readonly name: string;
  /** The table that refers, quoted, with its schema. */
  readonly table: string;
  /** The same as its rows are read: all partitions of a partitioned table, and of any other table itself alone. */
  readonly child: string;
  readonly parent: string;
  /** Conditions on one row `child`: that it refers to something, and that it does so in part, where that is forbidden. */
  readonly refers: string;
  readonly isTorn: string;
  /** Condition on rows `child` and `parent`: that the one refers to the other. */
  readonly matches: string;
  /** Of a key with a `period`: that and the other columns of the parent. */
  readonly period?: { readonly ofChild: string; readonly ofParent: string; readonly others: string };
}

/**
 * Every key that the server holds to: partitions are left to the partitioned table's key (`conparentid`), and of keys that
 * were never validated, or are not enforced, nobody has promised anything. Columns are compared by the key's own operators,
 * and by the collation of what is referred to, as the server does it.
 */
const FOREIGN_KEYS = `select conname, format('%I.%I', child_schema.nspname, child.relname),
    case child.relkind when 'p' then '' else 'only ' end || format('%I.%I', child_schema.nspname, child.relname),
    case parent.relkind when 'p' then '' else 'only ' end || format('%I.%I', parent_schema.nspname, parent.relname),
    refers, case confmatchtype when 'f' then torn else 'false' end, matches,
    case when is_temporal then child_period end, parent_period, parent_others
  from (select *, coalesce((to_jsonb(pg_constraint) ->> 'conperiod')::boolean, false) as is_temporal,
      coalesce((to_jsonb(pg_constraint) ->> 'conenforced')::boolean, true) as is_enforced from pg_constraint) as one
  join pg_class as child on child.oid = conrelid join pg_namespace as child_schema on child_schema.oid = child.relnamespace
  join pg_class as parent on parent.oid = confrelid join pg_namespace as parent_schema on parent_schema.oid = parent.relnamespace
  cross join lateral (
    select string_agg(format('child.%I is not null', of_child.attname), ' and ') as refers,
      format('num_nulls(%s) between 1 and %s', string_agg(format('child.%I', of_child.attname), ', '), count(*) - 1) as torn,
      coalesce(string_agg(format('parent.%I operator(%I.%s) child.%I%s', of_parent.attname, operator_schema.nspname, oprname,
        of_child.attname, case when of_parent.attcollation <> of_child.attcollation
          then format(' collate %I.%I', collation_schema.nspname, collname) end), ' and ' order by position)
        filter (where not is_temporal or position < cardinality(conkey)), 'true') as matches,
      (array_agg(format('%I', of_child.attname) order by position desc))[1] as child_period,
      (array_agg(format('%I', of_parent.attname) order by position desc))[1] as parent_period,
      string_agg(format('%I', of_parent.attname), ', ') filter (where position < cardinality(conkey)) as parent_others
    from unnest(conkey, confkey, conpfeqop) with ordinality as pair (from_column, to_column, operator, position)
    join pg_attribute as of_child on of_child.attrelid = conrelid and of_child.attnum = from_column
    join pg_attribute as of_parent on of_parent.attrelid = confrelid and of_parent.attnum = to_column
    join pg_operator on pg_operator.oid = operator join pg_namespace as operator_schema on operator_schema.oid = oprnamespace
    left join pg_collation on pg_collation.oid = of_parent.attcollation
    left join pg_namespace as collation_schema on collation_schema.oid = collnamespace) as columns
  where contype = 'f' and conparentid = 0 and convalidated and is_enforced and child.relpersistence <> 't'
  order by 2, 1`;

/**
 * Rows that refer to rows that are not there, by every foreign key of the database. Both tables are read as a whole, and
 * no index is asked: one may still know a row that its table has lost.
 */
export async function observeForeignKeys(session: Session, _request: ForeignKeysRequest): Promise<Observation> {
  const keys = (await session.query(FOREIGN_KEYS)).rows.map(keyOf);
  const counted = new Map<string, number>();
  const orphans: Seen['orphans'][number][] = [];
  const unreadable: NonNullable<Seen['unreadable']>[number][] = [];
  for (const key of keys) {
    // One transaction a key: the locks of thousands of tables would exhaust the server's.
    await inTransaction(session, 'isolation level repeatable read, read only', async () => {
      await session.query(FORCE_SCANS);
      const tried = await attempt(session, async () => {
        if (!counted.has(key.child)) counted.set(key.child, await countRows(session, key.child));
        return countOrphans(session, key);
      });
      if (tried.kind === 'done') {
        if (tried.result > 0) orphans.push({ table: key.table, key: key.name, rows: tried.result });
        return;
      }
      if (!isSurvivable(tried.error)) throw tried.error;
      const problem = problemOf(tried.error, `the foreign key '${key.name}' of '${key.table}'`);
      unreadable.push({ relation: key.table, problem });
    });
  }
  const rows = [...counted.values()].reduce((sum, one) => sum + one, 0);
  return { kind: 'foreign-keys', keysChecked: keys.length - unreadable.length, rows, orphans, unreadable };
}

function keyOf(row: readonly (string | null)[]): ForeignKey {
  const texts = row.map((one) => one ?? '');
  const [name = '', table = '', child = '', parent = '', refers = '', isTorn = '', matches = ''] = texts;
  const [ofChild = '', ofParent = '', others = ''] = texts.slice(7);
  const key = { name, table, child, parent, refers, isTorn, matches };
  return ofChild === '' ? key : { ...key, period: { ofChild, ofParent, others } };
}

async function countOrphans(session: Session, key: ForeignKey): Promise<number> {
  const { child, parent, refers, isTorn, matches, period } = key;
  const { rows } = await session.query(
    period === undefined
      ? `select count(*) from ${child} as child
         where ${isTorn} or (${refers} and not exists (select from ${parent} as parent where ${matches}))`
      : // A period must be covered by those of the rows that it refers to, taken together.
        `select count(*) from ${child} as child left join (
           select ${period.others}, range_agg(${period.ofParent}) as drillbook_covered from ${parent} group by ${period.others}
         ) as parent on ${matches}
         where ${isTorn} or (${refers} and not coalesce(child.${period.ofChild} <@ drillbook_covered, false))`,
  );
  return Number(rows[0]?.[0]);
}
