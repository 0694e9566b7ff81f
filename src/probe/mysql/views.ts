import type { Session } from './session.ts';
import { quotedName } from './tables.ts';
import { withoutDefiner } from './without-definer.ts';

/** A view, and the statement that makes it in whatever schema a session is in. */
export interface View {
  readonly name: string;
  /** Without a definer, so that it belongs to whoever makes it, and without the name of the schema it is in. */
  readonly definition: string;
}

/**
 * The views of the session's database. `information_schema` has every name in them with its schema; a server that is asked
 * from within the schema leaves it out, unless the view also reads another one.
 */
export async function viewsOf(session: Session): Promise<readonly View[]> {
  const { rows } = await session.query(
    `select table_name from information_schema.tables where table_schema = database() and table_type = 'VIEW'
     order by cast(table_name as binary)`,
  );
  await session.query('set session sql_quote_show_create = 1');
  const views: View[] = [];
  for (const [name] of rows) {
    if (name === null || name === undefined) continue;
    const shown = await session.query(`show create view ${quotedName(name)}`);
    views.push({ name, definition: withoutDefiner(shown.rows[0]?.[1] ?? '') });
  }
  return views;
}
