import { sha256Hex } from '../../support/sha256-hex.ts';
import type { Session } from './session.ts';

/** Schemas that every cluster has by itself. */
export const IS_USER_SCHEMA = "nspname !~ '^pg_' and nspname <> 'information_schema'";

/**
 * For each part of a schema a query that gives one line of text per object. Owners and privileges are left out: they
 * are the cluster's, not the data's. Definitions are asked for with every name qualified (`search_path` is pg_catalog).
 */
const PARTS = {
  schemas: `select nspname from pg_namespace where ${IS_USER_SCHEMA}`,
  extensions: `select concat_ws(' ', extname, extversion) from pg_extension`,
  relations: `select concat_ws(' ', oid::regclass::text, relkind, relpersistence, relrowsecurity, relforcerowsecurity,
      reloptions::text, pg_get_partkeydef(oid), pg_get_expr(relpartbound, oid))
    from user_relations where relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c')`,
  columns: `select concat_ws(' ', attrelid::regclass::text, row_number() over (partition by attrelid order by attnum), attname,
      format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, nullif(attcollation, 0)::regcollation::text,
      pg_get_expr(adbin, adrelid))
    from pg_attribute join user_relations on user_relations.oid = attrelid
    left join pg_attrdef on adrelid = attrelid and adnum = attnum
    where attnum > 0 and not attisdropped and relkind in ('r', 'p', 'v', 'm', 'f', 'c')`,
  constraints: `select concat_ws(' ', coalesce(nullif(conrelid, 0)::regclass::text, contypid::regtype::text), conname,
      pg_get_constraintdef(pg_constraint.oid), convalidated)
    from pg_constraint join pg_namespace on pg_namespace.oid = connamespace where ${IS_USER_SCHEMA}`,
  indexes: `select concat_ws(' ', pg_get_indexdef(indexrelid), indisvalid, indisunique, indisprimary)
    from pg_index join user_relations on user_relations.oid = indrelid`,
  views: `select concat_ws(' ', oid::regclass::text, pg_get_viewdef(oid)) from user_relations where relkind in ('v', 'm')`,
  sequences: `select concat_ws(' ', seqrelid::regclass::text, seqtypid::regtype::text, seqstart, seqincrement, seqmax, seqmin,
      seqcache, seqcycle)
    from pg_sequence join user_relations on user_relations.oid = seqrelid`,
  functions: `select concat_ws(' ', pg_proc.oid::regprocedure::text, prokind, case prokind when 'a'
      then (select concat_ws(' ', aggtransfn::text, aggfinalfn::text, agginitval) from pg_aggregate where aggfnoid = pg_proc.oid)
      else pg_get_functiondef(pg_proc.oid) end)
    from pg_proc join pg_namespace on pg_namespace.oid = pronamespace where ${IS_USER_SCHEMA}`,
  triggers: `select concat_ws(' ', pg_get_triggerdef(pg_trigger.oid), tgenabled)
    from pg_trigger join user_relations on user_relations.oid = tgrelid where not tgisinternal`,
  rules: `select concat_ws(' ', pg_get_ruledef(pg_rewrite.oid), ev_enabled)
    from pg_rewrite join user_relations on user_relations.oid = ev_class where rulename <> '_RETURN'`,
  policies: `select concat_ws(' ', polrelid::regclass::text, polname, polcmd, polpermissive,
      pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) from pg_policy`,
  enums: `select concat_ws(' ', enumtypid::regtype::text, row_number() over (partition by enumtypid order by enumsortorder),
      enumlabel) from pg_enum`,
  domains: `select concat_ws(' ', pg_type.oid::regtype::text, format_type(typbasetype, typtypmod), typnotnull, typdefault)
    from pg_type join pg_namespace on pg_namespace.oid = typnamespace where typtype = 'd' and ${IS_USER_SCHEMA}`,
};

/**
 * Fingerprint of all definitions of a database, and one for each part. Comparable within one major version: catalogs
 * print differently in another.
 *
 * To be called within a transaction; what it sets there ends with it.
 */
export async function fingerprintSchema(
  session: Session,
): Promise<{ readonly schemaFingerprint: string; readonly schemaParts: Readonly<Record<string, string>> }> {
  await session.query("select set_config('search_path', 'pg_catalog', true)");
  const parts: [string, string][] = [];
  for (const [part, lines] of Object.entries(PARTS)) {
    const { rows } = await session.query(
      `with user_relations as (select pg_class.* from pg_class join pg_namespace on pg_namespace.oid = relnamespace
         where ${IS_USER_SCHEMA} and relpersistence <> 't')
       select count(*), coalesce(sum(hashtextextended(line collate "C", 0)::numeric), 0) from (${lines}) as lines (line)`,
    );
    parts.push([part, sha256Hex(JSON.stringify(rows[0]))]);
  }
  await session.query("select set_config('search_path', 'pg_catalog,public,pg_temp', true)");
  return { schemaFingerprint: sha256Hex(JSON.stringify(parts)), schemaParts: Object.fromEntries(parts) };
}
