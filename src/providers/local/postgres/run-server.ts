import type { ChildProcess } from 'node:child_process';
import { mkdir, open, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { processStartTime } from '../../../support/process-identity.ts';
import { writeWholeFile } from '../../../support/whole-file.ts';
import { shortMark } from '../mark-file.ts';
import { launchInSandbox, launchProblem } from '../sandbox/launch.ts';
import { findProcesses, signalProcess as signalFound } from '../sandbox/processes.ts';
import type { FolderLayout } from '../worker/folder-layout.ts';
import type { RestoreContext } from './restore-context.ts';
import type { RunningServer } from '../worker/worker-context.ts';
import { classifyStartFailure, lastReportedPosition, readLog } from './server-log.ts';

/** How often start-up is looked at; the server's own start takes about 30 ms. */
const LOOK_EVERY = 10;
/** Looks between two reports of how far replay is. */
const LOOKS_PER_REPORT = 25;
/** How long a fast shutdown may take before the server is killed. */
const STOP_PATIENCE = 10_000;

/**
 * Starts the restored server in its sandbox and waits until it has recovered, promoted and accepts connections.
 *
 * @throws ProblemError as its log explains, when it ends before that
 */
export async function startServer(context: RestoreContext): Promise<RunningServer> {
  const { layout, signal } = context;
  await stopLeftover(layout);
  await makeFolders(layout);
  const child = await launch(context);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  let hasEnded = false;
  void ended.then(() => (hasEnded = true));
  let postmaster: number | undefined;
  const server: RunningServer = { ended, stop: () => stop(child, postmaster, ended) };
  for (let looks = 1; ; looks += 1) {
    if (hasEnded) throw new ProblemError(classifyStartFailure(await readLog(layout.log)));
    if (signal.aborted) {
      await server.stop();
      signal.throwIfAborted();
    }
    if (postmaster === undefined) {
      postmaster = await findPostmaster(child.pid);
      if (postmaster !== undefined) await recordServer(layout, postmaster);
    }
    if (postmaster !== undefined && (await isReady(layout))) return server;
    if (looks % LOOKS_PER_REPORT === 0) await reportReplay(context);
    await delay(LOOK_EVERY);
  }
}

async function launch({ layout, level, server }: RestoreContext): Promise<ChildProcess> {
  const postgres = join(server.binDir, 'postgres');
  const sandboxed = {
    level,
    readOnly: [...server.readOnlyPaths, layout.settings],
    writable: [layout.data, layout.tablespaces, layout.socket],
    command: [postgres, '-D', layout.data, '-c', `config_file=${join(layout.settings, 'postgresql.conf')}`],
    scratch: layout.scratch,
  };
  const problem = launchProblem(sandboxed);
  if (problem) throw new ProblemError(problem);
  const log = await open(layout.log, 'a', 0o600);
  try {
    return launchInSandbox({ ...sandboxed, env: { LC_ALL: 'C', TZ: 'UTC' }, stdio: ['ignore', log.fd, log.fd] });
  } finally {
    await log.close();
  }
}

async function makeFolders({ data, socket, scratch }: FolderLayout): Promise<void> {
  await rm(join(data, 'postmaster.pid'), { force: true });
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
    const left = [...(await findProcesses(folder)), ...(await findProcesses(shortMark(folder)))];
    if (left.length === 0) break;
    for (const one of left) await signalFound(one, 'SIGKILL');
    await delay(LOOK_EVERY);
  }
  await rm(server, { force: true });
}

/** The server's own pid on the host: the launched process, or what it started in namespaces of its own. */
async function findPostmaster(root: number | undefined): Promise<number | undefined> {
  if (root === undefined) return undefined;
  if (process.platform !== 'linux') return root;
  for (const queue = [root]; queue.length > 0;) {
    const pid = queue.shift() ?? 0;
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
    if (name.trim() === 'postgres') return pid;
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

/** The last line of `postmaster.pid` says so (miscinit.h, LOCK_FILE_LINE_PM_STATUS). */
async function isReady({ data }: FolderLayout): Promise<boolean> {
  const lines = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  return lines.split('\n')[7]?.trim() === 'ready';
}

async function reportReplay({ layout, progress }: RestoreContext): Promise<void> {
  const position = lastReportedPosition(await readLog(layout.log));
  progress({ detail: position === undefined ? 'replaying WAL' : `replaying WAL, at ${position}` });
}

async function stop(child: ChildProcess, postmaster: number | undefined, ended: Promise<void>): Promise<void> {
  if (postmaster !== undefined) signalProcess(postmaster, 'SIGINT');
  else child.kill('SIGKILL');
  const patience = new AbortController();
  const late = delay(STOP_PATIENCE, 'late', { signal: patience.signal }).catch(() => 'ended');
  if ((await Promise.race([ended, late])) === 'late') {
    if (postmaster !== undefined) signalProcess(postmaster, 'SIGKILL');
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
