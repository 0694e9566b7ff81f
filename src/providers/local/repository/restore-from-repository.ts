import type { Problem } from '../../../diagnostics/problem.ts';
import type { LocalRestore } from '../../../runbook/restore-spec.ts';
import { once, spansOf } from '../worker/phases.ts';
import type { Restored, WorkerContext } from '../worker/worker-context.ts';
import { removeTree } from '../remove-tree.ts';
import { type DescribedBackup, type FetchedPlace, describeFetched } from './describe-fetched.ts';
import { fetchBackup } from './fetch-pgbackrest-backup.ts';
import { fetchWal } from './fetch-pgbackrest-wal.ts';
import { fetchSnapshot } from './fetch-snapshot.ts';
import { type OpenRepository, openRepository } from './open-repository.ts';
import { emptyStaging, stagingOf } from './staging.ts';

const FETCH = 'fetch from repository';
const FETCH_WAL = 'fetch WAL';
const DESCRIBE = 'describe what was fetched';

/** What the first phase gives to whatever comes after it. JSON-serialisable. */
interface Fetched {
  readonly place: FetchedPlace;
  /** e.g. `restic 0.14.0`. */
  readonly by: string;
  readonly warnings: readonly Problem[];
}

/**
 * Fetches the backup out of its tool's repository into the resource's folder, and restores it from there by the way of
 * its kind. Repeatable at any point: an unfinished fetch is done again from its beginning; a finished one is kept until
 * the kind has read all of it, so that no more than this takes twice the space.
 *
 * @param restore by the way of the kind
 * @throws ProblemError for whatever the tool, the repository or the restore did not allow
 */
export async function restoreFromRepository(
  context: WorkerContext,
  restore: (context: WorkerContext) => Promise<Restored>,
): Promise<Restored> {
  const { layout, request, signal, env } = context;
  const isPgBackRest = request.spec.repository?.tool === 'pgbackrest';
  // Opened late and once: a worker that has fetched all needs no secret any more.
  let opening: Promise<OpenRepository> | undefined;
  const open = async (): Promise<OpenRepository> => (opening ??= openRepository(request.spec, env, signal));
  const fetched = await once(layout, { name: FETCH, work: async () => fetch(context, await open()) });
  if (isPgBackRest) await once(layout, { name: FETCH_WAL, work: async () => fetchWal(context, await open()) });
  const spec = specOfFetched(request.spec, fetched.place, isPgBackRest ? stagingOf(layout).wal : undefined);
  const described = await once(layout, {
    name: DESCRIBE,
    work: async (): Promise<DescribedBackup> =>
      describeFetched(spec, { drawn: request.point, place: fetched.place, signal }),
  });
  const restored = await restore({
    ...context,
    request: { ...request, spec, point: described.point },
    releaseBackup: async () => removeTree(stagingOf(layout).folder),
  });
  const { facts } = restored;
  return {
    ...restored,
    facts: {
      ...facts,
      spans: [...(await spansOf(layout, [FETCH, FETCH_WAL])), ...facts.spans],
      // It is copied once more, which a restore by the tool alone would not do.
      settings: [...facts.settings, `a copy fetched by ${fetched.by}`],
      warnings: [...fetched.warnings, ...described.warnings, ...facts.warnings],
    },
  };
}

async function fetch(context: WorkerContext, repository: OpenRepository): Promise<Fetched> {
  const { spec } = context.request;
  const staging = stagingOf(context.layout);
  await emptyStaging(staging);
  const by = `${spec.repository?.tool ?? ''} ${repository.tool.version}`;
  if (spec.repository?.tool === 'restic') {
    return { by, place: await fetchSnapshot(context, spec.repository, repository), warnings: [] };
  }
  return { by, ...(await fetchBackup(context, repository)) };
}

function specOfFetched(given: LocalRestore, { source }: FetchedPlace, wal: string | undefined): LocalRestore {
  const { repository: _repository, ...spec } = given;
  return spec.kind === 'postgres' && wal !== undefined ? { ...spec, source, wal } : { ...spec, source };
}
