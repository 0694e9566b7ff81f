import { copyFile, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import sqlite from 'node-sqlite3-wasm';
import type { Damage } from '../../../checks/damage.ts';
import { removeTree } from '../remove-tree.ts';
import { nothingToDamage } from './nothing-to-damage.ts';

interface RestoredDatabase {
  readonly name: string;
  readonly file: string;
  /** Folder in which the copy is to lie. */
  readonly folder: string;
}

type Database = InstanceType<typeof sqlite.Database>;

/** Copies a restored database and damages the copy, unless by `none`. Gives the copy's file. */
export async function damageSqlite({ name, file, folder }: RestoredDatabase, damage: Damage | 'none'): Promise<string> {
  await removeTree(folder);
  await mkdir(folder, { mode: 0o700 });
  const copy = join(folder, 'database');
  await copyFile(file, copy);
  if (damage === 'none') return copy;
  const why = damage.kind === 'flip-byte' ? await flipByte(copy) : damageRows(copy, damage);
  if (why !== undefined) throw nothingToDamage(name, damage, why);
  return copy;
}

/** Changes the kind of a page of the largest table: every page of a B-tree begins with it (fileformat2, 1.6). */
async function flipByte(copy: string): Promise<string | undefined> {
  const { page, bytes } = withDatabase(copy, (database) => {
    const table = largestTable(database);
    const root =
      table === undefined ? undefined : database.get('select rootpage from sqlite_schema where name = ?', [table]);
    return { page: Number(root?.['rootpage'] ?? 0), bytes: Number(database.get('pragma page_size')?.['page_size']) };
  });
  if (page < 2) return 'it has no table';
  const handle = await open(copy, 'r+');
  try {
    const byte = Buffer.alloc(1);
    await handle.read(byte, 0, 1, (page - 1) * bytes);
    await handle.write(Buffer.of(byte.readUInt8() ^ 0xff), 0, 1, (page - 1) * bytes);
  } finally {
    await handle.close();
  }
  return undefined;
}

/** @returns why nothing could be damaged */
function damageRows(copy: string, damage: Damage): string | undefined {
  return withDatabase(copy, (database) => {
    switch (damage.kind) {
      case 'drop-table': {
        const table = tableOf(database, damage.table);
        if (table === undefined) return 'there is no such table';
        database.exec(`drop table ${quoted(table)}`);
        return undefined;
      }
      case 'delete-rows':
        return deleteRows(database, damage);
      case 'empty': {
        const all = tables(database);
        for (const table of all) database.exec(`delete from ${quoted(table)}`);
        return all.length === 0 ? 'it has no table' : undefined;
      }
      case 'orphan':
        return orphan(database);
      default:
        return 'a SQLite database has nothing like it';
    }
  });
}

function deleteRows(
  database: Database,
  { table: name, where = 'true', leave }: Extract<Damage, { kind: 'delete-rows' }>,
): string | undefined {
  const table = tableOf(database, name);
  if (table === undefined) return 'there is no such table';
  const quotedTable = quoted(table);
  const rows = Number(database.get(`select count(*) as rows from ${quotedTable} where (${where})`)?.['rows'] ?? 0);
  const gone = leave === undefined ? Math.max(1, Math.floor(rows / 100)) : rows - leave;
  if (rows === 0 || gone <= 0) return 'it holds too few rows';
  const keys = keysOf(database, table);
  const { changes } = database.run(
    `delete from ${quotedTable} where (${keys}) in (select ${keys} from ${quotedTable} where (${where}) limit ${gone})`,
  );
  return changes === 0 ? 'it holds too few rows' : undefined;
}

/** What names a row: its number, or, in a table without one, its primary key. */
function keysOf(database: Database, table: string): string {
  const isWithout = database.get('select wr from pragma_table_list where name = ?', [table])?.['wr'] === 1;
  if (!isWithout) return 'rowid';
  const columns = database.all('select name from pragma_table_info(?) where pk > 0 order by pk', [table]);
  return columns.map(({ name }) => quoted(text(name))).join(', ');
}

/** Deletes the rows that a row refers to, by the first foreign key that a row follows. */
function orphan(database: Database): string | undefined {
  for (const child of tables(database)) {
    const columns = database.all('select id, "table" as parent, "from", "to" from pragma_foreign_key_list(?)', [child]);
    for (const id of new Set(columns.map((one) => one['id']))) {
      const key = columns.filter((one) => one['id'] === id);
      const parent = text(key[0]?.['parent']);
      if (parent.toLowerCase() === child.toLowerCase()) continue;
      const primary = database.all('select name from pragma_table_info(?) where pk > 0 order by pk', [parent]);
      const pairs = key.map((one, index) => {
        const to = one['to'] === null ? text(primary[index]?.['name']) : text(one['to']);
        return `child.${quoted(text(one['from']))} = parent.${quoted(to)}`;
      });
      const names = keysOf(database, parent);
      const own =
        names === 'rowid'
          ? 'parent.rowid'
          : names
              .split(', ')
              .map((name) => `parent.${name}`)
              .join(', ');
      const { changes } = database.run(
        `delete from ${quoted(parent)} where (${names}) in (
           select ${own} from ${quoted(parent)} parent join ${quoted(child)} child on ${pairs.join(' and ')} limit 1)`,
      );
      if (changes > 0) return undefined;
    }
  }
  return 'no row in it refers to another table';
}

function tables(database: Database): readonly string[] {
  return database
    .all("select name from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\' order by name")
    .map(({ name }) => text(name));
}

/** As a check names it, with or without `main.` and quotes; the one with most rows where it names none. */
function tableOf(database: Database, name: string | undefined): string | undefined {
  if (name === undefined) return largestTable(database);
  const bare = name
    .replace(/^main\./i, '')
    .replaceAll(/^"|"$/g, '')
    .replaceAll('""', '"');
  return tables(database).find((table) => table.toLowerCase() === bare.toLowerCase());
}

function largestTable(database: Database): string | undefined {
  const rowsOf = (table: string) =>
    Number(database.get(`select count(*) as rows from ${quoted(table)}`)?.['rows'] ?? 0);
  return [...tables(database)].sort((a, b) => rowsOf(b) - rowsOf(a))[0];
}

function withDatabase<T>(file: string, use: (database: Database) => T): T {
  const database = new sqlite.Database(file, { fileMustExist: true });
  try {
    database.exec('pragma foreign_keys = off; pragma synchronous = off; pragma journal_mode = off');
    return use(database);
  } finally {
    database.close();
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
