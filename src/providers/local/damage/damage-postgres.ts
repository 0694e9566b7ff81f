import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, escapeIdentifier } from 'pg';
import type { Damage } from '../../../checks/damage.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { reachSocketFolder } from '../../../support/socket-path.ts';
import type { LocalPostgresEndpoint } from '../../resource.ts';
import { spaceProblem } from '../worker/free-space.ts';
import { damageRows } from './damage-postgres-rows.ts';
import { nothingToDamage } from './nothing-to-damage.ts';

const COPY = 'drillbook_proof';
const PAGE_BYTES = 8_192;
/** A relation's first file holds so many pages (RELSEG_SIZE of a usual build). */
const PAGES_OF_A_FILE = 131_072;
/** The high byte of `pd_upper` in a page's header: free space cannot end behind the page (bufpage.h, little-endian). */
const PD_UPPER = 15;

/** A restored cluster: what it is called, its data folder, and where it answers. */
export interface RestoredCluster {
  readonly name: string;
  readonly data: string;
  readonly endpoint: LocalPostgresEndpoint;
}

/** Copies a database of a restored cluster, as a database beside it, and damages that, unless by `none`. Gives the copy's name. */
export async function damagePostgres(
  { name, data, endpoint }: RestoredCluster,
  { database, damage }: { readonly database: string; readonly damage: Damage | 'none' },
): Promise<string> {
  await makeCopy(endpoint, data, database);
  if (damage === 'none') return COPY;
  if (damage.kind !== 'zero-page' && damage.kind !== 'flip-byte') {
    const why = await withClient(endpoint, COPY, (client) => damageRows(client, damage));
    if (why !== undefined) throw nothingToDamage(name, damage, why);
    return COPY;
  }
  const place = await withClient(endpoint, COPY, (client) => pageOf(client, damage));
  if (place === undefined) throw nothingToDamage(name, damage, 'nothing in it has a page');
  await damagePage(join(data, place.file), place.page, damage);
  return COPY;
}

/** Removes the copy, whoever looks at it. */
export async function discardPostgresCopy(endpoint: LocalPostgresEndpoint): Promise<void> {
  await withClient(endpoint, 'template1', dropCopy);
}

async function makeCopy(endpoint: LocalPostgresEndpoint, data: string, database: string): Promise<void> {
  // A database is copied only while nobody is in it.
  await withClient(endpoint, database === 'template1' ? 'postgres' : 'template1', async (client) => {
    await dropCopy(client);
    const { rows } = await client.query<{ bytes: string; major: number }>(
      `select pg_catalog.pg_database_size($1::name)::text as bytes, current_setting('server_version_num')::int / 10000 as major`,
      [database],
    );
    const [{ bytes, major } = { bytes: '0', major: 0 }] = rows;
    const problem = await spaceProblem(data, Number(bytes));
    if (problem) throw new ProblemError(problem);
    // Copied file by file, no page of the copy is in memory yet, and what is done to its files is seen.
    const strategy = major >= 15 ? ' strategy file_copy' : '';
    await client.query(`create database ${COPY} template ${escapeIdentifier(database)}${strategy}`);
  });
}

async function dropCopy(client: Client): Promise<void> {
  await client.query(
    'select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity where datname = $1 and pid <> pg_catalog.pg_backend_pid()',
    [COPY],
  );
  await client.query(`drop database if exists ${COPY}`);
}

/** The page in the middle of the largest table or B-tree index of the users, and the file it lies in. */
async function pageOf(
  client: Client,
  damage: Extract<Damage, { kind: 'zero-page' | 'flip-byte' }>,
): Promise<{ readonly file: string; readonly page: number } | undefined> {
  const isIndex = damage.kind === 'flip-byte' && damage.of === 'index';
  const { rows } = await client.query<{ file: string; pages: string }>(
    `select pg_catalog.pg_relation_filepath(c.oid) as file, (pg_catalog.pg_relation_size(c.oid) / $1)::text as pages
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     left join pg_catalog.pg_am a on a.oid = c.relam
     where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and c.relpersistence = 'p'
       and (($2 and c.relkind = 'i' and a.amname = 'btree') or (not $2 and c.relkind = 'r'))
     order by pg_catalog.pg_relation_size(c.oid) desc limit 1`,
    [PAGE_BYTES, isIndex],
  );
  const [largest] = rows;
  const pages = Math.min(Number(largest?.pages ?? 0), PAGES_OF_A_FILE);
  // The first page of an index tells of the index, and has no rows.
  const first = isIndex ? 1 : 0;
  if (largest === undefined || pages <= first) return undefined;
  return { file: largest.file, page: Math.max(first, Math.floor(pages / 2)) };
}

async function damagePage(file: string, page: number, damage: Damage): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    if (damage.kind === 'zero-page') {
      await handle.write(Buffer.alloc(PAGE_BYTES), 0, PAGE_BYTES, page * PAGE_BYTES);
      return;
    }
    const byte = Buffer.alloc(1);
    await handle.read(byte, 0, 1, page * PAGE_BYTES + PD_UPPER);
    await handle.write(Buffer.of(byte.readUInt8() ^ 0xff), 0, 1, page * PAGE_BYTES + PD_UPPER);
  } finally {
    await handle.close();
  }
}

async function withClient<T>(
  { host, port, credentialsFile }: LocalPostgresEndpoint,
  database: string,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const { user, password } = JSON.parse(await readFile(credentialsFile, 'utf8')) as { user: string; password: string };
  const folder = await reachSocketFolder(host, `.s.PGSQL.${port}`);
  const client = new Client({
    host: folder.path,
    port,
    user,
    password,
    database,
    options:
      '-c default_transaction_read_only=off -c session_preload_libraries= -c local_preload_libraries= -c session_replication_role=replica -c search_path=public',
  });
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end().catch(() => {});
    await folder.close();
  }
}
