import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Client, escapeIdentifier } from 'pg';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { reachSocketFolder } from '../../../support/socket-path.ts';
import { writeWholeFile } from '../../../support/whole-file.ts';
import type { FolderLayout } from '../worker/folder-layout.ts';
import { classifyStartFailure } from './server-log.ts';
import { SERVER_PORT, writeLoginRules } from './server-settings.ts';

/** The text of `credentials.json`. */
interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** In every cluster, and rarely closed to logins. */
const DATABASE = 'template1';
const ATTEMPTS = 100;
const FACTS = `
  select rolsuper, split_part(current_setting('server_version'), ' ', 1) as version,
    pg_catalog.pg_last_wal_replay_lsn()::text as "replayedTo",
    (select count(*)::int from pg_catalog.pg_prepared_xacts) as "preparedTransactions"
  from pg_catalog.pg_roles where rolname = current_user`;
/**
 * What a role or database of the source may have set for itself, and would keep us out or run foreign code; and what keeps
 * a password for good that the server has confirmed, however it ends.
 */
const OPTIONS =
  '-c default_transaction_read_only=off -c session_preload_libraries= -c local_preload_libraries= -c password_encryption=scram-sha-256 -c synchronous_commit=on';

/** What the server says of itself on the way. JSON-serialisable. */
export interface LoginFacts {
  /** e.g. `15.18`. */
  readonly version: string;
  /** End of the last record that was replayed at this start, when there was one. */
  readonly replayedTo: string | null;
  readonly preparedTransactions: number;
}

/**
 * Gives the runbook's superuser a random password that only the 0600 file knows, and lets nobody in without one.
 *
 * Safe to repeat: a password that was written is kept.
 *
 * @throws ProblemError `restore/no-superuser`
 */
export async function secureLogin(layout: FolderLayout, user: string): Promise<LoginFacts> {
  const credentials = (await readCredentials(layout)) ?? { user, password: randomBytes(32).toString('base64url') };
  await writeWholeFile(layout.credentials, JSON.stringify(credentials), 0o600);
  const facts = await withClient(layout, credentials, async (client) => {
    const { rows } = await client.query<LoginFacts & { rolsuper: boolean }>(FACTS);
    const [found] = rows;
    if (found?.rolsuper !== true) throw new ProblemError(noSuperuser(user, 'is no superuser'));
    // The password has only letters, digits, '-' and '_', so it needs no escaping.
    await client.query(
      `alter role ${escapeIdentifier(user)} with login password '${credentials.password}' valid until 'infinity' connection limit -1`,
    );
    await writeLoginRules(layout, 'password');
    await client.query('select pg_catalog.pg_reload_conf()');
    const { version, replayedTo, preparedTransactions } = found;
    return { version, replayedTo, preparedTransactions };
  });
  await verifyLogin(layout, credentials);
  return facts;
}

/** A reload takes effect a moment after it was asked for: without a password there must be a refusal, with it none. */
async function verifyLogin(layout: FolderLayout, credentials: Credentials): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const isRefused = await withClient(layout, { ...credentials, password: 'wrong' }, () =>
      Promise.resolve(false),
    ).catch(() => true);
    if (isRefused) return withClient(layout, credentials, () => Promise.resolve());
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new ProblemError({
    code: 'restore/login-not-secured',
    message: 'the restored server still accepts logins without a password',
    hint: 'Report this: the server did not take over its own rules for logins.',
    blames: 'environment',
  });
}

async function withClient<T>(
  layout: FolderLayout,
  credentials: Credentials,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const folder = await reachSocketFolder(layout.socket, `.s.PGSQL.${SERVER_PORT}`);
  const client = new Client({
    host: folder.path,
    port: SERVER_PORT,
    database: DATABASE,
    user: credentials.user,
    password: () => credentials.password,
    ssl: false,
    options: OPTIONS,
  });
  // Without a listener, a connection that breaks later would end the process.
  client.on('error', () => {});
  try {
    await client.connect();
    return await use(client);
  } catch (error) {
    throw loginError(credentials.user, error);
  } finally {
    await client.end();
    await folder.close();
  }
}

function loginError(user: string, error: unknown): unknown {
  const { code, message } = error as { code?: string; message: string };
  // invalid_authorization_specification: no such role, or one that may not log in.
  if (code === '28000') return new ProblemError(noSuperuser(user, 'does not exist or may not log in'), error);
  if (/locale|library|could not access file/.test(message))
    return new ProblemError(classifyStartFailure(`FATAL: ${message}`), error);
  return error;
}

async function readCredentials({ credentials }: FolderLayout): Promise<Credentials | undefined> {
  const text = await readFile(credentials, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Credentials);
}

function noSuperuser(user: string, why: string): Problem {
  return {
    code: 'restore/no-superuser',
    message: `role '${user}' ${why} in the restored cluster`,
    hint: "Name a superuser of the source as 'superuser' in the runbook.",
    blames: 'environment',
  };
}
