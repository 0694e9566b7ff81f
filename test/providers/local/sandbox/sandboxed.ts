import type { ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SandboxLaunch, launchInSandbox, launchProblem } from '../../../../src/providers/local/sandbox/launch.ts';
import { findProcesses } from '../../../../src/providers/local/sandbox/processes.ts';
import { availableLevel } from '../../../../src/providers/local/sandbox/levels.ts';
import { isAtLeast } from '../../../../src/drill/isolation.ts';

/** What this machine can do: tests of what it cannot are skipped. */
const { level: best } = await availableLevel({ path: process.env['PATH'] });
export const cannot = { L1: !isAtLeast(best, 'L1'), L2: !isAtLeast(best, 'L2') };

/** Folders for one sandbox, in a fresh one that others may pass. */
export interface Place {
  readonly folder: string;
  readonly readOnly: string;
  readonly writable: string;
  readonly scratch: string;
  remove(): Promise<void>;
}

export async function newPlace(): Promise<Place> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "drillbook it's % a\ttest-")));
  const place = {
    readOnly: join(folder, 'read only'),
    writable: join(folder, 'writable'),
    scratch: join(folder, 'scratch'),
  };
  for (const one of Object.values(place)) await mkdir(one);
  return {
    ...place,
    folder,
    async remove() {
      for (const { pid } of await findProcesses(folder)) process.kill(pid, 'SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Launches a command that says something and ends. */
export async function outcomeOf(launch: Omit<SandboxLaunch, 'env' | 'stdio'>): Promise<Outcome> {
  const problem = launchProblem(launch);
  if (problem) throw new Error(problem.message);
  return ended(launchInSandbox({ ...launch, env: {}, stdio: ['ignore', 'pipe', 'pipe'] }));
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function ended(child: ChildProcess): Promise<Outcome> {
  const said = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...said }));
  });
}

/** Waits until something is so; fails when it is not so after ten seconds. */
export async function eventually<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const until = Date.now() + 10_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > until) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
