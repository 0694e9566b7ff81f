import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecoveryPoint } from '../catalog/recovery-point.ts';
import {
  PG_DATABASE,
  databaseNamesIn,
  databaseOfMysqlDump,
  databasesOfMysqlFolder,
  databasesOfScript,
  fileOfPgDatabase,
} from '../init/database-names.ts';
import { readTar } from '../providers/local/postgres/read-tar.ts';
import { openPlainDump, recogniseDumpFile, recogniseDumpFolder } from '../providers/local/postgres-dump/dump-form.ts';

/** How much of a backup is read to find the names of its databases, and how much of one file. */
const MOST_READ = 256 * 1024 * 1024;
const LARGEST_CATALOG = 1024 * 1024;
const SCRIPT_READ = 16 * 1024 * 1024;

/**
 * The databases that a backup names, those of every server left out. What cannot be read names none: the runbook then
 * says so, and a drill tells why.
 */
export async function databasesIn(point: RecoveryPoint, signal: AbortSignal): Promise<readonly string[]> {
  try {
    return await namedBy(point, signal);
  } catch {
    signal.throwIfAborted();
    return [];
  }
}

async function namedBy({ kind, location, engine }: RecoveryPoint, signal: AbortSignal): Promise<readonly string[]> {
  const isFolder = (await stat(location)).isDirectory();
  switch (kind) {
    case 'postgres':
      return databaseNamesIn(await catalogOf(location, signal), Number.parseInt(engine.version, 10));
    case 'postgres-dump':
      return ofDump(location, isFolder);
    case 'mysql':
      if (!isFolder) return databaseOfMysqlDump(await scriptOf(location, SCRIPT_READ));
      return databasesOfMysqlFolder(
        (await readdir(location, { withFileTypes: true })).filter((one) => one.isDirectory()).map(({ name }) => name),
      );
    default:
      return [];
  }
}

/** The file of pg_database in a base backup. */
async function catalogOf(folder: string, signal: AbortSignal): Promise<Uint8Array> {
  const names = await readdir(folder);
  const tar = names.find((name) => /^base\.tar(\.gz)?$/.test(name));
  if (tar !== undefined) return catalogInTar(join(folder, tar), signal);
  const global = join(folder, 'global');
  return readFile(join(global, fileOfPgDatabase(await readFile(join(global, 'pg_filenode.map')))));
}

/** Reads no further than it must: where the map comes first, to the file that it names. */
async function catalogInTar(file: string, signal: AbortSignal): Promise<Uint8Array> {
  const small = new Map<string, Buffer>();
  let wanted: string | undefined;
  let read = 0;
  await readTar(
    { file, gzip: file.endsWith('.gz') },
    async ({ header, content }) => {
      read += header.size ?? 0;
      const name = header.name.replace(/^\.\//, '');
      const isCatalog = /^global\/(?:\d+|pg_filenode\.map)$/.test(name) && (header.size ?? 0) <= LARGEST_CATALOG;
      if (isCatalog) small.set(name.slice('global/'.length), await bytesOf(content));
      const map = small.get('pg_filenode.map');
      wanted ??= map && fileOfPgDatabase(map);
      return (wanted !== undefined && small.has(wanted)) || read > MOST_READ ? 'enough' : 'next';
    },
    { signal },
  );
  return small.get(wanted ?? String(PG_DATABASE)) ?? Buffer.alloc(0);
}

async function bytesOf(content: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function ofDump(path: string, isFolder: boolean): Promise<readonly string[]> {
  const recognised = isFolder ? await recogniseDumpFolder(path) : await recogniseDumpFile(path);
  if (recognised.kind !== 'dump') return [];
  const { form } = recognised;
  if (form.kind !== 'plain') return form.header.database === '' ? [] : [form.header.database];
  return databasesOfScript(await scriptOf(path, SCRIPT_READ, form.compression));
}

/** The beginning of a script, unpacked. */
async function scriptOf(
  path: string,
  most: number,
  compression: Parameters<typeof openPlainDump>[1] = path.endsWith('.gz') ? 'gzip' : 'none',
): Promise<string> {
  const stream = openPlainDump(path, compression);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= most) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}
