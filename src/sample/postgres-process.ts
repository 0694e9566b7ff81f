import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Uid and gid of `nobody`. */
export const NOBODY = 65_534;

/** PostgreSQL did not do what was asked of it; the message has its last words. */
export class ServerFailure extends Error {
  override readonly name = 'ServerFailure';
}

/**
 * In whose name PostgreSQL runs, since it refuses to be root. `namespace`: nobody to itself, to the host the caller, so
 * that its files are the caller's. `nobody`: its folders must be given to nobody. `self`: the caller.
 */
export interface Guise {
  readonly kind: 'namespace' | 'nobody' | 'self';
  /** Command and arguments in front of the program. */
  readonly prefix: readonly string[];
}

/** A server that runs. */
export interface PostgresProcess {
  /** Waits for nobody, writes a checkpoint, archives what is left to archive, ends. */
  stop(): Promise<void>;
  /** Ends it at once. */
  kill(): Promise<void>;
}

/** The best guise of this machine. None needs a user to be made, and on Linux all die with this process. */
export function chooseGuise(): Guise {
  const pdeathsig = ['setpriv', '--pdeathsig', 'KILL', '--'];
  const tied = works(pdeathsig) ? pdeathsig : [];
  const asNobody = ['unshare', '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`];
  // In namespaces of its own the busy sessions of a killed server die with it, and so does its shared memory.
  const namespace = [...tied, ...asNobody, '--pid', '--ipc', '--fork', '--kill-child', '--'];
  if (works(namespace)) return { kind: 'namespace', prefix: namespace };
  return { kind: process.getuid?.() === 0 ? 'nobody' : 'self', prefix: tied };
}

/** Makes a cluster in an empty folder. */
export async function initializeCluster(
  guise: Guise,
  { binDir, dataFolder, args }: { binDir: string; dataFolder: string; args: readonly string[] },
): Promise<void> {
  const child = launch(guise, join(binDir, 'initdb'), ['-D', dataFolder, ...args]);
  const said = lastLines(child);
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new ServerFailure(`initdb ended with ${code}: ${said().join(' ')}`);
}

/** Starts a server on a cluster; resolves when it accepts logins. `settings` outrank the cluster's own. */
export async function startPostgres(
  guise: Guise,
  { binDir, dataFolder, settings }: { binDir: string; dataFolder: string; settings: Readonly<Record<string, string>> },
): Promise<PostgresProcess> {
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = launch(guise, join(binDir, 'postgres'), ['-D', dataFolder, ...args]);
  const ended = new Promise<void>((resolve) => {
    server.once('close', () => resolve());
  });
  await acceptingLogins(server);
  return {
    async stop() {
      process.kill(await serverPid(guise, server), 'SIGINT');
      await ended;
    },
    async kill() {
      server.kill('SIGKILL');
      await ended;
    },
  };
}

function works(prefix: readonly string[]): boolean {
  const [command, ...rest] = [...prefix, 'true'];
  return spawnSync(command, rest, { stdio: 'ignore' }).status === 0;
}

function launch(guise: Guise, program: string, args: readonly string[]): ChildProcess {
  const [command = program, ...rest] = [...guise.prefix, program, ...args];
  return spawn(command, rest, {
    stdio: ['ignore', 'ignore', 'pipe'],
    // A group of its own: Ctrl-C reaches drillbook alone, which then ends the server.
    detached: true,
    env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
    ...(guise.kind === 'nobody' ? { uid: NOBODY, gid: NOBODY } : {}),
  });
}

async function acceptingLogins(server: ChildProcess): Promise<void> {
  const said = lastLines(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.once('close', () => reject(new ServerFailure(`the server ended while it started: ${said().join(' ')}`)));
    if (server.stderr === null) throw new Error('the server was spawned without a pipe');
    createInterface(server.stderr).on('line', (line) => {
      if (line.includes('database system is ready to accept connections')) resolve();
    });
  });
}

/** Reads what a process says on stderr, so that it is never held up; gives the last three lines. */
function lastLines(child: ChildProcess): () => readonly string[] {
  const lines: string[] = [];
  if (child.stderr) {
    createInterface(child.stderr).on('line', (line) => {
      lines.push(line);
      if (lines.length > 3) lines.shift();
    });
  }
  return () => lines;
}

/** In a pid namespace the process that we spawned is `unshare`, which passes no signal on; its only child is the server. */
async function serverPid(guise: Guise, server: ChildProcess): Promise<number> {
  const pid = server.pid ?? 0;
  if (guise.kind !== 'namespace') return pid;
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(async () => {
    // Kernels without CONFIG_PROC_CHILDREN.
    return (await run('ps', ['--ppid', String(pid), '-o', 'pid='])).stdout;
  });
  return Number(children.trim().split(/\s+/)[0]);
}
