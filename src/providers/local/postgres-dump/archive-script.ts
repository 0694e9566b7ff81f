import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { type SandboxedCommand, launchInSandbox, launchProblem } from '../sandbox/launch.ts';
import type { DumpContext } from './dump-context.ts';
import type { DumpForm } from './dump-form.ts';
import type { PgRestore } from './find-pg-restore.ts';
import { readingOf } from './reading-of.ts';

/** A dump that is no script, and what makes it one. */
export interface Archive {
  readonly form: Exclude<DumpForm, { kind: 'plain' }>;
  readonly pgRestore: PgRestore;
}

/** What is asked of an archive. */
export interface ScriptWanted {
  /** More options of pg_restore. */
  readonly options: readonly string[];
  /** Ids of the only entries wanted, in their order; otherwise all of them. */
  readonly entries?: readonly string[];
  /** Told now and then how many more bytes of the archive were read, where the system tells it. */
  readonly onRead?: (bytes: number) => void;
}

const FORMAT_OPTION: Readonly<Record<Archive['form']['kind'], string>> = {
  custom: '-Fc',
  tar: '-Ft',
  directory: '-Fd',
};
/** The first descriptor after those of every process. */
const ENTRIES_FD = 3;
/** As much of its messages as tells what is wrong. */
const MOST_WORDS = 4_000;

/**
 * The SQL script in an archive, as pg_restore writes it in a sandbox. It gets no connection to any server: what it reads
 * goes the same careful way as a plain dump.
 *
 * @throws ProblemError while it is read, or at its end, when the archive is damaged
 */
export async function* archiveScript(
  context: Pick<DumpContext, 'layout' | 'level' | 'signal'>,
  archive: Archive,
  wanted: ScriptWanted,
): AsyncGenerator<Buffer> {
  const { signal } = context;
  const { command, problem } = commandOf(context, archive, wanted);
  if (problem) throw new ProblemError(problem);
  // An open file needs no place in the sandbox, and no right of its user to its folder.
  const file = archive.form.kind === 'directory' ? undefined : await open(archive.form.path, 'r');
  const entries = wanted.entries && (await openEntries(context.layout.folder, wanted.entries));
  let child: ChildProcess | undefined;
  try {
    child = launchInSandbox({
      ...command,
      env: { LC_ALL: 'C', TZ: 'UTC' },
      stdio: [file?.fd ?? 'ignore', 'pipe', 'pipe', ...(entries ? [entries.fd] : [])],
    });
    const ended = endOf(child);
    const reading = readingOf(child.pid, wanted.onRead);
    for await (const chunk of child.stdout as Readable as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      reading();
      yield chunk;
    }
    const { code, words } = await ended;
    signal.throwIfAborted();
    if (code !== 0) throw new ProblemError(problemOf(words, code));
  } finally {
    child?.kill('SIGKILL');
    await entries?.close();
    await file?.close();
  }
}

function commandOf(
  { layout, level }: Pick<DumpContext, 'layout' | 'level'>,
  { form, pgRestore }: Archive,
  { options, entries }: ScriptWanted,
): { readonly command: SandboxedCommand; readonly problem: Problem | undefined } {
  const isFolder = form.kind === 'directory';
  const command = {
    level,
    readOnly: [...pgRestore.readOnlyPaths, ...(isFolder ? [form.path] : [])],
    writable: [],
    command: [
      pgRestore.program,
      FORMAT_OPTION[form.kind],
      '--exit-on-error',
      '--file=-',
      ...options,
      ...(entries ? [`--use-list=/dev/fd/${ENTRIES_FD}`] : []),
      ...(isFolder ? [form.path] : []),
    ],
    scratch: layout.scratch,
  };
  return { command, problem: launchProblem(command) };
}

/** A list of entries that is nowhere but in its descriptor. */
async function openEntries(folder: string, entries: readonly string[]): Promise<FileHandle> {
  const path = join(folder, `entries-${randomUUID()}`);
  // Whoever runs pg_restore opens the descriptor anew, as root at L0 as another user.
  await writeFile(path, entries.map((id) => `${id};\n`).join(''), { mode: 0o644 });
  try {
    return await open(path, 'r');
  } finally {
    await rm(path);
  }
}

async function endOf(child: ChildProcess): Promise<{ code: number | null; words: string }> {
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(0, MOST_WORDS);
  });
  const code = await new Promise<number | null>((resolve) => {
    child.once('close', resolve);
    child.once('error', () => resolve(null));
  });
  return { code, words };
}

/** Its own words may name what the archive holds: only ours are shown. */
function problemOf(words: string, code: number | null): Problem {
  if (/unsupported version/.test(words)) {
    return environment(
      'restore/pg-restore-too-old',
      "the archive is of a newer version than 'pg_restore' reads",
      'Install the client programs of the PostgreSQL that took the dump.',
    );
  }
  const compression = /(lz4|zstd|zlib|LZ4|Zstandard|gzip)/.exec(words)?.[1];
  if (/(not supported by this build|does not support compression|built without)/.test(words)) {
    return environment(
      'restore/engine-lacks-compression',
      `the archive is compressed by ${compression ?? 'a method'} that this 'pg_restore' was built without`,
      'Install the client programs of PostgreSQL from its own packages.',
    );
  }
  if (code === null || /out of memory|Permission denied|error while loading shared libraries/.test(words)) {
    return environment(
      'restore/pg-restore-failed',
      "'pg_restore' could not do its work on this machine",
      'Look for a lack of memory, and whether pg_restore runs at all.',
    );
  }
  return {
    code: 'restore/archive-damaged',
    message: `'pg_restore' cannot read the archive: ${reasonIn(words)}`,
    hint: 'Do not rely on this recovery point: it was cut off or altered after it was taken. Take a new dump and look at the storage.',
    blames: 'backup',
  };
}

const REASONS: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/No such file|could not open input file|could not open file/i, 'a file of it is missing'],
  [/end of file|could not read|read only|too short/i, 'it ends before its end'],
  [/compress|inflate|zlib|data error|incorrect/i, 'its compressed data are altered'],
  [/corrupt|unexpected|invalid|unrecognized|magic|checksum|out of sync/i, 'it is altered'],
];

function reasonIn(words: string): string {
  return REASONS.find(([pattern]) => pattern.test(words))?.[1] ?? 'it gave up';
}

function environment(code: string, message: string, hint: string): Problem {
  return { code, message, hint, blames: 'environment' };
}
