import { addAbortSignal } from 'node:stream';
import type { Connection as StreamingConnection } from 'mysql2';
import {
  type Connection,
  type ConnectionOptions,
  type FieldPacket,
  type TypeCastField,
  createConnection,
} from 'mysql2/promise';
import type { Millis } from '../../support/time.ts';

/** Where and as whom to log in. */
export type MysqlLogin = MysqlAccount & (MysqlAddress | MysqlSocket);

interface MysqlAccount {
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** The server ends a statement that takes longer (MySQL: a `select` alone), even when nobody is left to cancel it. */
  readonly statementTimeout: Millis;
}

export interface MysqlAddress {
  readonly host: string;
  readonly port: number;
  /** Authorities, as PEM: speak TLS, and only with a server that one of them vouches for under the name of `host`. */
  readonly authorities?: string;
}

/** A server on this machine. */
interface MysqlSocket {
  readonly socketPath: string;
}

/** The rows of one statement, every value as the server's own text, and the type of each column. */
export interface Rows {
  readonly rows: readonly (readonly (string | null)[])[];
  /** Numbers of the columns' types in the protocol; `undefined` for a statement that gives no rows at all. */
  readonly types?: readonly number[];
}

/** An open connection. `query` takes exactly one statement: a second one after a `;` is a syntax error. */
export interface Session {
  /** Values stand for the `?` of the text. */
  query(text: string, values?: readonly string[]): Promise<Rows>;
}

/** One whose answers need not fit into memory. */
export interface StreamingSession extends Session {
  /**
   * The first column of every row, read as it is asked for; bytes are taken for UTF-8. `undefined`, once, of a statement
   * that gives no rows at all.
   */
  firstColumn(text: string): AsyncIterable<string | null | undefined>;
}

const CONNECT_TIMEOUT: Millis = 10_000;

/** Rows that are held at once of those that are read as they are asked for. */
const ROWS_AHEAD = 500;

/** One more than the most that anyone needs to know of. */
export const MOST_ROWS = 1_001;

/**
 * Logs in, lets `use` ask, and closes the connection. Every transaction of the session is read-only unless it says
 * otherwise. Rejects with what mysql2 throws.
 *
 * When `signal` aborts, the statement under way is cancelled on the server and the connection is closed.
 */
export async function withSession<T>(
  login: MysqlLogin,
  signal: AbortSignal,
  use: (session: StreamingSession) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const connection = await connect(login);
  // A lost connection also rejects the statement under way; without a listener it would end the process as well.
  connection.on('error', () => {});
  const giveUp = (): void => {
    void cancel(login, connection.threadId).then(() => connection.destroy());
  };
  signal.addEventListener('abort', giveUp);
  try {
    const session = sessionOf(connection, signal);
    await prepare(session, login.statementTimeout);
    signal.throwIfAborted();
    return await use(session);
  } finally {
    signal.removeEventListener('abort', giveUp);
    connection.destroy();
  }
}

/** Runs `work` in a read-only transaction that sees one moment, and that is always rolled back. */
export async function inTransaction<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.query('start transaction with consistent snapshot, read only');
  const result = await work();
  await session.query('rollback');
  return result;
}

function connect(login: MysqlLogin): Promise<Connection> {
  const { database, user, password } = login;
  return createConnection({
    ...placeOf(login),
    database,
    user,
    password,
    connectTimeout: CONNECT_TIMEOUT,
    charset: 'utf8mb4',
    multipleStatements: false,
    // The server could otherwise ask for any file that this process may read.
    flags: ['-LOCAL_FILES'],
    rowsAsArray: true,
    typeCast: asText,
  });
}

function placeOf(login: MysqlLogin): Pick<ConnectionOptions, 'socketPath' | 'host' | 'port' | 'ssl'> {
  if ('socketPath' in login) return { socketPath: login.socketPath };
  const { host, port, authorities } = login;
  if (authorities === undefined) return { host, port };
  return {
    host,
    port,
    ssl: { ca: authorities, minVersion: 'TLSv1.2', rejectUnauthorized: true, verifyIdentity: true },
  };
}

function asText(field: TypeCastField): string | null {
  return field.string();
}

/** Names of files may lie in columns of bytes, which have no encoding of their own. */
function asUtf8(field: TypeCastField): string | null {
  return field.string('utf8');
}

/** What the restored server sets for its sessions does not decide how a check reads. */
async function prepare(session: Session, statementTimeout: Millis): Promise<void> {
  const { rows } = await session.query('select version()');
  const isMariaDb = /mariadb/i.test(rows[0]?.[0] ?? '');
  const timeout = isMariaDb
    ? `max_statement_time = ${Math.max(0.001, statementTimeout / 1_000)}`
    : `max_execution_time = ${Math.max(1, Math.ceil(statementTimeout))}`;
  await session.query('set session transaction isolation level repeatable read, read only');
  await session.query(
    `set session ${timeout}, time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION',
     sql_select_limit = default, sql_big_selects = 1, lc_messages = 'en_US', group_concat_max_len = 1048576`,
  );
}

function sessionOf(connection: Connection, signal: AbortSignal): StreamingSession {
  return {
    async *firstColumn(text) {
      // Rows as a stream are had from the connection below the promises alone, which the types leave out.
      const { connection: streaming } = connection as unknown as { readonly connection: StreamingConnection };
      const rows = streaming.query({ sql: text, typeCast: asUtf8 }).stream({ highWaterMark: ROWS_AHEAD });
      for await (const row of addAbortSignal(signal, rows) as AsyncIterable<unknown>) {
        yield Array.isArray(row) ? (row[0] as string | null) : undefined;
      }
    },
    async query(text, values = []) {
      const [rows, fields] = (await connection.query({ sql: text, values: [...values] })) as [
        (string | null)[][],
        FieldPacket[] | undefined,
      ];
      if (fields === undefined || !Array.isArray(rows)) return { rows: [] };
      return { rows, types: fields.map(({ columnType = -1 }) => columnType) };
    },
  };
}

async function cancel(login: MysqlLogin, threadId: number): Promise<void> {
  try {
    const other = await connect(login);
    other.on('error', () => {});
    try {
      await other.query(`kill query ${threadId}`);
    } finally {
      other.destroy();
    }
  } catch {
    // Closing the connection, which comes next in any case, is then all that can be done.
  }
}
