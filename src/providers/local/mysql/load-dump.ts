import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import type { Connection, ResultSetHeader } from 'mysql2/promise';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { unreachable } from '../../../support/unreachable.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import { connectBytewise } from './credentials.ts';
import { makeMissingDefiners } from './definers.ts';
import { type DumpParticulars, damagedGzip, dumpTruncated } from './dump-file.ts';
import type { Engine } from './engine.ts';
import { CLIENT_COMMAND, judgeStatement } from './judge-statement.ts';
import { clientCommand, engineMissing, statementRefused, statementTooLong, unsafeDump } from './load-problems.ts';
import { splitStatements } from './split-statements.ts';
import type { DumpEnd } from './statement-scanner.ts';

/** What a load came to. JSON-serialisable. */
export interface LoadFacts {
  /** Of the file that was read. */
  readonly bytes: number;
  readonly statements: number;
  /** Kinds of statements that were not run, and how many of each. */
  readonly leftOut: Readonly<Record<string, number>>;
  /** Accounts that were made, since the dump does not hold them. */
  readonly definers: readonly string[];
}

/** A dump, and the server that it is loaded into. */
export interface Load {
  readonly file: string;
  readonly dump: DumpParticulars;
  readonly server: Engine;
  /** Where statements go whose dump names no database. */
  readonly database: string;
}

const CHUNK = 1024 * 1024;
/** SERVER_STATUS_NO_BACKSLASH_ESCAPES, which the server says in each answer. */
const NO_BACKSLASH_ESCAPES = 512;

/**
 * Runs the statements of a dump, one after the other, without any client program: what such a program would take as a
 * command of its own is refused.
 *
 * @throws ProblemError `restore/unsafe-dump`, `restore/dump-truncated`, `restore/dump-corrupted`,
 * `restore/statement-failed`, `restore/engine-missing`
 */
export async function loadDump(
  context: Pick<WorkerContext, 'layout' | 'signal' | 'progress'>,
  load: Load,
): Promise<LoadFacts> {
  const { signal } = context;
  const connection = await connectBytewise(context.layout);
  const giveUp = (): void => connection.destroy();
  signal.addEventListener('abort', giveUp);
  try {
    return await runStatements(connection, context, load);
  } catch (error) {
    signal.throwIfAborted();
    throw isZlibError(error) ? new ProblemError(unzipProblem(load.file, error), error) : error;
  } finally {
    signal.removeEventListener('abort', giveUp);
    connection.destroy();
  }
}

async function runStatements(
  connection: Connection,
  { signal, progress }: Pick<WorkerContext, 'signal' | 'progress'>,
  load: Load,
): Promise<LoadFacts> {
  const session = openLoad(connection, load);
  let bytes = 0;
  const onBytes = (read: number): void => {
    bytes += read;
    progress({ detail: 'loading the dump', bytesDone: bytes, bytesTotal: load.dump.bytes });
  };
  const text = readDump(load, signal, onBytes);
  const statements = splitStatements(text, {
    engine: load.server,
    noBackslashEscapes: () => session.noBackslashEscapes(),
  });
  for (;;) {
    const next = await statements.next();
    if (next.done === true) {
      const problem = endProblem(next.value, session.facts().statements + 1);
      if (problem) throw new ProblemError(problem);
      // On this connection: of restored accounts that are in force by now, ours is none.
      return { bytes, ...session.facts(), definers: await makeMissingDefiners(connection) };
    }
    await session.run(next.value);
  }
}

interface LoadSession {
  run(statement: string): Promise<void>;
  noBackslashEscapes(): boolean;
  facts(): Pick<LoadFacts, 'statements' | 'leftOut'>;
}

function openLoad(connection: Connection, { dump, server, database }: Load): LoadSession {
  const leftOut: Record<string, number> = {};
  let statements = 0;
  let status = 0;
  let hasDatabase = false;
  const ask = async (statement: string, what: string): Promise<ResultSetHeader | undefined> => {
    try {
      const [answer] = await connection.query(statement);
      return Array.isArray(answer) ? undefined : (answer as ResultSetHeader);
    } catch (error) {
      throw statementRefused(error, { ordinal: statements, what, dump: dump.engine, server });
    }
  };
  const enterDatabase = async (): Promise<void> => {
    hasDatabase = true;
    const name = `\`${Buffer.from(dump.database ?? database, 'utf8')
      .toString('latin1')
      .replaceAll('`', '``')}\``;
    await ask('set names utf8mb4', 'SET');
    await ask(`create database if not exists ${name}`, 'CREATE DATABASE');
    await ask(`use ${name}`, 'USE');
  };
  return {
    async run(statement) {
      statements += 1;
      const verdict = judgeStatement(statement, server);
      if (verdict.kind === 'refuse') {
        const isCommand = verdict.what === CLIENT_COMMAND;
        throw new ProblemError(isCommand ? clientCommand(statements) : unsafeDump(verdict.what, statements));
      }
      if (verdict.kind === 'leave-out') {
        leftOut[verdict.what] = (leftOut[verdict.what] ?? 0) + 1;
        return;
      }
      if (verdict.what === 'USE') hasDatabase = true;
      if (verdict.needsDatabase && !hasDatabase) await enterDatabase();
      const answer = await ask(statement, verdict.what);
      if (!answer) return;
      status = answer.serverStatus;
      if (verdict.what === 'CREATE TABLE' && answer.warningStatus > 0) await assertOwnEngine(connection, statements);
    },
    noBackslashEscapes: () => (status & NO_BACKSLASH_ESCAPES) !== 0,
    facts: () => ({ statements, leftOut }),
  };
}

/** ER_UNKNOWN_STORAGE_ENGINE and ER_WARN_USING_OTHER_HANDLER: the table would be made, with another engine. */
const OTHER_ENGINE: readonly string[] = ['1286', '1266'];

async function assertOwnEngine(connection: Connection, ordinal: number): Promise<void> {
  const [rows] = (await connection.query('show warnings')) as unknown as [(string | null)[][]];
  if (rows.some(([, code]) => OTHER_ENGINE.includes(code ?? ''))) throw new ProblemError(engineMissing(ordinal));
}

async function* readDump(
  { file, dump }: Load,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  const raw = createReadStream(file, { highWaterMark: CHUNK, signal });
  raw.on('data', (chunk) => onBytes(chunk.length));
  if (!dump.isGzip) {
    yield* raw as AsyncIterable<Buffer>;
    return;
  }
  const unzip = createGunzip({ chunkSize: CHUNK });
  raw.on('error', (error) => unzip.destroy(error));
  yield* raw.pipe(unzip) as AsyncIterable<Buffer>;
}

function endProblem(end: DumpEnd, ordinal: number): Problem | undefined {
  switch (end.kind) {
    case 'complete':
      return undefined;
    case 'no-end-marker':
      return dumpTruncated("it does not end in '-- Dump completed'");
    case 'cut':
      return dumpTruncated(`it ends inside of ${end.inside}, statement ${ordinal}`);
    case 'client-command':
      return clientCommand(ordinal);
    case 'too-long':
      return statementTooLong(ordinal);
    default:
      return unreachable(end);
  }
}

function isZlibError(error: unknown): error is NodeJS.ErrnoException {
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined && /^Z_[A-Z]+_ERROR$/.test(code);
}

/** Z_BUF_ERROR is 'unexpected end of file'. */
function unzipProblem(file: string, { code }: NodeJS.ErrnoException): Problem {
  return code === 'Z_BUF_ERROR' ? dumpTruncated('its compressed file ends too early') : damagedGzip(file);
}
