import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { refusedStatement, truncatedDump, unsafeDump } from './dump-problems.ts';
import { asFirstRows } from './first-rows.ts';
import { letReadAll, makeMissingRole } from './load-sessions.ts';
import type { Load } from './load-state.ts';
import type { Statement } from './statement.ts';
import { type CopyIn, type RawSession, StatementError } from './raw-session.ts';
import { nameOfStatement } from './statement-duty.ts';

const LOCALE_OPTION =
  / (LOCALE_PROVIDER|BUILTIN_LOCALE|ICU_LOCALE|ICU_RULES|LOCALE|LC_COLLATE|LC_CTYPE|COLLATION_VERSION) = ('(?:[^']|'')*'|\w+)/g;
const READS_ALL = 'roles that the dump does not hold may read all data';

/** Runs one statement, with its COPY data; a role that it misses is made, and it is done again. */
export async function submit(
  load: Load,
  session: RawSession,
  statement: Statement,
  thrown: readonly string[] = [],
): Promise<void> {
  let isCopying = false;
  try {
    const copy = await begin(load, session, statement);
    if (copy === 'done') return;
    isCopying = true;
    const data = await load.reader.copyData((bytes) => copy.write(bytes));
    if (data === 'whole') {
      await copy.end();
      return;
    }
    throw new ProblemError(
      data === 'cut'
        ? truncatedDump(`it ends within the rows of a COPY, statement ${statement.number}`)
        : unsafeDump('data that do not begin on a new line', statement),
    );
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    // Data that were sent cannot be sent again.
    if (isCopying) throw new ProblemError(refusedStatement(error, statement, load.target.isSameMajor), error);
    const missing = missingRole(error);
    if (missing !== undefined && !load.madeRoles.has(missing)) {
      load.madeRoles.add(missing);
      await makeMissingRole(load.sessions, missing);
      return submit(load, session, statement, thrown);
    }
    if (thrown.includes(error.sqlState)) throw error;
    await tryOtherwise(load, session, statement, error);
  }
}

/** Where a table cannot be emptied, what the server says of the statement alone is what counts. */
async function begin(
  { isInTransaction }: Load,
  session: RawSession,
  { text, words }: Statement,
): Promise<'done' | CopyIn> {
  const firstRows = words[0] === 'COPY' && !isInTransaction ? asFirstRows(text) : undefined;
  if (firstRows === undefined) return session.run(text);
  try {
    return await session.run(firstRows);
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    return session.run(text);
  }
}

async function tryOtherwise(
  load: Load,
  session: RawSession,
  statement: Statement,
  error: StatementError,
): Promise<void> {
  const { sessions, target } = load;
  const text = statement.text.toString('utf8');
  const isLoader = session === sessions.loader;
  if (
    error.sqlState === '42501' &&
    isLoader &&
    !load.isInTransaction &&
    statement.duty.kind === 'content' &&
    statement.duty.mayEscalate
  ) {
    load.asSuperuser.add(nameOfStatement(statement.words));
    return submit(load, sessions.superuser, statement);
  }
  // In the source a superuser may own what is read here, and the dump does not say which roles are superusers.
  if (error.sqlState === '42501' && isLoader && load.madeRoles.size > 0 && !load.special.has(READS_ALL)) {
    load.special.add(READS_ALL);
    if (await letReadAll(sessions, load.madeRoles)) return submit(load, session, statement);
  }
  // Only superusers may own some things, and a dump does not say whether a role that it does not hold is one.
  if (error.sqlState === '42501' && / OWNER TO /.test(statement.words.join(' '))) {
    load.special.add(`owner not kept: ${nameOfStatement(statement.words.slice(1))}`);
    return;
  }
  // The database that every cluster has is empty yet: it is made again, as the dump says.
  const [, existing] = /^database "(postgres)" already exists$/.exec(error.serverMessage) ?? [];
  if (error.sqlState === '42P04' && existing !== undefined && !load.databases.has(existing)) {
    load.databases.add(existing);
    await sessions.ask(`drop database ${existing}`);
    return submit(load, session, statement);
  }
  // What is proven is that the data can be loaded; that they would sort otherwise is said.
  const withoutLocale = text.replace(LOCALE_OPTION, '');
  if (
    nameOfStatement(statement.words) === 'CREATE DATABASE' &&
    error.serverMessage.includes('locale') &&
    withoutLocale !== text
  ) {
    load.special.add("locale of the server instead of the dump's, which is not on this machine");
    return submit(load, session, { ...statement, text: Buffer.from(withoutLocale) });
  }
  // From PostgreSQL 16 on, nobody but the first superuser grants in another's name what that one could not.
  const withoutGrantor = text.replace(/\s+GRANTED BY\s+[^;]+;$/i, ';');
  if (statement.words[0] === 'GRANT' && withoutGrantor !== text) {
    return submit(load, session, { ...statement, text: Buffer.from(withoutGrantor) });
  }
  throw new ProblemError(refusedStatement(error, statement, target.isSameMajor), error);
}

function missingRole({ sqlState, serverMessage }: StatementError): string | undefined {
  return sqlState === '42704' ? /^role "(.*)" does not exist$/s.exec(serverMessage)?.[1] : undefined;
}
