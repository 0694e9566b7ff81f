import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { LocalLevel } from '../../../runbook/runbook.ts';
import { sandboxCommand, searchPath } from './launch.ts';

const run = promisify(execFile);

/** The best isolation that can be had, and why no better one. */
export interface AvailableLevel {
  readonly level: LocalLevel;
  readonly because: string;
}

/** Where tools are looked for; the folders of system tools are added. */
export interface ToolSearch {
  readonly path: string | undefined;
}

/** Longest that one trial may take; it takes some 50 ms, and 500 were seen on a busy machine. */
const TRIAL_LIMIT = 3_000;

/** All are of util-linux, but for the shell. `nsenter` proves isolation from a server's own side. */
const TOOLS = {
  L1: ['setpriv', 'sh', 'unshare', 'nsenter'],
  L2: ['setpriv', 'sh', 'unshare', 'nsenter', 'mount', 'umount', 'pivot_root'],
} as const;

/**
 * Finds the best level by running a command at it, since no setting of a system says for sure what it allows. L1 and L2
 * need Linux and user namespaces.
 */
export async function availableLevel(search: ToolSearch): Promise<AvailableLevel> {
  const obstacleToL2 = await obstacleTo('L2', search);
  if (obstacleToL2 === undefined) return { level: 'L2', because: 'a command ran in a root of its own' };
  const noL2 = `L2 cannot be had: ${obstacleToL2}`;
  const obstacleToL1 = await obstacleTo('L1', search);
  if (obstacleToL1 === undefined) return { level: 'L1', because: noL2 };
  return { level: 'L0', because: obstacleToL1 === obstacleToL2 ? `L1 and ${noL2}` : `${noL2}; L1: ${obstacleToL1}` };
}

async function obstacleTo(level: 'L1' | 'L2', search: ToolSearch): Promise<string | undefined> {
  if (process.platform !== 'linux') return `it needs Linux, and this is '${process.platform}'`;
  for (const tool of TOOLS[level]) {
    if (!(await isOnPath(tool, searchPath(search.path)))) return `'${tool}' is not installed`;
  }
  return trialAt(level, ['true'], search);
}

/** Why a command that does nothing does not end well at a level; `undefined` when it does. */
export async function trialAt(
  level: 'L1' | 'L2',
  command: readonly string[],
  search: ToolSearch,
): Promise<string | undefined> {
  const path = searchPath(search.path);
  try {
    // Any folder will do that exists and holds no tool: what is built over it is seen by the trial alone.
    const [file = '', ...args] = sandboxCommand({ level, readOnly: [], writable: [], command, scratch: '/sys' });
    await run(file, args, { cwd: '/', env: { PATH: path, LC_ALL: 'C' }, timeout: TRIAL_LIMIT, killSignal: 'SIGKILL' });
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

async function isOnPath(tool: string, path: string): Promise<boolean> {
  for (const folder of path.split(delimiter)) {
    const isThere = await access(join(folder, tool), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return true;
  }
  return false;
}

/** What the tool that failed said last, in one line. */
function reasonOf(error: unknown): string {
  const { stderr, killed } = error as { stderr?: string; killed?: boolean };
  if (killed === true) return `a trial took longer than ${TRIAL_LIMIT} ms`;
  const said = stderr?.trim().split('\n').at(-1);
  return said === undefined || said === '' ? 'a trial failed without a word' : `a trial failed with '${said}'`;
}
