import type { Damage } from '../../../checks/damage.ts';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { isSurvivable } from '../../../probe/mysql/server-errors.ts';
import type { Session } from '../../../probe/mysql/session.ts';
import { findTable, quoted, quotedName } from '../../../probe/mysql/tables.ts';
import { unreachable } from '../../../support/unreachable.ts';
import { type CopiedTables, MYSQL_COPY, affected } from './copy-mysql-schema.ts';

/**
 * Damages a copy in a session that is in it, and that has foreign keys switched off.
 *
 * @returns why nothing could be damaged; `undefined` when it was
 * @throws ProblemError `prove/names-schema`
 */
export async function damageTables(
  session: Session,
  copied: CopiedTables,
  damage: Damage,
): Promise<string | undefined> {
  switch (damage.kind) {
    case 'drop-table': {
      const table = await tableOf(session, copied, damage.table);
      if ('why' in table) return table.why;
      await session.query(`drop table ${table.quoted}`);
      return undefined;
    }
    case 'delete-rows':
      return deleteRows(session, copied, damage);
    case 'empty':
      // The copy was made without rows.
      return copied.size === 0 ? 'it has no table' : undefined;
    case 'orphan':
      return orphan(session);
    case 'missing-file':
      return discardTablespace(session, copied);
    case 'zero-page':
    case 'flip-byte':
      return 'the pages of a running MySQL or MariaDB are not changed';
    default:
      return unreachable(damage);
  }
}

/** A table by the name that a check has for it, or the one with most rows; or why there is none. */
async function tableOf(
  session: Session,
  copied: CopiedTables,
  name: string | undefined,
): Promise<{ readonly quoted: string } | { readonly why: string }> {
  if (name === undefined) {
    const [largest] = byRows(copied);
    return largest === undefined
      ? { why: 'it has no table' }
      : { quoted: quoted({ schema: MYSQL_COPY, name: largest }) };
  }
  const found = await findTable(session, name);
  if (found === undefined) return { why: 'there is no such table' };
  // Nothing but the copy may be changed, whatever a view or a merged table leads to.
  if (found.schema !== MYSQL_COPY) throw new ProblemError(namesSchema(name));
  if (!copied.has(found.name)) return { why: 'it is a view, or a table without rows of its own' };
  return { quoted: quoted(found) };
}

function namesSchema(table: string): Problem {
  return {
    code: 'prove/names-schema',
    message: `the check names '${table}' with its schema, so that it looks past the damaged copy`,
    hint: 'Let the check name the table alone: it looks into the database of the check.',
    blames: 'environment',
  };
}

/** Names of the tables, those with most rows first. */
function byRows(copied: CopiedTables): readonly string[] {
  return [...copied].sort(([, a], [, b]) => b - a).map(([name]) => name);
}

async function deleteRows(
  session: Session,
  copied: CopiedTables,
  { table: name, where = 'true', leave }: Extract<Damage, { kind: 'delete-rows' }>,
): Promise<string | undefined> {
  const table = await tableOf(session, copied, name);
  if ('why' in table) return table.why;
  // The condition is the runbook's own. The line end closes a comment in it.
  const rows = await count(session, `${table.quoted} where (${where}\n)`);
  const gone = leave === undefined ? Math.max(1, Math.floor(rows / 100)) : rows - leave;
  if (rows === 0 || gone <= 0) return 'it holds too few rows';
  await session.query(`delete from ${table.quoted} where (${where}\n) limit ${gone}`);
  return (await affected(session)) === 0 ? 'it holds too few rows' : undefined;
}

async function count(session: Session, from: string): Promise<number> {
  const { rows } = await session.query(`select count(*) from ${from}`);
  return Number(rows[0]?.[0]);
}

/** Deletes a row that another table refers to, by the first foreign key that a row follows. */
async function orphan(session: Session): Promise<string | undefined> {
  // A parent in another schema is no copy.
  const { rows } = await session.query(
    `select table_name, constraint_name, referenced_table_name, column_name, referenced_column_name
     from information_schema.key_column_usage
     where table_schema = database() and referenced_table_schema = database() and referenced_table_name <> table_name
     order by cast(table_name as binary), cast(constraint_name as binary), ordinal_position`,
  );
  const keys = new Map<string, { readonly child: string; readonly parent: string; readonly pairs: string[] }>();
  for (const row of rows) {
    const [table = '', key = '', referenced = '', from = '', to = ''] = row.map((text) => text ?? '');
    const [child, parent] = [table, referenced].map((name) => quoted({ schema: MYSQL_COPY, name }));
    if (child === undefined || parent === undefined) continue;
    const known = keys.get(JSON.stringify([table, key])) ?? { child, parent, pairs: [] };
    known.pairs.push(`${child}.${quotedName(from)} = ${parent}.${quotedName(to)}`);
    keys.set(JSON.stringify([table, key]), known);
  }
  for (const { child, parent, pairs } of keys.values()) {
    await session.query(
      `delete from ${parent} where exists (select 1 from ${child} where ${pairs.join(' and ')}) limit 1`,
    );
    if ((await affected(session)) > 0) return undefined;
  }
  return 'no row in it refers to another table';
}

/**
 * Takes away the file of the table with most rows that has one: tables of other engines, of a shared tablespace or, in
 * MariaDB, with partitions cannot be parted from theirs.
 */
async function discardTablespace(session: Session, copied: CopiedTables): Promise<string | undefined> {
  for (const name of byRows(copied)) {
    try {
      await session.query(`alter table ${quoted({ schema: MYSQL_COPY, name })} discard tablespace`);
      return undefined;
    } catch (error) {
      if (!isSurvivable(error)) throw error;
    }
  }
  return 'it has no InnoDB table with a file of its own';
}
