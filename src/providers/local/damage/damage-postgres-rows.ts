import { type Client, escapeIdentifier } from 'pg';
import type { Damage } from '../../../checks/damage.ts';
import { unreachable } from '../../../support/unreachable.ts';

/** A damage that is done by statements. */
export type SqlDamage = Exclude<Damage, { readonly kind: 'zero-page' | 'flip-byte' }>;

/**
 * Damages the rows of a database in a session whose triggers and foreign keys are switched off.
 *
 * @returns why nothing could be damaged; `undefined` when it was
 */
export async function damageRows(client: Client, damage: SqlDamage): Promise<string | undefined> {
  switch (damage.kind) {
    case 'drop-table': {
      const table = await tableOf(client, damage.table);
      if (table === undefined) return 'there is no such table';
      await client.query(`drop table ${table} cascade`);
      return undefined;
    }
    case 'delete-rows':
      return deleteRows(client, damage);
    case 'empty':
      return empty(client);
    case 'orphan':
      return orphan(client);
    case 'missing-file':
      return 'a database has no files of its own to be deleted';
    default:
      return unreachable(damage);
  }
}

const OF_USERS = `n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and n.nspname not like 'pg\\_temp%'`;

/** A table by the name that a check has for it, or the largest one; quoted, with its schema. */
async function tableOf(client: Client, name: string | undefined): Promise<string | undefined> {
  const { rows } = await client.query<{ schema: string; name: string }>(
    `select n.nspname as schema, c.relname as name
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where case when $1::text is null then c.relkind = 'r' and ${OF_USERS} else c.oid = pg_catalog.to_regclass($1) end
     order by pg_catalog.pg_relation_size(c.oid) desc limit 1`,
    [name ?? null],
  );
  const [found] = rows;
  return found && `${escapeIdentifier(found.schema)}.${escapeIdentifier(found.name)}`;
}

async function deleteRows(
  client: Client,
  { table: name, where = 'true', leave }: Extract<SqlDamage, { kind: 'delete-rows' }>,
): Promise<string | undefined> {
  const table = await tableOf(client, name);
  if (table === undefined) return 'there is no such table';
  // The condition is the runbook's own, and reads as it does in the manifest that holds it.
  const share = leave === undefined ? 'greatest(1, count(*) / 100)' : `greatest(0, count(*) - ${leave})`;
  const { rowCount } = await client.query(
    `delete from ${table} where (tableoid, ctid) in (
       select tableoid, ctid from ${table} where (${where}) order by tableoid, ctid
       limit (select ${share} from ${table} where (${where})))`,
  );
  return rowCount === 0 || rowCount === null ? 'it holds too few rows' : undefined;
}

async function empty(client: Client): Promise<string | undefined> {
  const { rows } = await client.query<{ schema: string; name: string }>(
    `select n.nspname as schema, c.relname as name
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and ${OF_USERS}`,
  );
  if (rows.length === 0) return 'it has no table';
  const tables = rows.map(({ schema, name }) => `${escapeIdentifier(schema)}.${escapeIdentifier(name)}`);
  await client.query(`truncate ${tables.join(', ')} cascade`);
  const views = await client.query<{ name: string }>(
    `select pg_catalog.format('%I.%I', schemaname, matviewname) as name from pg_catalog.pg_matviews`,
  );
  for (const { name } of views.rows) await client.query(`refresh materialized view ${name}`);
  return undefined;
}

/** Deletes a row that is referred to, by the first foreign key that has one. */
async function orphan(client: Client): Promise<string | undefined> {
  const { rows } = await client.query<{ child: string; parent: string; pairs: string }>(
    `select pg_catalog.format('%I.%I', cn.nspname, c.relname) as child,
       pg_catalog.format('%I.%I', pn.nspname, p.relname) as parent,
       (select pg_catalog.string_agg(pg_catalog.format('child.%I = parent.%I', ca.attname, pa.attname), ' and ')
        from unnest(k.conkey, k.confkey) as pair(child, parent)
        join pg_catalog.pg_attribute ca on ca.attrelid = k.conrelid and ca.attnum = pair.child
        join pg_catalog.pg_attribute pa on pa.attrelid = k.confrelid and pa.attnum = pair.parent) as pairs
     from pg_catalog.pg_constraint k
     join pg_catalog.pg_class c on c.oid = k.conrelid join pg_catalog.pg_namespace cn on cn.oid = c.relnamespace
     join pg_catalog.pg_class p on p.oid = k.confrelid join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
     where k.contype = 'f' and k.conrelid <> k.confrelid and k.conparentid = 0
     order by k.oid`,
  );
  for (const { child, parent, pairs } of rows) {
    const { rowCount } = await client.query(
      `delete from ${parent} where (tableoid, ctid) in (
         select parent.tableoid, parent.ctid from ${parent} parent join ${child} child on ${pairs} limit 1)`,
    );
    if (rowCount !== null && rowCount > 0) return undefined;
  }
  return 'no row in it refers to another table';
}
