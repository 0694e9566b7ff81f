import { mkdir, open, readFile, stat } from 'node:fs/promises';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { launchInSandbox, launchProblem } from '../sandbox/launch.ts';
import type { WorkerContext } from '../worker/worker-context.ts';

/** A program that does its work in a sandbox and ends. */
export interface SandboxedTool {
  readonly command: readonly string[];
  readonly readOnly: readonly string[];
  readonly writable: readonly string[];
}

/**
 * Runs a tool in the restore's sandbox until it ends. What it writes goes to the restore's log.
 *
 * @returns its exit code (`null`: it was killed), and what it wrote
 * @throws ProblemError when it cannot be launched
 */
export async function runSandboxed(
  { layout, level, signal }: Pick<WorkerContext, 'layout' | 'level' | 'signal'>,
  { command, readOnly, writable }: SandboxedTool,
): Promise<{ readonly code: number | null; readonly output: string }> {
  signal.throwIfAborted();
  await mkdir(layout.scratch, { recursive: true, mode: 0o700 });
  const sandboxed = { level, command, readOnly, writable, scratch: layout.scratch };
  const problem = launchProblem(sandboxed);
  if (problem) throw new ProblemError(problem);
  const log = await open(layout.log, 'a', 0o600);
  const before = (await stat(layout.log)).size;
  try {
    const child = launchInSandbox({ ...sandboxed, env: { LC_ALL: 'C', TZ: 'UTC' }, stdio: ['ignore', log.fd, log.fd] });
    const kill = (): void => void child.kill('SIGKILL');
    signal.addEventListener('abort', kill);
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('exit', resolve);
      child.once('error', reject);
    }).finally(() => signal.removeEventListener('abort', kill));
    signal.throwIfAborted();
    return { code, output: (await readFile(layout.log)).subarray(before).toString('latin1') };
  } finally {
    await log.close();
  }
}
