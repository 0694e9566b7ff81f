import { mkdir, open, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { Problem } from '../diagnostics/problem.ts';
import { ProblemError } from '../diagnostics/problem-error.ts';
import { printDiagnostics } from '../diagnostics/print.ts';
import type { FoundResource } from '../init/found.ts';
import { runbookText } from '../init/runbook-text.ts';
import { safeName } from '../init/safe-name.ts';
import { parseRunbook } from '../runbook/parse-runbook.ts';
import { systemClock } from '../support/clock.ts';
import type { Instant } from '../support/time.ts';
import { writeWholeFile } from '../support/whole-file.ts';
import { discover } from './init-discover.ts';
import type { FoundInFolder } from './init-found.ts';
import { withLive } from './init-live.ts';
import { type LiveAddress, liveAddress } from './init-live-address.ts';
import { nameResources } from './init-name.ts';
import { type CommandIo, printProblem } from './io.ts';
import { sandboxFolder } from './read-runbook.ts';

const OK = 0;
const BAD_INPUT = 2;
const INCONCLUSIVE = 3;

export interface InitOptions {
  /** The living source: the URL of a server, or a path. */
  readonly live?: string;
  readonly name?: string;
  /** By default `runbooks/NAME.yaml`. */
  readonly output?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** What `init` is to do, with nothing left to guess. Paths are absolute. */
interface Task {
  readonly folder: string;
  readonly name: string;
  readonly file: string;
  readonly live?: LiveAddress;
}

/**
 * `drillbook init`: writes a first runbook from what a folder of backups holds. Reads only, but for the runbook itself.
 *
 * @returns 0; 2 when nothing usable is there, or the runbook already is; 3 when the living source does not answer, or
 * nothing can be written
 */
export async function initCommand(
  folder: string,
  options: InitOptions,
  io: CommandIo,
  now: Instant = systemClock.now(),
): Promise<number> {
  const task = taskOf(folder, options, io);
  if ('code' in task) return refused(io, task);
  const exists = await existsAlready(task.file, options, io);
  if (exists) return refused(io, exists);
  const found = await discovered(task.folder);
  if ('code' in found) return refused(io, found);
  tellUnusable(found, io);
  const home = dirname(task.file);
  const named = await nameResources(found.sources, home, new AbortController().signal);
  if (named.length === 0) return refused(io, nothingUsable(folder, found));
  const resources = task.live === undefined ? named : await withLive(named, task.live, { folder: home, io });
  if ('code' in resources) return refused(io, resources, resources.code === 'init/no-owner' ? BAD_INPUT : INCONCLUSIVE);
  const text = runbookText({ name: task.name, folder, resources, now, ...(await schemaFor(task.file, io)) });
  assertValid(text, task.file, io);
  const unwritten = await write(task.file, text, options);
  if (unwritten)
    return unwritten === 'exists' ? refused(io, alreadyThere(task.file, io)) : refused(io, unwritten, INCONCLUSIVE);
  await tellPasswords(task, resources, io);
  report({ task, resources, found }, options, io);
  return OK;
}

function refused(io: CommandIo, problem: Problem, code: number = BAD_INPUT): number {
  printProblem(io, problem);
  return code;
}

function taskOf(written: string, { name: wanted, output, live: named }: InitOptions, io: CommandIo): Task | Problem {
  const folder = resolve(io.cwd, written);
  if (wanted !== undefined && safeName(wanted, '') !== wanted) {
    return problem('init/bad-name', `'${wanted}' is no name of a runbook`, {
      hint: `Use lower-case letters and digits with '-' between them, for example --name ${safeName(wanted, 'orders')}.`,
    });
  }
  const name = wanted ?? safeName(basename(folder), 'backups');
  const live = named === undefined ? undefined : liveAddress(named, io);
  if (live !== undefined && 'code' in live) return live;
  const file = resolve(io.cwd, output ?? join('runbooks', `${name}.yaml`));
  return { folder, name, file, ...(live && { live }) };
}

async function existsAlready(file: string, { force }: InitOptions, io: CommandIo): Promise<Problem | undefined> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined || (force === true && found.isFile())) return undefined;
  return alreadyThere(file, io, found.isFile());
}

function alreadyThere(file: string, io: CommandIo, isFile = true): Problem {
  return problem('init/already-there', `'${shownPath(file, io)}' is already there`, {
    hint: isFile
      ? 'Write it anew with --force, or another one with --name or --output.'
      : 'Name another file with --output.',
  });
}

async function discovered(folder: string): Promise<FoundInFolder | Problem> {
  if (/\p{Cc}/u.test(folder)) {
    return problem('init/bad-path', 'the path of the folder holds a control character, which no runbook can name', {
      hint: 'Rename the folder.',
    });
  }
  try {
    return await discover(folder, new AbortController().signal);
  } catch (error) {
    if (error instanceof ProblemError) return error.problem;
    throw error;
  }
}

