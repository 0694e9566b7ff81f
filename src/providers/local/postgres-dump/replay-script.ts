import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { truncatedDump, unsafeDump, unsupportedDump } from './dump-problems.ts';
import { MAINTENANCE_DATABASE, openDatabase } from './load-sessions.ts';
import type { Load, LoadTarget } from './load-state.ts';
import type { Statement } from './statement.ts';
import { parseMetaCommand } from './meta-command.ts';
import { type RawSession, StatementError } from './raw-session.ts';
import { type ScriptItem, readScript } from './script-reader.ts';
import { dutyOf } from './statement-duty.ts';
import { besideDutyOf, statementsBeside } from './statements-beside.ts';
import { submit } from './submit-statement.ts';

/** What a load had to do besides. JSON-serialisable. */
export interface LoadFacts {
  readonly databases: readonly string[];
  /** Named in the dump and not in it; made without any right to log in. */
  readonly madeRoles: readonly string[];
  /** Settings that the server does not know, and tablespaces that a sandbox does not have. */
  readonly settings: readonly string[];
  /** Kinds of statements that only a superuser may do, e.g. `CREATE EXTENSION`. */
  readonly asSuperuser: readonly string[];
}

/** Encodings whose later bytes may be ASCII, a quote or a backslash among them ("Character Set Support"): clients only. */
const UNSAFE_ENCODINGS = /^(SJIS|BIG5|GBK|UHC|GB18030|JOHAB|SHIFT_JIS_2004)$/i;
/** What pg_dump and pg_restore write before each entry of an archive; names in it hold no newline. */
const ENTRY = /^-- (Data for )?Name: /;
const COMPLETE = /^-- PostgreSQL database (cluster )?dump complete$/;

/**
 * Loads an SQL script as pg_dump and pg_dumpall write it, as psql would, and without psql's powers: of its meta-commands
 * only those that dumps carry are known, and none starts a program. All but what a superuser must do is done by a role
 * that is none.
 *
 * @throws ProblemError for what the script or the server does not allow; whatever the source of the script throws
 */
export async function replayScript(script: AsyncIterable<Buffer>, target: LoadTarget): Promise<LoadFacts> {
  const load: Load = {
    target,
    reader: readScript(script),
    sessions: await openDatabase(target.socketFolder, MAINTENANCE_DATABASE, 'UTF8'),
    number: 0,
    databases: new Set(),
    settings: [],
    encoding: 'UTF8',
    isPlaced: false,
    besides: undefined,
    isInTransaction: false,
    isActing: false,
    restrictedBy: undefined,
    isCluster: false,
    isComplete: false,
    madeRoles: new Set(),
    special: new Set(),
    asSuperuser: new Set(),
  };
  try {
    for (;;) {
      target.signal.throwIfAborted();
      const item = await load.reader.next();
      if (item.kind === 'end') {
        assertWhole(load, item);
        await settle(load);
        break;
      }
      await takeItem(load, item);
    }
    if (load.databases.size === 0) await place(load);
  } finally {
    await load.sessions.close();
  }
  return {
    databases: [...load.databases],
    madeRoles: [...load.madeRoles],
    settings: [...load.special],
    asSuperuser: [...load.asSuperuser].sort(),
  };
}

async function takeItem(load: Load, item: Exclude<ScriptItem, { kind: 'end' }>): Promise<void> {
  switch (item.kind) {
    case 'comment':
      if (item.text === '-- PostgreSQL database cluster dump') load.isCluster = true;
      // In the dump of a cluster, each database's own end comes before the end of all.
      if (COMPLETE.test(item.text)) load.isComplete = item.text.includes('cluster') || !load.isCluster;
      await beginEntry(load, ENTRY.exec(item.text));
      return;
    case 'meta-command':
      await obey(load, item);
      return;
    case 'too-large':
      throw new ProblemError(
        unsupportedDump(
          `a statement at byte ${item.at} is longer than 64 MiB`,
          'Take the dump without --inserts, so that rows are read one by one.',
        ),
      );
    case 'statement':
      load.number += 1;
      load.isComplete = false;
      await takeStatement(load, item);
  }
}

function assertWhole(load: Load, end: ScriptItem & { kind: 'end' }): void {
  const ended = load.isCluster ? 'cluster dump complete' : 'database dump complete';
  if (!end.isWhole) throw new ProblemError(truncatedDump(`it ends within a statement, after statement ${load.number}`));
  if (!load.isComplete) {
    throw new ProblemError(
      truncatedDump(`it ends after statement ${load.number}, without its last line ('PostgreSQL ${ended}')`),
    );
  }
}

async function beginEntry(load: Load, entry: RegExpExecArray | null): Promise<void> {
  const { beside } = load.target;
  if (entry === null || beside === undefined) return;
  if (entry[1] !== undefined) await place(load);
  await beside.atEntry(entry[1] !== undefined, load.sessions.database);
}

async function takeStatement(load: Load, { text, words, at }: ScriptItem & { kind: 'statement' }): Promise<void> {
  const statement: Statement = { text, duty: dutyOf(words), number: load.number, at, words };
  const besideDuty = load.isInTransaction || load.isActing ? undefined : besideDutyOf(statement);
  if (load.target.jobs > 1 && load.isPlaced && besideDuty !== undefined && statement.duty.kind === 'content') {
    load.besides ??= statementsBeside(await openMoreLoaders(load));
    return load.besides.give(statement, besideDuty);
  }
  if (statement.duty.kind !== 'skip') await settle(load);
  await doStatement(load, statement);
}

