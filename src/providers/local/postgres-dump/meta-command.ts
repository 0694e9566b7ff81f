/** A line with a backslash, as far as a dump may hold one. */
export type MetaCommand =
  | { readonly kind: 'restrict' | 'unrestrict'; readonly token: string }
  | { readonly kind: 'connect'; readonly database: string }
  /** psql would do something that no dump needs: run a program, read a file, write one. */
  | { readonly kind: 'other'; readonly name: string };

/** Reads a line as pg_dump writes it (appendPsqlMetaConnect of src/fe_utils/string_utils.c); all else is `other`. */
export function parseMetaCommand(line: string): MetaCommand {
  const [, name = '', argument = ''] = /^\\(\S*)\s*(.*)$/s.exec(line) ?? [];
  if ((name === 'restrict' || name === 'unrestrict') && /^\w+$/.test(argument)) return { kind: name, token: argument };
  const database = name === 'connect' ? databaseOf(argument) : undefined;
  if (database !== undefined) return { kind: 'connect', database };
  // Only letters are shown: the rest of the line may hold anything.
  return { kind: 'other', name: `\\${/^[a-z]+$/.exec(name)?.[0] ?? (name[0] === '!' ? '!' : '…')}` };
}

function databaseOf(argument: string): string | undefined {
  const [, reuse, quoted, plain] = /^(-reuse-previous=on\s+)?(?:"((?:[^"]|"")*)"|([\w$]+))$/s.exec(argument) ?? [];
  const name = plain ?? quoted?.replaceAll('""', '"');
  if (reuse === undefined || name === undefined) return name;
  const value = /^dbname=(?:'((?:[^'\\]|\\.)*)'|([^\s'\\]+))$/s.exec(name);
  return value === null ? undefined : (value[2] ?? value[1]?.replace(/\\(.)/gs, '$1'));
}
