import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { sep } from 'node:path';
import type { LocalLevel } from '../../../runbook/runbook.ts';
import { rootDropProblem } from './drop-root.ts';
import { ROOT_SCRIPT } from './root-script.ts';

/** What runs in a sandbox, and what it sees there. Host paths are the same inside. */
export interface SandboxedCommand {
  readonly level: LocalLevel;
  /** Absolute paths of files and folders that it may read. /usr, and this Node, are there anyway. */
  readonly readOnly: readonly string[];
  /** Absolute paths of folders that it may write. */
  readonly writable: readonly string[];
  readonly command: readonly string[];
  /** An existing folder; at L2 the sandbox's root is built over it, unseen by everyone else. */
  readonly scratch: string;
}

export interface SandboxLaunch extends SandboxedCommand {
  /** The whole environment; without `PATH` a usual one is put in. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdio: StdioOptions;
}

/** The uid and gid, inside, of whatever runs in a sandbox; outside, files stay the caller's (except as root at L0). */
export const SANDBOX_UID = 65534;

/** Folders of system tools: on the PATH of root, but not of everyone. */
const SYSTEM_FOLDERS = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const MAP_TO_SANDBOX_UID = [`--map-user=${SANDBOX_UID}`, `--map-group=${SANDBOX_UID}`];

/** Goes on only as a child of process $1: of a parent that ended before the death signal was set, none would ever come. */
const ONLY_BELOW_PARENT = '[ "$PPID" = "$1" ] || exit 1; shift; exec "$@"';

/** Ends the sandbox in the instant in which the thread that launched it ends, however it ends (prctl(2), PR_SET_PDEATHSIG). */
const DEATH_SIGNAL = ['setpriv', '--pdeathsig', 'KILL', '--'];
const DIE_WITH_US = [...DEATH_SIGNAL, 'sh', '-c', ONLY_BELOW_PARENT, 'drillbook-launch', String(process.pid)];

/**
 * The arguments that run a command at a level of isolation, as a child of this process and never longer than it lives;
 * off Linux the command itself.
 *
 * At L1 and L2 the command is process 1 of its own pid namespace and the only child of the launched process: when
 * that one is killed, nothing of the sandbox is left.
 */
export function sandboxCommand(sandboxed: SandboxedCommand): readonly string[] {
  const { level, command, scratch } = sandboxed;
  if (level === 'L0') return process.platform === 'linux' ? [...DIE_WITH_US, ...command] : command;
  if (level === 'L1') {
    const namespaces = ['--user', ...MAP_TO_SANDBOX_UID, '--net', '--pid', '--fork', '--kill-child'];
    return [...DIE_WITH_US, 'unshare', ...namespaces, '--', ...command];
  }
  const namespaces = ['--user', '--map-root-user', '--mount', '--net', '--pid', '--ipc', '--uts'];
  const lifetime = ['--fork', '--kill-child', '--propagation', 'private'];
  const binds = bindsOf(sandboxed);
  const script = ['sh', '-c', ROOT_SCRIPT, 'drillbook-sandbox', scratch, String(binds.length), ...binds.flat()];
  return [...DIE_WITH_US, 'unshare', ...namespaces, ...lifetime, '--', ...script, ...command];
}

/**
 * Runs a command in a sandbox. It has no controlling terminal, and dies with the caller's main thread on Linux.
 *
 * @throws when `launchProblem` would have given a reason: ask it first.
 */
export function launchInSandbox(launch: SandboxLaunch): ChildProcess {
  const problem = launchProblem(launch);
  if (problem) throw new Error(problem.message);
  const [file, ...args] = sandboxCommand(launch);
  if (file === undefined) throw new Error('there is no command to launch');
  return spawn(file, args, {
    cwd: '/',
    detached: true,
    env: { ...launch.env, PATH: searchPath(launch.env['PATH']) },
    stdio: launch.stdio,
    ...(dropsRoot(launch.level) && { uid: SANDBOX_UID, gid: SANDBOX_UID }),
  });
}

/**
 * Why a command could not run in a sandbox as an ordinary user; `undefined` when it can. Only as root at L0 there can be
 * a reason, and there it also hands the writable paths, with all they hold, to the sandbox's uid.
 */
export function launchProblem(sandboxed: SandboxedCommand): ReturnType<typeof rootDropProblem> {
  return dropsRoot(sandboxed.level) ? rootDropProblem(sandboxed, SANDBOX_UID) : undefined;
}

/** Where tools are looked for: a given PATH, then the folders of system tools. */
export function searchPath(path: string | undefined): string {
  return path ? `${path}:${SYSTEM_FOLDERS}` : SYSTEM_FOLDERS;
}

/** Whether whatever is launched runs as another user than the caller. */
export function dropsRoot(level: LocalLevel): boolean {
  return level === 'L0' && process.getuid?.() === 0;
}

type Bind = readonly ['ro' | 'rw', from: string, to: string];

/** Parents come before what lies in them, so that a writable folder in a read-only one stays writable. */
function bindsOf({ readOnly, writable }: SandboxedCommand): readonly Bind[] {
  const binds = [
    ...[...readOnly, process.execPath].filter((path) => !isWithin(path, '/usr')).map((path) => bind('ro', path)),
    ...writable.map((path) => bind('rw', path)),
  ];
  return binds.sort(([, , a], [, , b]) => a.split(sep).length - b.split(sep).length);
}

function bind(mode: 'ro' | 'rw', path: string): Bind {
  return [mode, realpathSync(path), path];
}

/** Whether a path is a folder or lies in it, by name. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
