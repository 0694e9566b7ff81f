import { execFile } from 'node:child_process';
import { access, constants, realpath } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Problem } from '../../../diagnostics/problem.ts';
import { searchPath } from '../sandbox/launch.ts';
import { type Engine, type Flavour, engineName, engineOf, seriesOf } from './engine.ts';

const run = promisify(execFile);

/** A server on this machine, with the programs that belong to it. */
export interface ServerPrograms extends Engine {
  /** Absolute path of `mariadbd` or `mysqld`. */
  readonly server: string;
  /** What makes an empty data folder; MySQL's server does so itself. */
  readonly installDb?: string;
  /** What makes a physical backup fit to be started. */
  readonly prepare?: string;
  /** What a sandbox with a root of its own must show for them to run, beside /usr. */
  readonly readOnlyPaths: readonly string[];
}

/** `any-version`: a dump is text. `same-series`: data files are read by their own series alone. */
type Need = Engine & { readonly fit: 'any-version' | 'same-series' };

const OTHER_FOLDERS = ['/usr/libexec', '/usr/local/mysql/bin', '/opt/homebrew/bin'];
const NAMES = {
  mariadb: {
    server: ['mariadbd', 'mysqld'],
    installDb: ['mariadb-install-db', 'mysql_install_db'],
    prepare: ['mariadb-backup', 'mariabackup'],
  },
  mysql: { server: ['mysqld'], installDb: [], prepare: ['xtrabackup'] },
} as const;

/**
 * Finds a server for a backup on `PATH` and in the folders of packages. For a dump the backup's own flavour is taken
 * first, and the other one where there is none.
 */
export async function findMysqlServer(
  need: Need,
  path: string | undefined,
): Promise<{ readonly found: ServerPrograms } | { readonly problem: Problem }> {
  const folders = [...searchPath(path).split(delimiter), ...OTHER_FOLDERS].filter((folder) => folder !== '');
  const other: Flavour = need.flavour === 'mariadb' ? 'mysql' : 'mariadb';
  for (const flavour of need.fit === 'any-version' ? [need.flavour, other] : [need.flavour]) {
    for (const server of await executables(folders, NAMES[flavour].server)) {
      const engine = await versionOf(server);
      if (engine?.flavour !== flavour) continue;
      if (need.fit === 'same-series' && seriesOf(engine) !== seriesOf(need)) continue;
      const programs = await programsOf(server, engine, folders);
      if (flavour === 'mysql' || programs.installDb !== undefined) return { found: programs };
    }
  }
  return { problem: missing(need) };
}

async function programsOf(server: string, engine: Engine, folders: readonly string[]): Promise<ServerPrograms> {
  const [installDb] = await executables(folders, NAMES[engine.flavour].installDb);
  const [prepare] = await executables(folders, NAMES[engine.flavour].prepare);
  const needed = [server, installDb, prepare].filter((file) => file !== undefined);
  return {
    ...engine,
    server,
    ...(installDb !== undefined && { installDb }),
    ...(prepare !== undefined && { prepare }),
    readOnlyPaths: [...new Set(needed.map((file) => dirname(dirname(file))).filter((folder) => folder !== '/usr'))],
  };
}

async function executables(folders: readonly string[], names: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const file of names.flatMap((name) => folders.map((folder) => join(folder, name)))) {
    try {
      await access(file, constants.X_OK);
      found.add(await realpath(file));
    } catch {
      // Not here.
    }
  }
  return [...found];
}

/** e.g. `mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64`. */
async function versionOf(server: string): Promise<Engine | undefined> {
  try {
    const { stdout } = await run(server, ['--no-defaults', '--version'], { timeout: 10_000 });
    return engineOf(/\bVer (\S+)/.exec(stdout)?.[1] ?? '');
  } catch {
    return undefined;
  }
}

function missing(need: Need): Problem {
  const isMariaDb = need.flavour === 'mariadb';
  const wanted =
    need.fit === 'same-series' ? `${isMariaDb ? 'MariaDB' : 'MySQL'} ${seriesOf(need)}` : 'MariaDB or MySQL';
  const packages = isMariaDb ? "Debian: 'mariadb-server'" : "'mysqld', which Debian does not package";
  return {
    code: 'restore/mysql-server-missing',
    message: `no ${wanted} server on this machine, and the backup is of ${engineName(need)}`,
    hint: `Install it (${packages}), and let its folder be on PATH.`,
    blames: 'environment',
  };
}
