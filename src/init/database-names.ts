/** Databases that every cluster has, or that nobody keeps data in. */
const OF_EVERY_CLUSTER: ReadonlySet<string> = new Set(['postgres', 'template0', 'template1']);

const PAGE = 8192;
const PAGE_HEADER = 24;
/** Of HeapTupleHeaderData (src/include/access/htup_details.h). */
const TUPLE = { xmax: 4, infomask: 20, dataOffset: 22 };
const MASK = { lockOnly: 0x0080, xminCommitted: 0x0100, xminInvalid: 0x0200, xmaxInvalid: 0x0800 };
const NORMAL_ITEM = 1;
const NAME_BYTES = 64;
/** Since this major, `oid` is a column like others, and the first one of pg_database. */
const OID_IS_COLUMN = 12;

/**
 * Names of the databases in the file of `pg_database`, those of every cluster left out. Of a backup without its WAL, so it
 * may miss one that was just made: enough to propose, not to prove.
 */
export function databaseNamesIn(file: Uint8Array, major: number): readonly string[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const names = new Set<string>();
  for (let page = 0; page + PAGE <= file.length; page += PAGE) {
    const lower = Math.min(view.getUint16(page + 12, true), PAGE);
    for (let item = page + PAGE_HEADER; item + 4 <= page + lower; item += 4) {
      const pointer = view.getUint32(item, true);
      if (((pointer >>> 15) & 3) !== NORMAL_ITEM) continue;
      const name = nameIn(view, { at: page + (pointer & 0x7fff), end: page + PAGE, major });
      if (name !== undefined && name !== '' && !OF_EVERY_CLUSTER.has(name)) names.add(name);
    }
  }
  return [...names].sort();
}

function nameIn(
  view: DataView,
  { at, end, major }: { readonly at: number; readonly end: number; readonly major: number },
): string | undefined {
  if (at + TUPLE.dataOffset >= end) return undefined;
  const infomask = view.getUint16(at + TUPLE.infomask, true);
  const wasNeverMade = (infomask & (MASK.xminInvalid | MASK.xminCommitted)) === MASK.xminInvalid;
  const isRemoved =
    view.getUint32(at + TUPLE.xmax, true) !== 0 && (infomask & (MASK.xmaxInvalid | MASK.lockOnly)) === 0;
  if (wasNeverMade || isRemoved) return undefined;
  const data = at + view.getUint8(at + TUPLE.dataOffset) + (major >= OID_IS_COLUMN ? 4 : 0);
  if (data + NAME_BYTES > end) return undefined;
  const bytes = new Uint8Array(view.buffer, view.byteOffset + data, NAME_BYTES);
  const length = bytes.indexOf(0);
  return new TextDecoder().decode(bytes.subarray(0, length === -1 ? NAME_BYTES : length));
}

/** OID of pg_database, and what its file is called where nothing has rewritten it. */
export const PG_DATABASE = 1262;
/** RELMAPPER_FILEMAGIC of src/backend/utils/cache/relmapper.c. */
const MAP_MAGIC = 0x592717;

/** What the file of pg_database is called, by `global/pg_filenode.map`. */
export function fileOfPgDatabase(map: Uint8Array): string {
  const view = new DataView(map.buffer, map.byteOffset, map.byteLength);
  if (map.length < 8 || view.getInt32(0, true) !== MAP_MAGIC) return String(PG_DATABASE);
  const count = view.getInt32(4, true);
  for (let at = 8; at + 8 <= map.length && at < 8 + count * 8; at += 8) {
    if (view.getUint32(at, true) === PG_DATABASE) return String(view.getUint32(at + 4, true));
  }
  return String(PG_DATABASE);
}

/** The database that a plain dump makes or connects to first; only where pg_dump wrote it without odd letters. */
export function databasesOfScript(text: string): readonly string[] {
  const names = [...text.matchAll(/^(?:CREATE DATABASE ([a-z_][a-z0-9_$]*) |\\connect ([a-z_][a-z0-9_$]*)\s*$)/gm)];
  const all = new Set(names.map(([, made, connected]) => made ?? connected ?? ''));
  return [...all].filter((name) => !OF_EVERY_CLUSTER.has(name)).sort();
}

/** The database that a dump of mysqldump says it is of; of none where it is of several. */
export function databaseOfMysqlDump(head: string): readonly string[] {
  const one = /^-- Host: .*?\s+Database: (.*)$/m.exec(head)?.[1]?.trim();
  if (one !== undefined && one !== '') return [one];
  const named = [...head.matchAll(/^-- Current Database: `([^`]+)`/gm)].map(([, name]) => name ?? '');
  return [...new Set(named)].filter((name) => !OF_MYSQL.has(name)).sort();
}

const OF_MYSQL: ReadonlySet<string> = new Set(['mysql', 'sys', 'information_schema', 'performance_schema']);

/** The databases of a physical backup of MariaDB or MySQL, by the folders in it. */
export function databasesOfMysqlFolder(folders: readonly string[]): readonly string[] {
  // Letters beyond these are written as @ and a number (table name to file name mapping).
  return folders.filter((name) => !OF_MYSQL.has(name) && /^[\w$]+$/.test(name) && !name.startsWith('#')).sort();
}
