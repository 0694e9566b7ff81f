import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { RecoveryTarget } from '../../../runbook/restore-spec.ts';
import { removeTree } from '../remove-tree.ts';
import { spaceProblem } from '../worker/free-space.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import { readControlFile } from '../postgres/replay-start.ts';
import { findBackup, isListed } from './fetch-pgbackrest-backup.ts';
import type { OpenRepository } from './open-repository.ts';
import { type PgBackRestBackup, pgBackRestOf, pgBackRestProblem, runPgBackRest } from './pgbackrest.ts';
import { pointGone } from './repository-problems.ts';
import type { ToolEnd } from './run-tool.ts';
import { stagingOf } from './staging.ts';

/** A file of the archive that replay may want. */
export interface ArchivedFile {
  /** Its name in `pg_wal`. */
  readonly name: string;
  /** SHA-1, hex, of a segment as PostgreSQL wrote it; pgBackRest keeps it in the name. */
  readonly sha1?: string;
}

/** Each is a process of its own that is done in some tens of milliseconds. */
const AT_ONCE = 4;
const NOT_FOUND = 1;

/**
 * Lays the WAL that replay may want into a plain folder, so that the server itself never runs anything to get it. Each
 * segment is compared with the hash that pgBackRest took of it.
 *
 * @throws ProblemError `restore/wal-segment-damaged`, `restore/repository-damaged`, `restore/not-enough-space`, …
 */
export async function fetchWal(context: WorkerContext, repository: OpenRepository): Promise<null> {
  const { request, layout, progress } = context;
  const staging = stagingOf(layout);
  await removeTree(staging.wal);
  await mkdir(staging.wal, { mode: 0o700 });
  const { backup, stanza } = await findBackup(context, repository);
  const archive = stanza.archive.find(({ database }) => database.id === backup.database.id);
  if (!archive) return null;
  const files = chooseFiles(await listArchive(context, repository, archive.id), backup, request.spec.recoveryPoint.to);
  const { segmentBytes } = await readControlFile(staging.backup);
  const full = await spaceProblem(layout.folder, files.length * segmentBytes);
  if (full) throw new ProblemError(full);
  await getAll(files, async (file, done) => {
    progress({ detail: `fetching WAL (${done} of ${files.length} files)` });
    await getFile(context, repository, file).catch(async (error: unknown) => {
      if (!isPerhapsUnneeded(file, backup, request.spec.recoveryPoint.to)) throw error;
      if (!(error instanceof ProblemError) || error.problem.blames !== 'backup') throw error;
      // A gap, which is told of if the wanted moment lies behind it.
      await rm(join(staging.wal, file.name), { force: true });
    });
  });
  return null;
}

/** Some at once; the first that fails ends all, once those under way have ended. */
async function getAll(
  files: readonly ArchivedFile[],
  get: (file: ArchivedFile, done: number) => Promise<void>,
): Promise<void> {
  const left = files.entries();
  let hasFailed = false;
  const getSome = async (): Promise<void> => {
    for (const [index, file] of left) {
      if (hasFailed) return;
      await get(file, index + 1).catch((error: unknown) => {
        hasFailed = true;
        throw error;
      });
    }
  };
  for (const end of await Promise.allSettled(Array.from({ length: AT_ONCE }, getSome))) {
    if (end.status === 'rejected') throw end.reason;
  }
}

/** All of the archive of the backup's cluster, by paths as pgBackRest lays them. */
async function listArchive(
  context: WorkerContext,
  repository: OpenRepository,
  archiveId: string,
): Promise<readonly string[]> {
  const wanted = pgBackRestOf(context.request.spec);
  const folder = `archive/${wanted.stanza}/${archiveId}`;
  const end = await runPgBackRest(repository, wanted, ['repo-ls', '--recurse', '--output=json', folder]);
  if (end.code === 0) return Object.keys(JSON.parse(end.stdout) as Record<string, unknown>);
  throw new ProblemError(await problemOf(context, repository, { end, what: `the WAL archive '${archiveId}'` }));
}

const SEGMENT = /^([0-9A-F]{24})-([0-9a-f]{40})(?:\.\w+)?$/;
const HISTORY = /^[0-9A-F]{8}\.history$/;
/** The timeline takes the first eight characters of a segment's name, what follows counts on over all of them. */
const TIMELINE = 8;

/**
 * Which files of an archive replay may want: from the backup's first segment on, on whatever timeline; to the backup's own
 * end only its own. Segments do not say of what time they are, so for a moment all are taken.
 *
 * @param paths as pgBackRest lists them below the archive
 */
export function chooseFiles(
  paths: readonly string[],
  { archive: { start, stop } }: PgBackRestBackup,
  target: RecoveryTarget,
): readonly ArchivedFile[] {
  const isToOwnEnd = target.kind === 'backup-end';
  const chosen = new Map<string, ArchivedFile>();
  for (const file of paths.map((path) => basename(path))) {
    const [, name, sha1] = SEGMENT.exec(file) ?? [];
    if (name !== undefined && sha1 !== undefined) {
      const isBefore = start !== null && name.slice(TIMELINE) < start.slice(TIMELINE);
      const isAfter = stop !== null && name.slice(TIMELINE) > stop.slice(TIMELINE);
      const isElsewhere = start !== null && name.slice(0, TIMELINE) !== start.slice(0, TIMELINE);
      if (!isBefore && !(isToOwnEnd && (isAfter || isElsewhere))) chosen.set(name, { name, sha1 });
    } else if (HISTORY.test(file) || (start !== null && file.startsWith(`${start}.`) && file.endsWith('.backup'))) {
      chosen.set(file, { name: file });
    }
  }
  return [...chosen.values()];
}

/** Whether the wanted moment may lie before whatever a segment holds. */
function isPerhapsUnneeded({ name }: ArchivedFile, { archive }: PgBackRestBackup, target: RecoveryTarget): boolean {
  return target.kind === 'time' && archive.stop !== null && name.slice(TIMELINE) > archive.stop.slice(TIMELINE);
}

async function getFile(
  context: WorkerContext,
  repository: OpenRepository,
  { name, sha1 }: ArchivedFile,
): Promise<void> {
  const { layout, request } = context;
  const staging = stagingOf(layout);
  const to = join(staging.wal, name);
  const places = [`--pg1-path=${staging.backup}`, `--lock-path=${staging.tmp}`];
  const end = await runPgBackRest(repository, pgBackRestOf(request.spec), ['archive-get', ...places, name, to]);
  const what = `'${name}'`;
  if (end.code === NOT_FOUND) throw new ProblemError(pointGone(what, repository.source));
  if (end.code !== 0) throw new ProblemError(await problemOf(context, repository, { end, what }));
  if (sha1 === undefined) return;
  const hash = createHash('sha1');
  await pipeline(createReadStream(to), hash);
  if (hash.digest('hex') !== sha1) throw new ProblemError(otherContent(name));
}

async function problemOf(
  context: WorkerContext,
  repository: OpenRepository,
  failure: { readonly end: ToolEnd; readonly what: string },
): Promise<Problem> {
  return pgBackRestProblem(repository, failure, async () => isListed(repository, context));
}

function otherContent(name: string): Problem {
  return {
    code: 'restore/wal-segment-damaged',
    message: `WAL segment '${name}' is not what was archived: it has another hash than its name in the repository says`,
    hint: "Look at the repository with 'pgbackrest verify', and take a new backup.",
    blames: 'backup',
  };
}
