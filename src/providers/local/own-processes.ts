import { execFile } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import type { Clock } from '../../support/clock.ts';
import { processStartTime } from '../../support/process-identity.ts';
import { type Millis, addMillis } from '../../support/time.ts';
import { shortMark } from './mark-file.ts';

const run = promisify(execFile);

/** A process that works in a drill's folder; pid and start time together name one process. */
export interface OwnProcess {
  readonly pid: number;
  readonly startTime: string;
  readonly isWorker: boolean;
}

/** What a drill starts: nothing else is ever ended, whatever its command line says. */
const OWN_PROGRAMS: readonly string[] = ['node', 'postgres', 'setpriv', 'unshare', 'sh', 'nsenter'];

/** How long a process may take to end by itself before it is killed. */
const END_GRACE: Millis = 5_000;

/**
 * All living processes that a drill has started for a folder or for what lies in it: workers and servers name it in
 * their arguments, a server's backends carry its short mark in their titles. The caller itself is never among them.
 */
export async function findOwnProcesses(folder: string): Promise<readonly OwnProcess[]> {
  const mark = shortMark(folder);
  const found = await Promise.all(
    (await commandLines()).map(async ({ pid, args }) => {
      const isOwn = pid !== process.pid && (isForFolder(args, folder) || args.join(' ').startsWith(`postgres: ${mark}`));
      const startTime = isOwn ? await processStartTime(pid) : undefined;
      const isWorker = args.some((arg) => basename(arg) === 'restore-worker.js');
      return startTime === undefined ? [] : [{ pid, startTime, isWorker }];
    }),
  );
  return found.flat();
}

/** Ends the processes of a folder, workers first since they end their servers well; resolves when none is left. */
export async function endOwnProcesses(folder: string, clock: Clock): Promise<void> {
  const deadline = addMillis(clock.now(), END_GRACE);
  let asked = new Set<number>();
  for (;;) {
    const found = await findOwnProcesses(folder);
    if (found.length === 0) return;
    const isLate = clock.now() >= deadline;
    const workers = found.filter(({ isWorker }) => isWorker);
    const next = isLate || workers.length === 0 ? found : workers;
    for (const one of next) {
      if (isLate) await kill(one, 'SIGKILL');
      else if (!asked.has(one.pid)) await kill(one, one.isWorker ? 'SIGTERM' : 'SIGINT');
    }
    asked = new Set(next.map(({ pid }) => pid));
    await clock.sleep(20);
  }
}

async function kill({ pid, startTime }: OwnProcess, signal: NodeJS.Signals): Promise<void> {
  if ((await processStartTime(pid)) !== startTime) return;
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

function isForFolder(args: readonly string[], folder: string): boolean {
  const program = basename(args[0] ?? '');
  return OWN_PROGRAMS.includes(program) && args.some((arg) => arg === folder || arg.startsWith(`${folder}/`));
}

async function commandLines(): Promise<readonly { pid: number; args: readonly string[] }[]> {
  if (process.platform !== 'linux') return commandLinesOfPs();
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const read = async (pid: number) => {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return { pid, args: line.split('\0').slice(0, -1) };
  };
  return Promise.all(pids.map(read));
}

/** `ps` gives arguments joined by blanks: a folder with a blank in its path is not found there. */
async function commandLinesOfPs(): Promise<readonly { pid: number; args: readonly string[] }[]> {
  const { stdout } = await run('ps', ['-axww', '-o', 'pid=,args='], { maxBuffer: 64 * 1024 * 1024 });
  return stdout.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(.*)$/.exec(line);
    return match ? [{ pid: Number(match[1]), args: (match[2] ?? '').split(' ') }] : [];
  });
}
