import type { ChildProcess } from 'node:child_process';
import { mkdir, open, readFile, readdir, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { processStartTime } from '../../../support/process-identity.ts';
import { writeWholeFile } from '../../../support/whole-file.ts';
import { shortMark } from '../mark-file.ts';
import { launchInSandbox, launchProblem } from '../sandbox/launch.ts';
import { findProcesses, signalProcess as signalFound } from '../sandbox/processes.ts';
import type { FolderLayout } from './folder-layout.ts';
import type { RunningServer, WorkerContext } from './worker-context.ts';

/** How often start-up is looked at; a server's own start takes about 30 ms. */
const LOOK_EVERY = 10;
/** Looks between two reports of how far a start is. */
const LOOKS_PER_REPORT = 25;
/** How long an orderly shutdown may take before the server is killed. */
const STOP_PATIENCE = 10_000;

/** How one kind of database server is run. */
export interface ServerProgram {
  readonly command: readonly string[];
  /** Absolute paths that it may read, and that it may write (the folder of its socket among them). */
  readonly readOnly: readonly string[];
  readonly writable: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The name of its process, as `/proc/<pid>/comm` has it. */
  readonly processName: string;
  /** What asks it to end at once and in order. */
  readonly stopSignal: NodeJS.Signals;
  /** Takes away what an earlier one left that would keep this one from starting; none lives then. */
  clear?(): Promise<void>;
  /** Whether it accepts connections. */
  isReady(): Promise<boolean>;
  /** Why it ended before it accepted connections, as its log explains. */
  startFailure(): Promise<Problem>;
  /** Says how far it is, now and then while it is not ready. */
  report?(): Promise<void>;
}

/**
 * Starts a server in the sandbox of its restore and waits until it accepts connections. The folder of its socket is
 * made anew; what a killed worker left behind is ended before.
 *
 * @throws ProblemError as its log explains, when it ends before that
 */
export async function startSandboxedServer(
  { layout, level, signal }: Pick<WorkerContext, 'layout' | 'level' | 'signal'>,
  program: ServerProgram,
): Promise<RunningServer> {
  await stopLeftover(layout);
  await program.clear?.();
  await makeFolders(layout);
  const child = await launch(layout, level, program);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  let hasEnded = false;
  void ended.then(() => (hasEnded = true));
  let pid: number | undefined;
  const server: RunningServer = { ended, stop: () => stop({ child, pid, ended, stopSignal: program.stopSignal }) };
  for (let looks = 1; ; looks += 1) {
    if (hasEnded) throw new ProblemError(await program.startFailure());
    if (signal.aborted) {
      await server.stop();
      signal.throwIfAborted();
    }
    if (pid === undefined) {
      pid = await findServer(child.pid, program.processName);
      if (pid !== undefined) await recordServer(layout, pid);
    }
    if (pid !== undefined && (await program.isReady())) return server;
    if (looks % LOOKS_PER_REPORT === 0) await program.report?.();
    await delay(LOOK_EVERY);
  }
}

async function launch(
  layout: FolderLayout,
  level: WorkerContext['level'],
  { command, readOnly, writable, env }: ServerProgram,
): Promise<ChildProcess> {
  const sandboxed = { level, readOnly, writable, command, scratch: layout.scratch };
  const problem = launchProblem(sandboxed);
  if (problem) throw new ProblemError(problem);
  const log = await open(layout.log, 'a', 0o600);
  try {
    return launchInSandbox({ ...sandboxed, env, stdio: ['ignore', log.fd, log.fd] });
  } finally {
    await log.close();
  }
}

async function makeFolders({ socket, scratch }: FolderLayout): Promise<void> {
  await rm(socket, { recursive: true, force: true });
  await mkdir(socket, { mode: 0o700 });
  await mkdir(scratch, { recursive: true, mode: 0o700 });
}

/**
 * Ends what a killed worker left behind. On Linux its server dies with it, but without a pid namespace the server's
 * children end a little later, and a second server on the same data folder would not notice them.
 */
async function stopLeftover({ folder, server }: FolderLayout): Promise<void> {
  for (;;) {
    const left = await findProcesses(folder, shortMark(folder));
    if (left.length === 0) break;
    for (const one of left) await signalFound(one, 'SIGKILL');
    await delay(LOOK_EVERY);
  }
  await rm(server, { force: true });
}

/** The server's own pid on the host: the launched process, or what it started in namespaces of its own. */
async function findServer(root: number | undefined, processName: string): Promise<number | undefined> {
  if (root === undefined) return undefined;
  if (process.platform !== 'linux') return root;
  for (const queue = [root]; queue.length > 0;) {
    const pid = queue.shift() ?? 0;
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
    if (name.trim() === processName) return pid;
    queue.push(...(await childrenOf(pid)));
  }
  return undefined;
}

async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')),
  );
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
}

async function recordServer(layout: FolderLayout, pid: number): Promise<void> {
  await writeWholeFile(layout.server, JSON.stringify({ pid, startTime: (await processStartTime(pid)) ?? '' }));
}

interface Stoppable {
  readonly child: ChildProcess;
  readonly pid: number | undefined;
  readonly ended: Promise<void>;
  readonly stopSignal: NodeJS.Signals;
}

async function stop({ child, pid, ended, stopSignal }: Stoppable): Promise<void> {
  if (pid !== undefined) signalProcess(pid, stopSignal);
  else child.kill('SIGKILL');
  const patience = new AbortController();
  const late = delay(STOP_PATIENCE, 'late', { signal: patience.signal }).catch(() => 'ended');
  if ((await Promise.race([ended, late])) === 'late') {
    if (pid !== undefined) signalProcess(pid, 'SIGKILL');
    child.kill('SIGKILL');
  }
  patience.abort();
  await ended;
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
