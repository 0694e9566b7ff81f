/** A name that means itself within quotes too. */
const NAME = String.raw`(?:"(?:[^"'\\]|"")+"|[A-Za-z_][\w$]*)`;
/** As pg_dump writes it. */
const COPY_INTO = new RegExp(String.raw`^\s*COPY\s+(${NAME}(?:\.${NAME})?)\s*(?:\(|FROM\s)`, 'i');
/** In no name that anybody gives. */
const QUOTE = '$drillbook_first_rows$';

/**
 * A COPY into a table, preceded by emptying the table where it is empty: at `wal_level=minimal` rows of a table that was
 * emptied by the same transaction are written once, and not into the WAL besides ("Populating a Database"). Several
 * statements that are sent at once are one transaction.
 *
 * @returns `undefined` when the statement is none, or names its table in a way of its own
 */
export function asFirstRows(copy: Buffer): Buffer | undefined {
  const [, table] = COPY_INTO.exec(copy.toString('latin1')) ?? [];
  if (table === undefined || table.includes(QUOTE)) return undefined;
  // A trigger may look at what is emptied, and a key that refers to the table keeps it from being emptied.
  const emptied = `do ${QUOTE} begin
    if (select not relhastriggers from pg_catalog.pg_class where oid = '${table}'::pg_catalog.regclass)
      and not exists (select from only ${table})
    then truncate only ${table}; end if;
  end ${QUOTE};\n`;
  return Buffer.concat([Buffer.from(emptied, 'latin1'), copy]);
}