/** Has the server end what it does beside the script, and does again in its turn what it refused. */
async function settle(load: Load): Promise<void> {
  for (const statement of (await load.besides?.settle()) ?? []) await doStatement(load, statement);
}

/** They take the settings that the script has made so far. */
async function openMoreLoaders({ sessions, settings, target }: Load): Promise<readonly RawSession[]> {
  const more = await sessions.openLoaders(target.jobs - 1);
  for (const session of more) for (const text of settings) await session.run(text);
  return [sessions.loader, ...more];
}

async function doStatement(load: Load, statement: Statement): Promise<void> {
  const { duty, text, words } = statement;
  switch (duty.kind) {
    case 'refuse':
      throw new ProblemError(unsafeDump(duty.because, statement));
    case 'skip':
      load.special.add(duty.setting);
      return;
    case 'session-setting':
      noteSetting(load, text);
      load.settings.push(text);
      await setInBoth(load, statement);
      return;
    case 'act-as':
      await place(load);
      await actAs(load, statement);
      return;
    case 'cluster':
      await submit(load, load.sessions.superuser, statement);
      return;
    case 'privilege':
      await place(load);
      await submit(load, load.isInTransaction ? load.sessions.loader : load.sessions.superuser, statement);
      return;
    case 'content':
      await place(load);
      await submit(load, load.sessions.loader, statement);
      noteTransaction(load, words);
  }
}

function noteTransaction(load: Load, [first = '']: readonly string[]): void {
  if (first === 'BEGIN' || first === 'START') load.isInTransaction = true;
  if (first === 'COMMIT' || first === 'END' || first === 'ROLLBACK') load.isInTransaction = false;
}

/** What the lexer or a database to be made must know of the session. */
function noteSetting(load: Load, text: Buffer): void {
  const [, name = '', value = ''] = /SET\s+(\w+)\s*(?:=|TO)\s*'?([\w-]+)/i.exec(text.toString('latin1')) ?? [];
  if (name.toLowerCase() === 'standard_conforming_strings')
    load.reader.setStandardStrings(value.toLowerCase() === 'on');
  if (name.toLowerCase() !== 'client_encoding') return;
  if (UNSAFE_ENCODINGS.test(value)) {
    throw new ProblemError(unsupportedDump(`it is written in '${value}'`, 'Take the dump with --encoding=UTF8.'));
  }
  load.encoding = value.toUpperCase();
}

/** A setting that this server does not know was made for a newer one, and says nothing of the data. */
async function setInBoth(load: Load, statement: Statement): Promise<void> {
  const { superuser, loader } = load.sessions;
  try {
    await submit(load, loader, statement, ['42704']);
    if (!load.isInTransaction) await submit(load, superuser, statement, ['42704']);
    await load.besides?.set(statement.text);
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    load.settings = load.settings.filter((text) => text !== statement.text);
    load.special.add(`left out: SET ${statement.words[1]?.toLowerCase() ?? ''}`);
  }
}

/** The loader has the rights of every role already; what it makes is to belong to that role. */
async function actAs(load: Load, statement: Statement): Promise<void> {
  await submit(load, load.sessions.superuser, statement);
  const role = /AUTHORIZATION\s+(.+?)\s*;$/is.exec(statement.text.toString('utf8'))?.[1] ?? 'DEFAULT';
  const isReset = statement.words[0] === 'RESET' || /^default$/i.test(role);
  load.isActing = !isReset;
  await submit(load, load.sessions.loader, {
    ...statement,
    text: Buffer.from(isReset ? 'reset role' : `set role ${role}`),
  });
}

/** A dump that names no database goes where the runbook says. */
async function place(load: Load): Promise<void> {
  if (load.isPlaced) return;
  const { settings } = load;
  await connect(load, load.target.database);
  for (const text of settings) {
    noteSetting(load, text);
    for (const session of [load.sessions.loader, load.sessions.superuser]) await session.run(text);
  }
}

async function connect(load: Load, database: string): Promise<void> {
  await settle(load);
  load.besides = undefined;
  await load.sessions.close();
  // In another encoding than its own, what was made with the cluster would not take what the dump holds.
  load.sessions = await openDatabase(load.target.socketFolder, database, load.encoding);
  load.databases.add(database);
  load.settings = [];
  load.isPlaced = true;
  load.isInTransaction = false;
  load.isActing = false;
  load.reader.setStandardStrings(true);
}

/** Only within the dump's own restriction and by its own token is anything but content possible (CVE-2025-8714). */
async function obey(load: Load, item: ScriptItem & { kind: 'meta-command' }): Promise<void> {
  const command = parseMetaCommand(item.line);
  const place = { number: load.number + 1, at: item.at };
  const isAllowed = load.restrictedBy === undefined ? command.kind !== 'unrestrict' : command.kind === 'unrestrict';
  if (!item.isFirst || command.kind === 'other' || !isAllowed) {
    const what = command.kind === 'other' ? `the command '${command.name}'` : `'\\${command.kind}' out of place`;
    throw new ProblemError(unsafeDump(what, place));
  }
  switch (command.kind) {
    case 'restrict':
      load.restrictedBy = command.token;
      return;
    case 'unrestrict':
      if (command.token !== load.restrictedBy)
        throw new ProblemError(unsafeDump("'\\unrestrict' with a wrong token", place));
      load.restrictedBy = undefined;
      return;
    case 'connect':
      await connect(load, command.database);
  }
}
