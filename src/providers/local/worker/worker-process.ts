import { spawn } from 'node:child_process';
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bootId, processStartTime } from '../../../support/process-identity.ts';
import type { ResourceState } from '../../provider.ts';
import { findProcesses, names } from '../sandbox/processes.ts';

/** Files in which a worker tells how it stands; those of a dead one say nothing about the next. */
const TOLD = { worker: 'worker.json', server: 'server.json', state: 'state.json' } as const;

/**
 * Starts the worker of a resource's folder, on its own: a runner that is killed leaves it at work, and the next runner
 * finds it by its folder. Resolves when it runs.
 */
export async function startWorker(folder: string, workerFile: string): Promise<void> {
  for (const file of Object.values(TOLD)) await rm(join(folder, file), { force: true });
  const log = await open(join(folder, 'worker.log'), 'a', 0o600);
  try {
    const worker = spawn(process.execPath, [workerFile, folder], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    await new Promise((resolve, reject) => {
      worker.once('spawn', resolve);
      worker.once('error', reject);
    });
    worker.unref();
  } finally {
    await log.close();
  }
}

/** Whether the folder's worker lives: by what it wrote of itself, or, before it has, by its command line. */
async function isWorkerAlive(folder: string, workerFile: string): Promise<boolean> {
  const told = await readTold<{ pid: number; startTime: string; bootId: string }>(folder, 'worker');
  if (told && told.bootId === (await bootId()) && (await processStartTime(told.pid)) === told.startTime) return true;
  return (await findProcesses(folder)).some(({ command }) => names(command, workerFile));
}

/** How the restore in a folder stands. `lost`: its worker, which is also the parent of its server, is dead. */
export async function workerState(folder: string, workerFile: string): Promise<ResourceState> {
  // In this order: a worker that ends between the two has written its last word before.
  const isAlive = await isWorkerAlive(folder, workerFile);
  const state = await readTold<ResourceState>(folder, 'state');
  if (state?.kind === 'failed') return state;
  if (!isAlive) return { kind: 'lost', because: 'its worker process is gone' };
  return state ?? { kind: 'pending', detail: 'starting' };
}

/** The pid, on the host, of the folder's server; `undefined` while it does not run. */
export async function serverPid(folder: string): Promise<number | undefined> {
  const told = await readTold<{ pid: number; startTime: string }>(folder, 'server');
  return told && (await processStartTime(told.pid)) === told.startTime ? told.pid : undefined;
}

async function readTold<T>(folder: string, file: keyof typeof TOLD): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, TOLD[file]), 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
