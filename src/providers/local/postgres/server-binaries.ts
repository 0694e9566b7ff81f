import { execFile } from 'node:child_process';
import { access, constants, realpath } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Problem } from '../../../diagnostics/problem.ts';
import { embeddedPostgres, prepareEmbedded } from './embedded-postgres.ts';

const run = promisify(execFile);

/** A PostgreSQL server of the wanted major, or why there is none. */
export type FoundServer =
  | {
      readonly kind: 'found';
      /** Folder that holds `postgres`. */
      readonly binDir: string;
      /** e.g. `15.18`. */
      readonly version: string;
      readonly origin: 'system' | 'embedded';
      /** What a sandbox with a root of its own must show for the server to run, beside /usr. */
      readonly readOnlyPaths: readonly string[];
    }
  | { readonly kind: 'missing'; readonly problem: Problem };

/**
 * Finds a server of exactly this major: a system one, else the embedded one. Never another major, since a data folder
 * is only readable by its own.
 *
 * @param dirs folders to look in instead of the well-known ones of packages (`DRILLBOOK_POSTGRES_DIRS`)
 * @param path folders to look in first, separated as in `PATH`
 * @param cacheFolder where the embedded server is copied to when its own folder is incomplete and cannot be written
 */
export async function findServer(wanted: {
  readonly major: number;
  readonly dirs?: readonly string[];
  readonly path?: string;
  readonly cacheFolder?: string;
}): Promise<FoundServer> {
  const onPath = (wanted.path ?? '').split(delimiter).filter((dir) => dir !== '');
  for (const dir of [...onPath, ...(wanted.dirs ?? wellKnownDirs(wanted.major))]) {
    const version = await versionIn(dir);
    if (version === undefined || majorOf(version) !== wanted.major) continue;
    const binDir = dirname(await realpath(join(dir, 'postgres')));
    return { kind: 'found', binDir, version, origin: 'system', readOnlyPaths: [dirname(binDir)] };
  }
  return findEmbedded(wanted.major, wanted.cacheFolder);
}

/** The folders of `DRILLBOOK_POSTGRES_DIRS`; `undefined` when it is not set, none when it is empty. */
export function postgresDirsOf(environment: NodeJS.ProcessEnv): string[] | undefined {
  return environment['DRILLBOOK_POSTGRES_DIRS']?.split(delimiter).filter((dir) => dir !== '');
}

function wellKnownDirs(major: number): string[] {
  return [
    `/usr/lib/postgresql/${major}/bin`,
    `/usr/pgsql-${major}/bin`,
    `/opt/homebrew/opt/postgresql@${major}/bin`,
    `/usr/local/opt/postgresql@${major}/bin`,
  ];
}

async function findEmbedded(major: number, cacheFolder?: string): Promise<FoundServer> {
  const embedded = await embeddedPostgres();
  if (embedded === undefined) return missing(major, 'and the embedded one is not installed');
  if (majorOf(embedded.version) !== major)
    return missing(major, `and the embedded one is ${majorOf(embedded.version)}`);
  try {
    const binDir = await prepareEmbedded(embedded, cacheFolder);
    const version = await versionIn(binDir);
    if (version === undefined) return missing(major, 'and the embedded one does not run on this machine');
    return { kind: 'found', binDir, version, origin: 'embedded', readOnlyPaths: [dirname(binDir)] };
  } catch (error) {
    return missing(
      major,
      `and the embedded one could not be prepared (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
    );
  }
}

async function versionIn(dir: string): Promise<string | undefined> {
  const binary = join(dir, 'postgres');
  try {
    await access(binary, constants.X_OK);
    const { stdout } = await run(binary, ['--version'], { timeout: 10_000 });
    return /\(PostgreSQL\) (\d[\w.]*)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}

function majorOf(version: string): number {
  return Number.parseInt(version, 10);
}

function missing(major: number, because: string): FoundServer {
  return {
    kind: 'missing',
    problem: {
      code: 'restore/no-postgres-major',
      message: `no PostgreSQL ${major} server on this machine, ${because}`,
      hint: `Install PostgreSQL ${major}, or name the folder of its 'postgres' in DRILLBOOK_POSTGRES_DIRS; a backup can only be read by its own major.`,
      blames: 'environment',
    },
  };
}
