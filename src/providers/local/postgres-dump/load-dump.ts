import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { readInParts } from '../read-in-parts.ts';
import { type DumpForm, openPlainDump } from './dump-form.ts';
import { loadArchive } from './load-archive.ts';
import { makeLoader, retireLoader } from './load-sessions.ts';
import { StatementError } from './raw-session.ts';
import type { LoadTarget } from './load-state.ts';
import { type LoadFacts, replayScript } from './replay-script.ts';
import type { DumpContext } from './dump-context.ts';

/** What a load came to. JSON-serialisable. */
export interface LoadResult {
  readonly databases: readonly string[];
  readonly madeRoles: readonly string[];
  /** What makes this load special, as a report names it. */
  readonly settings: readonly string[];
}

/**
 * Loads a dump into the running, empty server of its restore.
 *
 * @throws ProblemError for a dump that is not whole, that holds what no dump needs, or that the server refuses
 */
export async function loadDump(context: DumpContext): Promise<LoadResult> {
  const { layout } = context;
  try {
    await makeLoader(layout.socket);
    const facts = await loadByForm(context);
    context.progress({ detail: 'writing what was loaded' });
    await retireLoader(layout.socket);
    return resultOf(facts);
  } catch (error) {
    context.signal.throwIfAborted();
    throw problemOf(error);
  }
}

async function loadByForm(context: DumpContext): Promise<LoadFacts> {
  const { form, server, signal, progress, layout, request } = context;
  const bytesTotal = request.point.bytes;
  const target: LoadTarget = {
    socketFolder: layout.socket,
    database: request.spec.database,
    jobs: request.spec.jobs,
    isSameMajor: Number.parseInt(server.version, 10) === Number.parseInt(request.point.engine.version, 10),
    signal,
  };
  if (form.kind !== 'plain') return loadArchive(context, form, target);
  let bytesDone = 0;
  const script = plainScript(form, signal, (read) => {
    bytesDone += read;
    progress({ detail: 'loading', bytesDone, ...(bytesTotal === undefined ? {} : { bytesTotal }) });
  });
  try {
    return await replayScript(script, target);
  } finally {
    await script.return(undefined);
  }
}

/** @param onBytes told how many bytes of the file, as stored, have just been read */
async function* plainScript(
  { path, compression }: DumpForm & { kind: 'plain' },
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  if (compression === 'none') yield* readInParts(path, { signal, onBytes });
  else yield* openPlainDump(path, compression, onBytes) as AsyncIterable<Buffer>;
}

function resultOf({ databases, madeRoles, settings, asSuperuser }: LoadFacts): LoadResult {
  const done = asSuperuser.length === 0 ? [] : [`done as superuser: ${asSuperuser.join(', ')}`];
  return { databases, madeRoles, settings: [...settings, ...done] };
}

/** A StatementError would have been judged by the load: what is left is our own dealing with the server. */
function problemOf(error: unknown): unknown {
  if (error instanceof ProblemError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  // zlib's own codes: Z_DATA_ERROR, Z_BUF_ERROR (cut off), ZSTD_error_….
  if (/^(Z_|ZSTD_|ERR_ZSTD)/.test(code)) return new ProblemError(damaged(), error);
  if (error instanceof StatementError || 'severity' in (error as object)) {
    const state = error instanceof StatementError ? error.sqlState : code;
    return new ProblemError(serverFailed(`the server refused to be made ready for the dump: SQLSTATE ${state}`), error);
  }
  if (message.startsWith('Connection terminated') || code === 'ECONNRESET' || code === 'EPIPE') {
    return new ProblemError(serverFailed('the connection to the new server broke'), error);
  }
  return error;
}

function damaged(): Problem {
  return {
    code: 'restore/archive-damaged',
    message: 'the compressed dump cannot be unpacked: it is cut off or altered',
    hint: 'Take a new dump, and look at how this one was stored or copied.',
    blames: 'backup',
  };
}

function serverFailed(message: string): Problem {
  return {
    code: 'restore/server-failed',
    message,
    hint: "Look for a lack of memory or disk on this machine, or at the server's crash.",
    blames: 'environment',
  };
}
