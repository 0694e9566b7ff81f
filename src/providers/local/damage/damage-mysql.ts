import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Damage } from '../../../checks/damage.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { type Session, withSession } from '../../../probe/mysql/session.ts';
import { reachSocketFolder } from '../../../support/socket-path.ts';
import type { Millis } from '../../../support/time.ts';
import type { LocalMysqlEndpoint } from '../../resource.ts';
import { spaceProblem } from '../worker/free-space.ts';
import { MYSQL_COPY, bytesOf, copySchema, dropCopy, letItWrite } from './copy-mysql-schema.ts';
import { createPrograms } from './copy-mysql-programs.ts';
import { damageTables } from './damage-mysql-rows.ts';
import { nothingToDamage } from './nothing-to-damage.ts';

/** A statement that copies a table may take long: the time for the proof ends it, through the signal. */
const STATEMENT_TIMEOUT: Millis = 86_400_000;

/** A restored server: what it is called, its data folder, and where it answers. */
export interface RestoredMysql {
  readonly name: string;
  readonly data: string;
  readonly endpoint: LocalMysqlEndpoint;
}

/**
 * Copies a schema of a restored server, as a schema beside it, and damages that, unless by `none`. Gives the copy's name.
 *
 * @throws ProblemError `prove/nothing-to-damage`, `prove/names-schema`, `prove/not-copied`, `restore/not-enough-space`
 */
export async function damageMysql(
  { name, data, endpoint }: RestoredMysql,
  { database, damage }: { readonly database: string; readonly damage: Damage | 'none' },
  signal: AbortSignal,
): Promise<string> {
  const why = await answered(name, signal, () =>
    inServer(endpoint, signal, async (session) => {
      await dropCopy(session);
      const withRows = damage === 'none' || damage.kind !== 'empty';
      const problem = await spaceProblem(data, withRows ? await bytesOf(session, database) : 0);
      if (problem) throw new ProblemError(problem);
      const { tables, triggersAndEvents } = await copySchema(session, { schema: database, withRows });
      const undone = damage === 'none' ? undefined : await damageTables(session, tables, damage);
      await createPrograms(session, triggersAndEvents);
      return undone;
    }),
  );
  if (damage !== 'none' && why !== undefined) throw nothingToDamage(name, damage, why);
  return MYSQL_COPY;
}

/** Removes the copy, whoever looks at it; none is fine. */
export async function discardMysqlCopy(endpoint: LocalMysqlEndpoint, signal: AbortSignal): Promise<void> {
  await inServer(endpoint, signal, dropCopy);
}

async function inServer<T>(
  { socket, credentialsFile }: LocalMysqlEndpoint,
  signal: AbortSignal,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const { user, password } = JSON.parse(await readFile(credentialsFile, 'utf8')) as { user: string; password: string };
  const folder = await reachSocketFolder(dirname(socket), basename(socket));
  const place = { socketPath: join(folder.path, basename(socket)), database: 'information_schema' };
  try {
    return await withSession(
      { ...place, user, password, statementTimeout: STATEMENT_TIMEOUT },
      signal,
      async (session) => {
        await letItWrite(session);
        return use(session);
      },
    );
  } finally {
    await folder.close();
  }
}

/** A server's own words are not repeated: they may quote a row. */
async function answered<T>(name: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { errno, code, sqlState } = error as { errno?: number; code?: string; sqlState?: string };
    if (signal.aborted || errno === undefined || sqlState === undefined) throw error;
    throw new ProblemError(
      {
        code: 'prove/not-copied',
        message: `no copy of '${name}' could be made and damaged: the server answered ${code ?? 'an error'} (${errno})`,
        hint: 'Look whether the disk is full and whether every table of the original can be read and made anew.',
        blames: 'environment',
      },
      error,
    );
  }
}
