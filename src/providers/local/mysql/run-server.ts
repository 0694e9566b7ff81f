import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '../../../diagnostics/problem.ts';
import type { FolderLayout } from '../worker/folder-layout.ts';
import { startSandboxedServer } from '../worker/sandboxed-server.ts';
import type { RunningServer, WorkerContext } from '../worker/worker-context.ts';
import { SOCKET, connectBytewise, ensureCredentials, writeInitFile } from './credentials.ts';
import { classifyStartFailure } from './server-log.ts';
import type { ServerPrograms } from './server-binaries.ts';

/** What makes the figures of a restore special: nothing is forced to the disk, since a sandbox outlives no power cut. */
export const SPECIAL_SETTINGS = [
  'innodb_flush_log_at_trx_commit=2',
  'innodb_flush_method=nosync',
  'innodb_doublewrite=OFF',
];

const CLOSED = [
  '--skip-networking',
  '--skip-log-bin',
  '--skip-name-resolve',
  '--skip-symbolic-links',
  '--local-infile=OFF',
  '--event-scheduler=OFF',
  '--character-set-server=utf8mb4',
  '--max-allowed-packet=1G',
];

type ServerContext = Pick<WorkerContext, 'layout' | 'level' | 'signal'>;

/** Where a server keeps what is neither data nor settings. */
export function temporaryFolder({ folder }: FolderLayout): string {
  return join(folder, 'tmp');
}

/**
 * Starts the restored server in its sandbox and waits until it accepts our login.
 *
 * @param layOut options that the restored files ask for, e.g. `--innodb-page-size=4096`
 * @throws ProblemError as its log explains, when it ends before that
 */
export async function startServer(
  context: ServerContext,
  programs: ServerPrograms,
  layOut: readonly string[] = [],
): Promise<RunningServer> {
  const { layout } = context;
  await makeFolders(layout);
  const initFile = await writeInitFile(layout, await ensureCredentials(layout), programs.flavour);
  const startedAt = await readLog(layout.log);
  return startSandboxedServer(context, {
    command: [programs.server, ...settingsOf(layout, programs), `--init-file=${initFile}`, ...layOut],
    readOnly: programs.readOnlyPaths,
    // The settings are only read, but as root at L0 the server's own user must be given them.
    writable: [layout.data, layout.settings, layout.socket, temporaryFolder(layout)],
    env: { LC_ALL: 'C', TZ: 'UTC' },
    processName: programs.flavour === 'mariadb' ? 'mariadbd' : 'mysqld',
    stopSignal: 'SIGTERM',
    isReady: () => isReady(layout),
    startFailure: async () => startFailure(layout, startedAt.length),
  });
}

/**
 * A restored copy believes that it is production: nothing of it may reach out, run by itself or be loaded.
 *
 * The event scheduler is off and not disabled, since a disabled one gives no answer to questions about events, nor lets a
 * dump make them (error 1577). Without symbolic links `DATA DIRECTORY` of a table is ignored.
 */
function settingsOf(layout: FolderLayout, { flavour }: ServerPrograms): string[] {
  const temporary = temporaryFolder(layout);
  const common = [
    '--no-defaults',
    `--datadir=${layout.data}`,
    // From the data folder on: a socket's address holds about 100 bytes.
    `--socket=../socket/${SOCKET}`,
    `--pid-file=${join(temporary, 'server.pid')}`,
    `--tmpdir=${temporary}`,
    `--plugin-dir=${join(temporary, 'no-plugins')}`,
    `--secure-file-priv=${join(temporary, 'no-files')}`,
    ...CLOSED,
    ...SPECIAL_SETTINGS.map((setting) => `--${setting.replaceAll('_', '-')}`),
  ];
  // MySQL has a protocol of its own beside the old one, and no longer knows the word 'slave'.
  return flavour === 'mariadb'
    ? [...common, '--skip-slave-start']
    : [...common, '--skip-replica-start', '--mysqlx=OFF'];
}

async function makeFolders(layout: FolderLayout): Promise<void> {
  const temporary = temporaryFolder(layout);
  await rm(temporary, { recursive: true, force: true });
  for (const folder of ['', 'no-plugins', 'no-files']) {
    await mkdir(join(temporary, folder), { recursive: true, mode: 0o700 });
  }
}

async function isReady(layout: FolderLayout): Promise<boolean> {
  try {
    const connection = await connectBytewise(layout);
    connection.destroy();
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return false;
    // It ends while it is asked: its log says why.
    if (code === 'PROTOCOL_CONNECTION_LOST' || code === 'ECONNRESET' || code === 'EPIPE') return false;
    throw error;
  }
}

async function startFailure(layout: FolderLayout, before: number): Promise<Problem> {
  return classifyStartFailure((await readLog(layout.log)).slice(before));
}

async function readLog(log: string): Promise<string> {
  return readFile(log, 'latin1').catch(() => '');
}
