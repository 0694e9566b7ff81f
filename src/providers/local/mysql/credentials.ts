import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Connection, createConnection } from 'mysql2/promise';
import { reachSocketFolder } from '../../../support/socket-path.ts';
import { writeWholeFile } from '../../../support/whole-file.ts';
import type { FolderLayout } from '../worker/folder-layout.ts';
import type { Flavour } from './engine.ts';

/** The text of `credentials.json`. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Name of the server's socket in its folder. */
export const SOCKET = 'mysql.sock';
/** An account of our own, so that no restored one is changed. */
const USER = 'drillbook-probe';

/**
 * The login of this restore: made once, with a random password that only the 0600 file knows; an earlier worker's is
 * kept.
 */
export async function ensureCredentials({ credentials }: FolderLayout): Promise<Credentials> {
  const text = await readFile(credentials, 'utf8').catch(() => undefined);
  if (text !== undefined) return JSON.parse(text) as Credentials;
  const made = { user: USER, password: randomBytes(32).toString('base64url') };
  await writeWholeFile(credentials, JSON.stringify(made), 0o600);
  return made;
}

/**
 * Writes the file by which a server gives this login all rights before it lets anyone in, at each of its starts: also
 * when the restored tables of accounts know nothing of it.
 *
 * @returns its path
 */
export async function writeInitFile(
  layout: FolderLayout,
  { user, password }: Credentials,
  flavour: Flavour,
): Promise<string> {
  const account = `'${user}'@'localhost'`;
  // A password has only letters, digits, '-' and '_', so it needs no escaping.
  const login =
    flavour === 'mariadb'
      ? [`create or replace user ${account} identified via mysql_native_password using '${nativeHash(password)}'`]
      : [`create user if not exists ${account}`, `alter user ${account} identified by '${password}' account unlock`];
  const lines = [...login, `grant all privileges on *.* to ${account} with grant option`];
  const file = join(layout.settings, 'init.sql');
  await mkdir(layout.settings, { recursive: true, mode: 0o700 });
  await writeWholeFile(file, lines.map((line) => `${line};\n`).join(''), 0o600);
  return file;
}

/** Opens a connection to the restored server that sends each character of a statement as one byte. */
export async function connectBytewise(layout: FolderLayout): Promise<Connection> {
  const folder = await reachSocketFolder(layout.socket, SOCKET);
  try {
    const connection = await createConnection({
      socketPath: join(folder.path, SOCKET),
      ...(await ensureCredentials(layout)),
      charset: 'BINARY',
      connectTimeout: 10_000,
      // Neither may the server ask for files of this machine, nor a `SET NAMES` of a dump change how bytes are sent.
      flags: ['-LOCAL_FILES', '-SESSION_TRACK'],
      rowsAsArray: true,
      typeCast: (field) => field.string('utf8'),
    });
    connection.on('error', () => {});
    return connection;
  } finally {
    await folder.close();
  }
}

/** As `mysql_native_password` keeps it. Of 256 random bits nobody finds the password to a hash. */
function nativeHash(password: string): string {
  const sha1 = (data: string | Buffer): Buffer => createHash('sha1').update(data).digest();
  return `*${sha1(sha1(password)).toString('hex').toUpperCase()}`;
}
