import { copyFile, open, readFile } from 'node:fs/promises';
import sqlite from 'node-sqlite3-wasm';

type Opened = InstanceType<typeof sqlite.Database>;

/** Runs statements on a database, which is made when it is not there. */
export function execute(file: string, sql: string): void {
  change(file, (database) => database.exec(sql));
}

/** The first column of every row. */
export function ask(file: string, sql: string): unknown[] {
  return change(file, (database) => database.all(sql).map((row): unknown => Object.values(row)[0]));
}

function change<T>(file: string, work: (database: Opened) => T): T {
  const database = new sqlite.Database(file);
  try {
    return work(database);
  } finally {
    database.close();
  }
}

/** 100 customers and 1000 orders of theirs, with an index and texts that lie in their own pages. */
export const SHOP = `
  create table customers (id integer primary key, name text not null);
  create table orders (id integer primary key, customer integer not null references customers (id), note text, at text);
  create index orders_by_customer on orders (customer);
  with recursive n (i) as (select 1 union all select i + 1 from n where i < 100)
    insert into customers select i, 'customer ' || i from n;
  with recursive n (i) as (select 1 union all select i + 1 from n where i < 1000)
    insert into orders select i, 1 + i % 100, 'a fairly long note number ' || i, datetime('2026-11-20', '+' || i || ' seconds') from n;
`;

/** Copies a database as it is while a transaction is under way that has spilled into the file. */
export async function copyWithHotJournal(file: string, to: string): Promise<void> {
  const database = new sqlite.Database(file);
  try {
    // With a cache of two pages, what is changed goes to the file long before the commit.
    database.exec("pragma cache_size = 2; begin; update orders set note = 'never committed ' || id");
    await copyFile(`${file}-journal`, `${to}-journal`);
    await copyFile(file, to);
    database.exec('rollback');
  } finally {
    database.close();
  }
}

/** Copies a database in WAL mode while `sql` has been committed to its WAL alone. */
export async function copyWithHotWal(file: string, to: string, sql: string): Promise<void> {
  const database = new sqlite.Database(file);
  try {
    database.exec('pragma locking_mode = exclusive; pragma journal_mode = wal; pragma wal_autocheckpoint = 0');
    database.exec(sql);
    await copyFile(file, to);
    await copyFile(`${file}-wal`, `${to}-wal`);
  } finally {
    database.close();
  }
}

/** Numbers of the pages that a table or an index is made of, leaves first. */
export function pagesOf(file: string, name: string): number[] {
  return ask(file, `select pageno from dbstat where name = '${name}' order by pagetype = 'leaf' desc, pageno`).map(
    Number,
  );
}

/** Changes bytes of a page: all of them to zero, or one of them. */
export async function damagePage(
  file: string,
  page: number,
  damage: 'zero' | { readonly flip: number },
): Promise<void> {
  const bytes = await readFile(file);
  const size = bytes.readUInt16BE(16);
  const start = (page - 1) * size;
  if (damage === 'zero') bytes.fill(0, start, start + size);
  else bytes[start + damage.flip] = (bytes[start + damage.flip] ?? 0) ^ 0xff;
  const handle = await open(file, 'r+');
  try {
    await handle.write(bytes, 0, bytes.length, 0);
  } finally {
    await handle.close();
  }
}
