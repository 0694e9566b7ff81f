import type { ForeignKeysRequest, Observation } from '../observation.ts';
import { isSurvivable, problemOf } from './server-errors.ts';
import { type Session, inTransaction } from './session.ts';
import { type Table, findTable, quoted, quotedName } from './tables.ts';

type Seen = Extract<Observation, { kind: 'foreign-keys' }>;

interface ForeignKey {
  readonly name: string;
  readonly child: Pick<Table, 'schema' | 'name'>;
  readonly parent: Pick<Table, 'schema' | 'name'>;
  readonly columns: readonly { readonly from: string; readonly to: string }[];
}

const COLUMNS = `
  select constraint_name, table_schema, table_name, referenced_table_schema, referenced_table_name, column_name,
    referenced_column_name
  from information_schema.key_column_usage
  where table_schema = database() and referenced_table_name is not null
  order by cast(table_name as binary), cast(constraint_name as binary), ordinal_position`;

/**
 * Rows that refer to rows that are not there, by every foreign key of the database: a load with `foreign_key_checks` off,
 * as every dump has it, lets them in. A row with a null in its key refers to nothing, as both servers have it.
 */
export async function observeForeignKeys(session: Session, _request: ForeignKeysRequest): Promise<Observation> {
  return inTransaction(session, async () => {
    const keys = await foreignKeys(session);
    const counted = new Map<string, number>();
    const orphans: Seen['orphans'][number][] = [];
    const unreadable: NonNullable<Seen['unreadable']>[number][] = [];
    for (const key of keys) {
      try {
        const child = quoted(key.child);
        if (!counted.has(child)) counted.set(child, await count(session, `${child} use index ()`));
        const rows = await countOrphans(session, key);
        if (rows > 0) orphans.push({ table: key.child.name, key: key.name, rows });
      } catch (error) {
        if (!isSurvivable(error)) throw error;
        const problem = problemOf(error, `the foreign key '${key.name}' of '${key.child.name}'`);
        unreadable.push({ relation: key.child.name, problem });
      }
    }
    const rows = [...counted.values()].reduce((sum, one) => sum + one, 0);
    return { kind: 'foreign-keys', keysChecked: keys.length - unreadable.length, rows, orphans, unreadable };
  });
}

async function foreignKeys(session: Session): Promise<readonly ForeignKey[]> {
  const { rows } = await session.query(COLUMNS);
  const keys = new Map<string, ForeignKey>();
  for (const row of rows) {
    const [name = '', schema = '', table = '', toSchema = '', toTable = '', from = '', to = ''] = row.map(
      (text) => text ?? '',
    );
    const id = JSON.stringify([table, name]);
    const known = keys.get(id);
    keys.set(id, {
      name,
      child: { schema, name: table },
      parent: { schema: toSchema, name: toTable },
      columns: [...(known?.columns ?? []), { from, to }],
    });
  }
  return [...keys.values()];
}

/**
 * The child is read as a whole. The parent is asked by its index, which is the table itself where the key refers to the
 * primary key: without one these servers compare each row with each.
 */
async function countOrphans(session: Session, { child, parent, columns }: ForeignKey): Promise<number> {
  const refers = columns.map(({ from }) => `child.${quotedName(from)} is not null`).join(' and ');
  const children = `${quoted(child)} as child use index ()`;
  const isThere = await findTable(session, quoted(parent));
  if (isThere === undefined) return count(session, `${children} where ${refers}`);
  const matches = columns.map(({ from, to }) => `parent.${quotedName(to)} = child.${quotedName(from)}`).join(' and ');
  const lacks = `not exists (select 1 from ${quoted(parent)} as parent where ${matches})`;
  return count(session, `${children} where ${refers} and ${lacks}`);
}

async function count(session: Session, from: string): Promise<number> {
  const { rows } = await session.query(`select count(*) from ${from}`);
  return Number(rows[0]?.[0]);
}