function tellUnusable({ unusable, leftOver }: FoundInFolder, io: CommandIo): void {
  for (const { folder, id, problem: why } of unusable) {
    io.stderr(`not usable: '${shownPath(join(folder, id), io)}': ${why.message} [${why.code}]\n`);
  }
  if (leftOver.length === 0) return;
  const named = leftOver.map(({ location }) => `'${shownPath(location, io)}'`).join(', ');
  io.stderr(
    `left out: ${named}: files beside backups of another kind, or beside services\nhint: Move them to a folder of their own, and call init on that too: a resource of kind 'files' draws from all that is in its folder.\n`,
  );
}

function nothingUsable(folder: string, { unusable }: FoundInFolder): Problem {
  const why = unusable.length === 0 ? '' : `; ${unusable.length} that cannot be used`;
  return problem('init/nothing-found', `'${folder}' holds no backup that a runbook could restore${why}`, {
    hint: 'Looked for base backups of PostgreSQL, dumps of pg_dump and pg_dumpall, dumps and backups of MySQL and MariaDB, SQLite databases, folders and archives of files, and repositories of restic and pgBackRest: in the folder, and up to three below it.',
  });
}

/** Editors complete a runbook by its schema, where that lies in the checkout. */
async function schemaFor(file: string, io: CommandIo): Promise<{ readonly schema?: string }> {
  const schema = join(io.cwd, 'schema', 'runbook.schema.json');
  const isThere = await stat(schema).then(
    (found) => found.isFile(),
    () => false,
  );
  return isThere ? { schema: relative(dirname(file), schema) } : {};
}

/** What we write ourselves must be right: a finding in it is a bug of ours, and no reader's. */
function assertValid(text: string, file: string, io: CommandIo): void {
  const parsed = parseRunbook({ text, file, sandboxFolder: sandboxFolder(io) });
  if (parsed.kind === 'valid') return;
  throw new Error(`the runbook that init would have written is not valid:\n${printDiagnostics(parsed.diagnostics)}`);
}

/** `exists`: somebody has written the file meanwhile, and it stays as it is. */
async function write(file: string, text: string, { force }: InitOptions): Promise<Problem | 'exists' | undefined> {
  try {
    await mkdir(dirname(file), { recursive: true });
    if (force !== true) return await writeNewFile(file, text);
    await writeWholeFile(file, text, 0o644);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return problem('init/unwritable', `'${file}' cannot be written: ${code}`, {
      hint: 'Name another file with --output, or let the user that runs drillbook write there.',
    });
  }
}

/** Writes a file that is not there; what is only begun is removed. */
async function writeNewFile(file: string, text: string): Promise<'exists' | undefined> {
  const handle = await open(file, 'wx', 0o644).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
    return undefined;
  });
  if (handle === undefined) return 'exists';
  try {
    await handle.writeFile(text);
    return undefined;
  } catch (error) {
    await unlink(file).catch(() => {});
    throw error;
  } finally {
    await handle.close();
  }
}

/** A drill would tell of it only when it runs. */
async function tellPasswords({ file }: Task, resources: readonly FoundResource[], io: CommandIo): Promise<void> {
  for (const { name, repository } of resources) {
    if (repository?.passwordFile === undefined) continue;
    const path = resolve(dirname(file), repository.passwordFile);
    const isThere = await stat(path).then(
      () => true,
      () => false,
    );
    if (isThere) continue;
    io.stderr(
      `the password of the repository of '${name}' is not in '${shownPath(path, io)}' yet\nhint: Put it there, readable for the user that runs drillbook alone, and keep it out of version control.\n`,
    );
  }
}

interface Written {
  readonly task: Task;
  readonly resources: readonly FoundResource[];
  readonly found: FoundInFolder;
}

function report({ task, resources, found }: Written, { json }: InitOptions, io: CommandIo): void {
  const file = shownPath(task.file, io);
  const next = ['validate', 'plan', 'run'].map((verb) => `npx drillbook ${verb} ${inShell(file)}`);
  if (json !== true) {
    io.stdout([file, ...next.map((line) => `  ${line}`), ''].join('\n'));
    return;
  }
  const written = {
    file,
    runbook: task.name,
    resources: resources.map(({ name, kind, source, points }) => ({ name, kind, source, points: points.length })),
    unusable: found.unusable.map(({ folder, id, problem: why }) => ({ path: shownPath(join(folder, id), io), ...why })),
    leftOver: found.leftOver.map(({ location }) => shownPath(location, io)),
    next,
  };
  io.stdout(`${JSON.stringify(written, undefined, 2)}\n`);
}

/** Relative where it lies below the current folder. */
function shownPath(path: string, { cwd }: Pick<CommandIo, 'cwd'>): string {
  const way = relative(cwd, path);
  return way === '' || way.startsWith('..') ? path : way;
}

function inShell(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}

function problem(code: string, message: string, { hint }: { readonly hint: string }): Problem {
  return { code, message, hint, blames: 'environment' };
}
