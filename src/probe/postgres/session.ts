import { Client, type ClientConfig, type QueryArrayConfig } from 'pg';
import { reachSocketFolder } from '../../support/socket-path.ts';
import type { Millis } from '../../support/time.ts';

/**
 * Where and as whom to log in. `superuser` sessions also switch off what would hide damage; for others ask
 * `hiddenDamage`.
 */
export interface Login {
  /** Folder of the unix socket, or a host name. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly superuser: boolean;
  /** The server ends a statement that takes longer, even when nobody is left to cancel it. */
  readonly statementTimeout: Millis;
  /** Authorities, as PEM: speak TLS, and only with a server that one of them vouches for under the name of `host`. */
  readonly authorities?: string;
}

/** The rows of one statement, every value as the server's own text, and the type of each column. */
export interface Rows {
  readonly rows: readonly (readonly (string | null)[])[];
  /** Object ids of the columns' types. */
  readonly types: readonly number[];
}

/** An open connection. `query` takes exactly one statement: a second one after a `;` is a syntax error. */
export interface Session {
  query(text: string, values?: readonly string[]): Promise<Rows>;
}

/** Opens one more session for as long as `use` takes, or until `stop` aborts. */
export type OpenBeside = <T>(stop: AbortSignal, use: (session: Session) => Promise<T>) => Promise<T>;

const CONNECT_TIMEOUT: Millis = 10_000;

/** Given in the start-up packet, where they outrank what the restored cluster sets for its roles and databases. */
const SETTINGS = {
  application_name: 'drillbook',
  search_path: 'pg_catalog,public,pg_temp',
  default_transaction_read_only: 'on',
  timezone: 'UTC',
  datestyle: 'ISO,YMD',
  intervalstyle: 'iso_8601',
  extra_float_digits: '1',
  bytea_output: 'hex',
  lc_monetary: 'C',
  row_security: 'off',
  local_preload_libraries: '',
};

/** Settings that only a superuser may make; the first two would let damaged pages read as empty or as sound. */
const SUPERUSER_SETTINGS = {
  zero_damaged_pages: 'off',
  ignore_checksum_failure: 'off',
  session_preload_libraries: '',
  lc_messages: 'C',
};

/**
 * Logs in, lets `use` ask, and closes the connection. Rejects with what node-postgres throws.
 *
 * When `signal` aborts, the statement under way is cancelled on the server and the connection is closed.
 */
export async function withSession<T>(
  login: Login,
  signal: AbortSignal,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const folder = login.host.startsWith('/') ? await reachSocketFolder(login.host, `.s.PGSQL.${login.port}`) : undefined;
  const config = clientConfig(login, folder?.path ?? login.host);
  const client = new Client(config);
  // A lost connection also rejects the statement under way; without a listener it would end the process as well.
  client.on('error', () => {});
  let pid: string | undefined;
  const giveUp = (): void => {
    void cancel(config, pid).then(() => client.end());
  };
  signal.addEventListener('abort', giveUp);
  try {
    await client.connect();
    const session = sessionOf(client);
    pid = (await session.query('select pg_backend_pid()')).rows[0]?.[0] ?? undefined;
    signal.throwIfAborted();
    return await use(session);
  } finally {
    signal.removeEventListener('abort', giveUp);
    await client.end();
    await folder?.close();
  }
}

/** Runs `work` in a transaction that is always rolled back: a probe leaves nothing behind. */
export async function inTransaction<T>(
  session: Session,
  mode: 'read only' | 'read write' | 'isolation level repeatable read, read only',
  work: () => Promise<T>,
): Promise<T> {
  await session.query(`begin transaction ${mode}`);
  const result = await work();
  await session.query('rollback');
  return result;
}

/** What `attempt` came to: a result, or the error with the transaction as it was before. */
export type Attempt<T> =
  { readonly kind: 'done'; readonly result: T } | { readonly kind: 'refused'; readonly error: unknown };

/** Tries `work` within a transaction without losing the transaction when the server refuses it. */
export async function attempt<T>(session: Session, work: () => Promise<T>): Promise<Attempt<T>> {
  await session.query('savepoint attempt');
  try {
    const result = await work();
    await session.query('release savepoint attempt');
    return { kind: 'done', result };
  } catch (error) {
    // Rejects in its turn when the connection is gone, and then there is nothing more to try.
    await session.query('rollback to savepoint attempt');
    return { kind: 'refused', error };
  }
}

function clientConfig(login: Login, host: string): ClientConfig {
  const settings = { ...SETTINGS, ...(login.superuser ? SUPERUSER_SETTINGS : {}) };
  return {
    host,
    port: login.port,
    database: login.database,
    user: login.user,
    // As a function, so that an empty one is not replaced by PGPASSWORD or a password file.
    password: () => login.password,
    ssl: login.authorities === undefined ? false : { ca: login.authorities, rejectUnauthorized: true },
    sslnegotiation: 'postgres',
    client_encoding: 'UTF8',
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    statement_timeout: Math.ceil(login.statementTimeout),
    options: Object.entries(settings)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
  };
}

function sessionOf(client: Client): Session {
  return {
    async query(text, values = []) {
      // 'extended' is what refuses a second statement; node-postgres would use the simple protocol without values.
      const config: QueryArrayConfig & { queryMode: 'extended' } = {
        text,
        values: [...values],
        rowMode: 'array',
        queryMode: 'extended',
        types: { getTypeParser: () => asText },
      };
      const { rows, fields } = await client.query<(string | null)[]>(config);
      return { rows, types: fields.map(({ dataTypeID }) => dataTypeID) };
    },
  };
}

function asText(value: string | Buffer): string {
  return value.toString();
}

async function cancel(config: ClientConfig, pid: string | undefined): Promise<void> {
  if (pid === undefined) return;
  const other = new Client(config);
  other.on('error', () => {});
  try {
    await other.connect();
    await other.query('select pg_cancel_backend($1::int)', [pid]);
  } catch {
    // Closing the connection, which comes next in any case, is then all that can be done.
  } finally {
    await other.end();
  }
}
