import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { bootId, processStartTime } from '../../../support/process-identity.ts';
import { epochMillisOf } from '../../../support/time.ts';
import { writeWholeFile } from '../../../support/whole-file.ts';
import { discardRestored, layoutOf } from './folder-layout.ts';
import { NOT_ENOUGH_SPACE, notEnoughSpace } from './free-space.ts';
import { restoreOfKind } from './restore-of-kind.ts';
import type { Restored, WorkerRequest } from './worker-context.ts';
import { openStateFile } from './state-file.ts';

/*
 * One restore's worker: `node restore-worker.js <folder of the resource>`.
 *
 * It restores by `request.json`, keeps `state.json` true, and stays alive as the server's parent until it is told to
 * end (SIGTERM) or the sandbox expires. It may be killed at any instant and started again on the same folder.
 */

const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: restore-worker <folder>');
process.exitCode = await work(folder);

async function work(folder: string): Promise<number> {
  const layout = layoutOf(folder);
  const startTime = (await processStartTime(process.pid)) ?? '';
  await writeWholeFile(layout.worker, JSON.stringify({ pid: process.pid, startTime, bootId: await bootId() }));
  const told = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => told.abort());
  const state = openStateFile(layout.state);
  try {
    const asked = JSON.parse(await readFile(layout.request, 'utf8')) as WorkerRequest;
    const restored = await restoreOfKind({
      ...asked,
      layout,
      path: process.env['PATH'],
      env: process.env,
      signal: told.signal,
      progress: (progress) => state.pending(progress),
    });
    await state.settle({ kind: 'ready', endpoint: restored.endpoint, facts: restored.facts });
    const end = await keep(restored, asked.request.drill.sandbox.expiresAt, told.signal);
    if (end !== undefined) await state.settle({ kind: 'failed', problem: end });
    return 0;
  } catch (error) {
    if (told.signal.aborted) return 0;
    const problem = problemOf(error);
    // On a full disk not even the state could be written.
    if (problem.code === NOT_ENOUGH_SPACE) await discardRestored(layout);
    await state.settle({ kind: 'failed', problem });
    return 1;
  }
}

/** Stays until the end of the sandbox, as the parent of the server where there is one. Gives the reason of an end that nobody asked for. */
async function keep({ server }: Restored, expiresAt: string, signal: AbortSignal): Promise<Problem | undefined> {
  const over = new AbortController();
  const ends = [told(signal), expiry(expiresAt, over.signal)] as const;
  const serverEnded = server?.ended.then(() => 'server-ended' as const);
  const end = await Promise.race(serverEnded ? [serverEnded, ...ends] : ends);
  over.abort();
  await server?.stop();
  if (end === 'server-ended') return serverStopped();
  return end === 'expired' ? sandboxExpired(expiresAt) : undefined;
}

async function told(signal: AbortSignal): Promise<'told'> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  return 'told';
}

/** Also what keeps a worker without a server alive. */
async function expiry(expiresAt: string, over: AbortSignal): Promise<'expired'> {
  // Looked at again and again: a timer does not run while a machine sleeps, nor beyond 24 days.
  while (!over.aborted && Date.now() < epochMillisOf(expiresAt)) {
    const pause = Math.min(epochMillisOf(expiresAt) - Date.now() + 1, 60_000);
    await delay(pause, undefined, { signal: over }).catch(() => {});
  }
  return 'expired';
}

function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') return notEnoughSpace('it was full while the backup was copied');
  const isSystem = code !== undefined && /^E[A-Z]+$/.test(code);
  return {
    code: isSystem ? 'restore/not-permitted' : 'restore/worker-failed',
    message: `the restore could not go on: ${isSystem ? message : 'of an error in drillbook itself'}`,
    hint: isSystem ? 'Look at what the message names on this machine.' : `Report this: ${message}`,
    blames: 'environment',
  };
}

function serverStopped(): Problem {
  return {
    code: 'restore/server-stopped',
    message: 'the restored server ended although nobody asked it to',
    hint: 'Look for a lack of memory on this machine, or for a crash of the server.',
    blames: 'environment',
  };
}

function sandboxExpired(expiresAt: string): Problem {
  return {
    code: 'restore/sandbox-expired',
    message: `the sandbox expired at ${expiresAt}, and its server was stopped`,
    hint: "Give the drill more time with 'sandbox.expiresAfter'.",
    blames: 'environment',
  };
}
