import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Problem } from '../../../diagnostics/problem.ts';
import type { LocalLevel } from '../../../runbook/runbook.ts';
import { layoutOf } from '../worker/folder-layout.ts';
import { type SandboxLaunch, launchInSandbox, launchProblem } from './launch.ts';
import { NO_LOOPBACK, NO_NETWORK_OF_ITS_OWN, WITH_LOOPBACK, lacksLoopback } from './loopback.ts';

/** A program to be run beside a restored resource. */
export interface ProgramRun {
  /** An absolute path of the restored resource, below its folder. */
  readonly restored: string;
  readonly command: readonly string[];
  readonly readOnly: readonly string[];
  readonly input: string;
  readonly network: 'none' | 'loopback';
}

/** See `ProgramRun`: what came out of it. */
export interface ProgramOutput {
  readonly stdout: string;
  readonly discarded: number;
  readonly stderr: string;
  readonly report: string;
}

const MOST_STDOUT = 1_048_576;
const MOST_STDERR = 65_536;
const MOST_REPORT = 16 * 1_048_576;
/** Without a pid namespace, something that left the process group may hold the pipes open. */
const TO_CLOSE = 1_000;

/**
 * Runs a program in a sandbox of its own, at the level at which the resource was restored, and waits for its end. It sees
 * the system's programs, the paths that it is given, and an empty folder to write to (`TMPDIR`, `HOME`), which is removed
 * afterwards. All of it is gone when this resolves, also when `signal` aborts; at L0 what leaves the process group is not.
 */
export async function runProgram(run: ProgramRun, signal: AbortSignal): Promise<ProgramOutput | Problem> {
  const place = await placeOf(run.restored);
  if (place === undefined) return noPlace(run.restored);
  if (run.network === 'loopback' && place.level === 'L0') return NO_NETWORK_OF_ITS_OWN;
  const missing = await firstMissing(run.readOnly);
  if (missing !== undefined) return notThere(missing);
  const folder = await mkdtemp(join(place.folder, 'program-'));
  try {
    const [work, scratch] = [join(folder, 'work'), join(folder, 'scratch')];
    for (const made of [work, scratch]) await mkdir(made, { mode: 0o700 });
    const launch: SandboxLaunch = {
      level: place.level,
      readOnly: run.readOnly,
      writable: [work],
      scratch,
      command: [...(run.network === 'loopback' ? WITH_LOOPBACK : []), ...run.command],
      env: { LC_ALL: 'C.UTF-8', TZ: 'UTC', HOME: work, TMPDIR: work },
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    };
    const problem = launchProblem(launch);
    if (problem) return problem;
    const output = await outputOf(launchInSandbox(launch), run.input, signal);
    return lacksLoopback(output.stderr) && output.report === '' ? NO_LOOPBACK : output;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The outermost folder around a path that a restore's worker works in: what was restored may hold such names too. */
async function placeOf(restored: string): Promise<{ readonly folder: string; readonly level: LocalLevel } | undefined> {
  const around: string[] = [];
  for (let folder = dirname(restored); folder !== dirname(folder); folder = dirname(folder)) around.unshift(folder);
  for (const folder of around) {
    const { request, worker } = layoutOf(folder);
    if ((await firstMissing([request, worker])) !== undefined) continue;
    const { level } = JSON.parse(await readFile(request, 'utf8')) as { level: LocalLevel };
    return { folder, level };
  }
  return undefined;
}

async function firstMissing(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (!isThere) return path;
  }
  return undefined;
}

async function outputOf(child: ChildProcess, input: string, signal: AbortSignal): Promise<ProgramOutput> {
  const { stdin, stdout, stderr } = child;
  const report = child.stdio[3];
  if (!stdin || !stdout || !stderr || !(report instanceof Readable)) throw new Error('a launch without pipes');
  // It may have ended before it read anything.
  stdin.on('error', () => {});
  stdin.end(input);
  const [out, told] = [keepBeginning(stdout, MOST_STDOUT), keepBeginning(report, MOST_REPORT)];
  const complaint = keepEnd(stderr, MOST_STDERR);
  const kill = (): void => killGroup(child);
  signal.addEventListener('abort', kill);
  if (signal.aborted) kill();
  const closed = once(child, 'close').catch(() => []);
  try {
    await Promise.race([once(child, 'exit').catch(() => []), closed]);
    kill();
    const patience = new AbortController();
    await Promise.race([closed, delay(TO_CLOSE, undefined, { signal: patience.signal }).catch(() => {})]);
    patience.abort();
  } finally {
    signal.removeEventListener('abort', kill);
    for (const stream of [stdin, stdout, stderr, report]) stream.destroy();
  }
  return { stdout: out().text, discarded: out().discarded, stderr: complaint(), report: told().text };
}

/** Ends what was launched and all of its process group; with a pid namespace, all that it ever started. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function keepBeginning(stream: Readable, most: number): () => { readonly text: string; readonly discarded: number } {
  const parts: Buffer[] = [];
  let [kept, discarded] = [0, 0];
  stream.on('data', (part: Buffer) => {
    const taken = part.subarray(0, most - kept);
    parts.push(taken);
    kept += taken.length;
    discarded += part.length - taken.length;
  });
  return () => ({ text: Buffer.concat(parts).toString('utf8'), discarded });
}

function keepEnd(stream: Readable, most: number): () => string {
  let end = Buffer.alloc(0);
  stream.on('data', (part: Buffer) => {
    end = Buffer.concat([end, part]).subarray(-most);
  });
  return () => end.toString('utf8');
}

function noPlace(restored: string): Problem {
  return {
    code: 'check/no-sandbox',
    message: `unable to run a program beside '${restored}': no folder around it is that of a restore`,
    hint: "Leave the sandbox's folder as it is until the drill has ended.",
    blames: 'environment',
  };
}

function notThere(path: string): Problem {
  return {
    code: 'check/path-missing',
    message: `unable to let a program read '${path}': it is not there, or closed to drillbook`,
    hint: "Look at 'reads' of the check, and leave the sandbox's folder as it is until the drill has ended.",
    blames: 'environment',
  };
}
