import { Client, escapeIdentifier } from 'pg';
import { reachSocketFolder } from '../../../support/socket-path.ts';
import { SERVER_PORT } from '../postgres/server-settings.ts';
import { type RawSession, rawSession } from './raw-session.ts';

/** The superuser of every server that is made for a dump. Named so that no dump has a role of that name. */
export const SUPERUSER = 'drillbook_superuser';
/** Who loads a dump: no superuser, so that what a dump runs cannot leave the database. Cannot log in afterwards. */
export const LOADER = 'drillbook_loader';

/** The two sessions that load one database. */
export interface LoadSessions {
  readonly database: string;
  readonly loader: RawSession;
  readonly superuser: RawSession;
  /** More sessions of the loader, which are closed with these. */
  openLoaders(count: number): Promise<readonly RawSession[]>;
  /** A question of our own, as the superuser. */
  readonly ask: (sql: string, values?: readonly string[]) => Promise<readonly Record<string, unknown>[]>;
  close(): Promise<void>;
}

/** Exists in every cluster, and holds nothing of a dump. */
export const MAINTENANCE_DATABASE = 'template1';

/** What a role or database of the dump may have set for itself, and would keep its own loading from working. */
const OPTIONS = [
  '-c default_transaction_read_only=off',
  '-c local_preload_libraries=',
  '-c password_encryption=scram-sha-256',
  '-c statement_timeout=0',
  '-c lock_timeout=0',
  '-c idle_in_transaction_session_timeout=0',
];
/** Only a superuser may set this. */
const SUPERUSER_OPTIONS = [...OPTIONS, '-c session_preload_libraries='];

/** Makes the loader's role where it is not yet. */
export async function makeLoader(socketFolder: string): Promise<void> {
  await asSuperuser(socketFolder, async (ask) => {
    const roles = await ask('select 1 from pg_catalog.pg_roles where rolname = $1', [LOADER]);
    await ask(`${roles.length === 0 ? 'create' : 'alter'} role ${LOADER} login`);
  });
}

/** Takes from the loader all that it was given for the load, and makes all that was loaded safe on the disk. */
export async function retireLoader(socketFolder: string): Promise<void> {
  await asSuperuser(socketFolder, async (ask) => {
    await ask(`alter role ${LOADER} nologin`);
    const granted = await ask(
      `select roleid::regrole::text as role from pg_catalog.pg_auth_members where member = '${LOADER}'::regrole`,
    );
    for (const { role } of granted) await ask(`revoke ${String(role)} from ${LOADER}`);
    // With synchronous_commit=off the last transactions may still be in the server's memory alone.
    await ask('checkpoint');
  });
}

/**
 * Opens a database for loading; it is made when there is none. The loader owns it unless a role of the dump does, and
 * has the rights of every role of the dump.
 *
 * @param encoding of a database that must be made
 */
export async function openDatabase(socketFolder: string, database: string, encoding: string): Promise<LoadSessions> {
  await asSuperuser(socketFolder, async (ask) => {
    const [found] = await ask(
      'select pg_catalog.pg_get_userbyid(datdba) as owner from pg_catalog.pg_database where datname = $1',
      [database],
    );
    if (found === undefined) await createDatabase(ask, database, encoding);
    else if (found['owner'] === SUPERUSER) {
      await ask(`alter database ${escapeIdentifier(database)} owner to ${LOADER}`);
    }
    await grantRoles(ask);
  });
  const folder = await reachSocketFolder(socketFolder, `.s.PGSQL.${SERVER_PORT}`);
  const clients: Client[] = [];
  const open = async (user: string): Promise<Client> => {
    const client = clientOf(folder.path, database, user);
    clients.push(client);
    await client.connect();
    return client;
  };
  const close = async (): Promise<void> => {
    await Promise.all(clients.map(async (client) => client.end()));
    await folder.close();
  };
  try {
    const [superuser, loader] = [await open(SUPERUSER), await open(LOADER)];
    const openLoaders = async (count: number): Promise<readonly RawSession[]> =>
      Promise.all(Array.from({ length: count }, async () => rawSession(await open(LOADER))));
    const ask = askerOf(superuser);
    return { database, superuser: rawSession(superuser), loader: rawSession(loader), openLoaders, ask, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The first superuser of nearly every cluster: views and materialized views that it owns read whatever they like. */
const USUAL_SUPERUSER = 'postgres';

/** Makes a role that a dump names and does not hold, so that what it owns and may do is kept. */
export async function makeMissingRole(sessions: LoadSessions, role: string): Promise<void> {
  await sessions.ask(`create role ${escapeIdentifier(role)} nologin`);
  await sessions.ask(`grant ${escapeIdentifier(role)} to ${LOADER}`);
  if (role === USUAL_SUPERUSER) await letReadAll(sessions, [role]);
}

/** Lets roles read all data of the cluster, as superusers do. Gives whether the server knows such a right (14 and newer). */
export async function letReadAll({ ask }: LoadSessions, roles: Iterable<string>): Promise<boolean> {
  const known = await ask("select 1 from pg_catalog.pg_roles where rolname = 'pg_read_all_data'");
  if (known.length === 0) return false;
  for (const role of roles) await ask(`grant pg_read_all_data to ${escapeIdentifier(role)}`);
  return true;
}

type Ask = LoadSessions['ask'];

async function asSuperuser<T>(socketFolder: string, use: (ask: Ask) => Promise<T>): Promise<T> {
  const folder = await reachSocketFolder(socketFolder, `.s.PGSQL.${SERVER_PORT}`);
  const client = clientOf(folder.path, MAINTENANCE_DATABASE, SUPERUSER);
  try {
    await client.connect();
    return await use(askerOf(client));
  } finally {
    await client.end();
    await folder.close();
  }
}

function clientOf(host: string, database: string, user: string): Client {
  const options = (user === SUPERUSER ? SUPERUSER_OPTIONS : OPTIONS).join(' ');
  const client = new Client({ host, port: SERVER_PORT, database, user, ssl: false, options });
  // Without a listener, a connection that breaks would end the process; the statement under way is rejected anyway.
  client.on('error', () => {});
  return client;
}

function askerOf(client: Client): Ask {
  return async (sql, values) =>
    (await client.query<Record<string, unknown>>(sql, values === undefined ? undefined : [...values])).rows;
}

async function grantRoles(ask: Ask): Promise<void> {
  const roles = await ask(
    `select quote_ident(rolname) as role from pg_catalog.pg_roles
     where rolname !~ '^pg_' and rolname not in ('${SUPERUSER}', '${LOADER}')
       and not pg_catalog.pg_has_role('${LOADER}', oid, 'member')`,
  );
  for (const { role } of roles) await ask(`grant ${String(role)} to ${LOADER}`);
}

async function createDatabase(ask: Ask, database: string, encoding: string): Promise<void> {
  const common = `create database ${escapeIdentifier(database)} owner ${LOADER} template template0`;
  if (encoding === 'UTF8') {
    await ask(common);
    return;
  }
  const [version] = await ask("select current_setting('server_version_num')::int >= 150000 as has_providers");
  const provider = version?.['has_providers'] === true ? 'locale_provider libc' : '';
  await ask(`${common} encoding '${encoding.replaceAll("'", "''")}' ${provider} lc_collate 'C' lc_ctype 'C'`);
}
