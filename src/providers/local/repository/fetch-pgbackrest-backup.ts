import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { spaceProblem } from '../worker/free-space.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import type { FetchedPlace } from './describe-fetched.ts';
import type { OpenRepository } from './open-repository.ts';
import {
  type PgBackRestBackup,
  type Stanza,
  pgBackRestOf,
  pgBackRestProblem,
  readStanza,
  runPgBackRest,
} from './pgbackrest.ts';
import { pointGone } from './repository-problems.ts';
import { stagingOf } from './staging.ts';

/** More gains nothing on one disk, and leaves nothing to others. */
const MOST_PROCESSES = 4;

/**
 * Fetches a backup, whole whatever it was taken against, into the staging folder, which is empty. Nothing of it goes
 * anywhere else: tablespaces have absolute places, perhaps those of a living server, and are mapped into it.
 *
 * @throws ProblemError `restore/repository-damaged`, `restore/not-enough-space`, …
 */
export async function fetchBackup(
  context: WorkerContext,
  repository: OpenRepository,
): Promise<{ readonly place: FetchedPlace; readonly warnings: readonly Problem[] }> {
  const { request, layout, progress } = context;
  const wanted = pgBackRestOf(request.spec);
  const { backup } = await findBackup(context, repository);
  const full = await spaceProblem(layout.folder, backup.info.size);
  if (full) throw new ProblemError(full);
  progress({ detail: 'fetching from the repository', bytesTotal: backup.info.size });
  const staging = stagingOf(layout);
  for (const folder of [staging.tmp, staging.tablespaces]) await mkdir(folder, { mode: 0o700 });
  const end = await runPgBackRest(repository, wanted, [
    'restore',
    `--set=${backup.label}`,
    `--pg1-path=${staging.backup}`,
    `--tablespace-map-all=${staging.tablespaces}`,
    `--lock-path=${staging.tmp}`,
    `--process-max=${Math.min(MOST_PROCESSES, availableParallelism())}`,
    // Recovery is ours: nothing that the server would run is written.
    '--type=none',
  ]);
  if (end.code !== 0) {
    const isStillListed = async (): Promise<boolean> => isListed(repository, context);
    const what = `backup '${backup.label}'`;
    throw new ProblemError(await pgBackRestProblem(repository, { end, what }, isStillListed));
  }
  const warnings = backup.error === true ? [badPages(backup.label)] : [];
  return { place: { path: staging.backup, source: staging.folder }, warnings };
}

/**
 * The drawn backup, as the repository describes it now.
 *
 * @throws ProblemError `restore/source-unreadable` when it has expired meanwhile
 */
export async function findBackup(
  { request }: WorkerContext,
  repository: OpenRepository,
): Promise<{ readonly backup: PgBackRestBackup; readonly stanza: Stanza }> {
  const stanza = await readStanza(repository, pgBackRestOf(request.spec));
  const backup = stanza.backup.find(({ label }) => label === request.point.id);
  if (!backup) throw new ProblemError(pointGone(`backup '${request.point.id}'`, repository.source));
  return { backup, stanza };
}

/** Whether the drawn backup is still one of the repository's. */
export async function isListed(repository: OpenRepository, { request }: WorkerContext): Promise<boolean> {
  const { backup } = await readStanza(repository, pgBackRestOf(request.spec));
  return backup.some(({ label }) => label === request.point.id);
}

function badPages(label: string): Problem {
  return {
    code: 'restore/bad-pages-in-backup',
    message: `pgBackRest met pages whose checksum was wrong when it took backup '${label}'`,
    hint: 'Look for damage in the living cluster: the backup holds what was there.',
    blames: 'backup',
  };
}
