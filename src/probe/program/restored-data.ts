import { basename, dirname } from 'node:path';
import type { Problem } from '../../diagnostics/problem.ts';
import type { LocalEndpoint, LocalMysqlEndpoint, LocalPostgresEndpoint } from '../../providers/resource.ts';
import { unreachable } from '../../support/unreachable.ts';
import { type Credentials, readCredentials } from '../credentials.ts';

/** How a program gets at what was restored. */
export interface RestoredData {
  /** An absolute path of the restored resource. */
  readonly restored: string;
  /** Absolute paths that it must see. */
  readonly readOnly: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly password?: string;
  /** Where a program begins, so that what it reads needs no path; elsewhere in an empty folder that it may write to. */
  readonly workingFolder?: string;
  /** The socket that `variable` tells of, by the path of its folder. */
  readonly socket?: { readonly folder: string; readonly name: string; readonly variable: string };
}

/**
 * What tells a program where the restored data is. A file or folder is there to be read; a server is reached as
 * drillbook's own user, who may write: the copy is the drill's, and gone with it.
 */
export async function restoredData(
  endpoint: LocalEndpoint,
  database: string | undefined,
): Promise<RestoredData | Problem> {
  switch (endpoint.kind) {
    case 'files':
      return {
        restored: endpoint.folder,
        readOnly: [endpoint.folder],
        env: { DRILLBOOK_FOLDER: endpoint.folder },
        workingFolder: endpoint.folder,
      };
    case 'sqlite': {
      // With what lies beside it: without its journal a database may not be whole.
      const folder = dirname(endpoint.file);
      return { restored: endpoint.file, readOnly: [folder], env: { DRILLBOOK_FILE: endpoint.file } };
    }
    case 'postgres':
    case 'mysql': {
      const login = await readCredentials(endpoint.credentialsFile);
      if ('code' in login) return login;
      const reached = endpoint.kind === 'postgres' ? postgresSocket(endpoint) : mysqlSocket(endpoint);
      const env =
        endpoint.kind === 'postgres' ? postgresEnv(endpoint, login, database) : mysqlEnv(endpoint, login, database);
      return {
        restored: endpoint.credentialsFile,
        readOnly: [reached.folder],
        env,
        password: login.password,
        socket: reached,
      };
    }
    default:
      return unreachable(endpoint);
  }
}

type Env = Readonly<Record<string, string>>;
type Socket = Required<RestoredData>['socket'];

function postgresSocket({ host, port }: LocalPostgresEndpoint): Socket {
  return { folder: host, name: `.s.PGSQL.${port}`, variable: 'PGHOST' };
}

function mysqlSocket({ socket }: LocalMysqlEndpoint): Socket {
  return { folder: dirname(socket), name: basename(socket), variable: 'MYSQL_UNIX_PORT' };
}

/** As libpq reads it. */
function postgresEnv({ host, port }: LocalPostgresEndpoint, { user, password }: Credentials, database = user): Env {
  return { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password, PGDATABASE: database };
}

/** The first two as the clients of MariaDB and MySQL read them; they know no variable for the others. */
function mysqlEnv({ socket }: LocalMysqlEndpoint, { user, password }: Credentials, database = ''): Env {
  return { MYSQL_UNIX_PORT: socket, MYSQL_PWD: password, MYSQL_USER: user, MYSQL_DATABASE: database };
}
