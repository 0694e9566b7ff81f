import { execFile } from 'node:child_process';
import { access, constants, realpath } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { ArchiveHeader } from './archive-header.ts';
import type { DumpContext } from './dump-context.ts';

const run = promisify(execFile);

/** A pg_restore that reads the archive. */
export interface PgRestore {
  readonly program: string;
  readonly major: number;
  /** What a sandbox with a root of its own must show for it to run, beside /usr. */
  readonly readOnlyPaths: readonly string[];
}

const NEWEST_MAJOR = 24;
const OLDEST_MAJOR = 10;
/** The first major whose pg_restore reads archives of these versions (K_VERS_… in pg_backup_archiver.h). */
const READS_FROM: Readonly<Record<string, number>> = { '1.14': 12, '1.15': 16, '1.16': 17 };

/**
 * Finds a pg_restore that is new enough for an archive: the one beside the chosen server, else the one nearest to its
 * major, since each writes what its own major understands.
 *
 * @throws ProblemError `restore/pg-restore-missing`, `restore/pg-restore-too-old`
 */
export async function findPgRestore(
  { server, postgresDirs, path }: Pick<DumpContext, 'server' | 'postgresDirs' | 'path'>,
  { formatVersion }: ArchiveHeader,
): Promise<PgRestore> {
  const wanted = Number.parseInt(server.version, 10);
  const needed = READS_FROM[formatVersion] ?? OLDEST_MAJOR;
  const onPath = (path ?? '').split(delimiter).filter((dir) => dir !== '');
  const found: PgRestore[] = [];
  for (const dir of new Set([server.binDir, ...(postgresDirs ?? wellKnownDirs()), ...onPath])) {
    const one = await pgRestoreIn(dir);
    if (one) found.push(one);
  }
  const able = found.filter(({ major }) => major >= needed);
  const [best] = able.sort((a, b) => Math.abs(a.major - wanted) - Math.abs(b.major - wanted));
  if (best) return best;
  const newest = Math.max(...found.map(({ major }) => major));
  throw new ProblemError({
    code: found.length === 0 ? 'restore/pg-restore-missing' : 'restore/pg-restore-too-old',
    message:
      found.length === 0
        ? "'pg_restore' is not on this machine, and archives of pg_dump are read by nothing else"
        : `the archive is of version ${formatVersion}, and the newest 'pg_restore' on this machine, of PostgreSQL ${newest}, does not read it`,
    hint: `Install the client programs of PostgreSQL ${Math.max(needed, wanted)} or newer (e.g. 'postgresql-client-${Math.max(needed, wanted)}'), or put their folder on PATH.`,
    blames: 'environment',
  });
}

function wellKnownDirs(): string[] {
  const majors = Array.from({ length: NEWEST_MAJOR - OLDEST_MAJOR + 1 }, (_, index) => NEWEST_MAJOR - index);
  return majors.flatMap((major) => [
    `/usr/lib/postgresql/${major}/bin`,
    `/usr/pgsql-${major}/bin`,
    `/opt/homebrew/opt/postgresql@${major}/bin`,
    `/usr/local/opt/postgresql@${major}/bin`,
  ]);
}

async function pgRestoreIn(dir: string): Promise<PgRestore | undefined> {
  try {
    const program = join(dir, 'pg_restore');
    await access(program, constants.X_OK);
    const { stdout } = await run(program, ['--version'], {
      timeout: 10_000,
      env: { LC_ALL: 'C', PATH: process.env['PATH'] },
    });
    const major = Number.parseInt(/\(PostgreSQL\) (\d+)/.exec(stdout)?.[1] ?? '', 10);
    if (Number.isNaN(major)) return undefined;
    return { program, major, readOnlyPaths: [dirname(dirname(await realpath(program)))] };
  } catch {
    // A program that does not run is as good as none.
    return undefined;
  }
}
