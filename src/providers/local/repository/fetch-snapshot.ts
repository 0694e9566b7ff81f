import { lstat, mkdir } from 'node:fs/promises';
import { basename, dirname, join, posix } from 'node:path';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { ResticRepository } from '../../../runbook/restore-spec.ts';
import { isWithin } from '../sandbox/launch.ts';
import { spaceProblem } from '../worker/free-space.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import type { FetchedPlace } from './describe-fetched.ts';
import type { OpenRepository } from './open-repository.ts';
import { pointGone } from './repository-problems.ts';
import { resticProblem, runRestic } from './restic.ts';
import { type Staging, stagingOf } from './staging.ts';

/** What `restic ls` says of the backup in a snapshot. */
interface Listed {
  readonly paths: readonly string[];
  readonly bytes: number;
  readonly isThere: boolean;
}

/**
 * Fetches what a snapshot holds at the wanted path into the staging folder, which is empty, and verifies it.
 *
 * @throws ProblemError `restore/repository-damaged`, `restore/not-in-snapshot`, `restore/not-enough-space`, …
 */
export async function fetchSnapshot(
  { request, layout, progress }: WorkerContext,
  wanted: ResticRepository,
  repository: OpenRepository,
): Promise<FetchedPlace> {
  // The short id is for people; the file of the snapshot has the whole.
  const snapshot = basename(request.point.location);
  const what = `snapshot '${request.point.id}'`;
  progress({ detail: 'listing the snapshot' });
  const sides = request.spec.kind === 'sqlite' ? ['-wal', '-journal'] : [];
  const listed = await list(repository, { snapshot, what, path: wanted.path, sides });
  const path = normal(wanted.path ?? listed.paths[0] ?? '/');
  if (!listed.isThere) throw new ProblemError(notInSnapshot(what, path));
  const full = await spaceProblem(layout.folder, listed.bytes);
  if (full) throw new ProblemError(full);
  progress({ detail: 'fetching from the repository', bytesTotal: listed.bytes });
  const staging = stagingOf(layout);
  await mkdir(staging.tmp, { mode: 0o700 });
  await restore(repository, { snapshot, what, paths: [path, ...sides.map((side) => path + side)] }, staging);
  const fetched = join(staging.backup, path);
  const found = await lstat(fetched).catch(() => undefined);
  if (!found) throw new ProblemError(notInSnapshot(what, path));
  return { path: fetched, source: found.isDirectory() ? fetched : dirname(fetched) };
}

interface Question {
  readonly snapshot: string;
  readonly what: string;
  readonly path: string | undefined;
  readonly sides: readonly string[];
}

async function list(repository: OpenRepository, { snapshot, what, path, sides }: Question): Promise<Listed> {
  const wanted = path === undefined ? undefined : normal(path);
  const all = wanted === undefined || wanted === '/';
  const asked = all ? [] : [wanted, ...sides.map((side) => wanted + side)];
  let [paths, bytes, isThere]: [readonly string[], number, boolean] = [[], 0, all];
  const onLine = (line: string): void => {
    const told = parsed(line);
    if (told?.struct_type === 'snapshot') paths = told.paths ?? [];
    if (told?.struct_type !== 'node' || told.path === undefined) return;
    if (!all && !asked.some((one) => isWithin(told.path ?? '', one))) return;
    if (told.path === wanted) isThere = true;
    if (told.type === 'file') bytes += told.size ?? 0;
  };
  const end = await runRestic(repository, ['ls', '--json', '--recursive', snapshot, ...asked], { onLine });
  // It ignores a snapshot that is not there or cannot be loaded, and ends with 0 (measured on 0.14).
  if (end.code !== 0 || /^Ignoring /m.test(end.stderr)) {
    throw new ProblemError(await resticProblem(repository, end, what));
  }
  if (paths.length === 0) throw new ProblemError(pointGone(what, repository.source));
  return { paths, bytes, isThere };
}

interface ListedLine {
  readonly struct_type?: string;
  readonly paths?: readonly string[];
  readonly type?: string;
  readonly path?: string;
  readonly size?: number;
}

function parsed(line: string): ListedLine | undefined {
  try {
    return JSON.parse(line) as ListedLine;
  } catch {
    return undefined;
  }
}

async function restore(
  repository: OpenRepository,
  { snapshot, what, paths }: { snapshot: string; what: string; paths: readonly string[] },
  { backup, tmp }: Staging,
): Promise<void> {
  const includes = paths[0] === '/' ? [] : paths.flatMap((path) => ['--include', literal(path)]);
  const args = ['restore', '--quiet', '--verify', '--target', backup, ...includes, snapshot];
  const end = await runRestic(repository, args, { tmp });
  if (end.code !== 0) throw new ProblemError(await resticProblem(repository, end, what));
}

/** restic takes what is to be included for a pattern. */
function literal(path: string): string {
  return path.replaceAll(/[\\*?[\]]/g, '\\$&');
}

function normal(path: string): string {
  const short = posix.normalize(path);
  return short.length > 1 && short.endsWith('/') ? short.slice(0, -1) : short;
}

function notInSnapshot(what: string, path: string): Problem {
  return {
    code: 'restore/not-in-snapshot',
    message: `${what} holds nothing at '${path}'`,
    hint: "Correct 'path' of the repository in the runbook, or look at why the backup was not there when the snapshot was taken.",
    blames: 'environment',
  };
}
