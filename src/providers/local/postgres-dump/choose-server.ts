import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { PostgresDumpRestore } from '../../../runbook/restore-spec.ts';
import { type FoundServer, findServer } from '../postgres/server-binaries.ts';
import type { WorkerContext } from '../worker/worker-context.ts';

/** The majors that are looked for: a script of an older server loads into the oldest of these. */
const OLDEST_MAJOR = 10;
const NEWEST_MAJOR = 24;

/**
 * Finds the server that a dump is loaded into: of the major that the runbook names, else of the dump's own major, else
 * of the next newer one there is, since scripts are only made to be understood by newer servers. Where the dump does not
 * say what it comes from, the newest.
 *
 * @param version the server's that was dumped, e.g. `15.18`
 * @throws ProblemError `restore/no-postgres-major`
 */
export async function chooseServer(
  { request, postgresDirs, path }: Pick<WorkerContext<PostgresDumpRestore>, 'request' | 'postgresDirs' | 'path'>,
  version: string,
): Promise<FoundServer & { readonly kind: 'found' }> {
  const { major } = request.spec;
  let first: FoundServer | undefined;
  for (const candidate of major === undefined ? candidatesFor(version) : [major]) {
    const found = await findServer({
      major: candidate,
      ...(postgresDirs && { dirs: postgresDirs }),
      ...(path !== undefined && { path }),
    });
    if (found.kind === 'found') return found;
    first ??= found;
  }
  if (first?.kind !== 'missing') throw new Error('there is always a major to look for');
  throw new ProblemError({
    ...first.problem,
    message:
      major === undefined
        ? `no PostgreSQL server on this machine that is as new as the dump's (${version})`
        : first.problem.message,
    hint: 'Install that major of PostgreSQL or a newer one, or name the folder of its server in DRILLBOOK_POSTGRES_DIRS.',
  });
}

function candidatesFor(version: string): number[] {
  const own = Number.parseInt(version, 10);
  const oldest = Number.isNaN(own) ? OLDEST_MAJOR : Math.max(own, OLDEST_MAJOR);
  const majors = Array.from({ length: Math.max(1, NEWEST_MAJOR - oldest + 1) }, (_, index) => oldest + index);
  return Number.isNaN(own) ? majors.reverse() : majors;
}
