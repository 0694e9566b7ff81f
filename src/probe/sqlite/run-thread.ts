import { Worker } from 'node:worker_threads';

/** Most of JavaScript's own memory that a thread may have, in MiB; SQLite's is bounded by itself. */
const MOST_HEAP_MIB = 256;

/**
 * Runs a file as a thread and gives what it posts first. Aborting ends the thread in the middle of whatever it does.
 *
 * @throws what the thread throws, and the signal's reason when it is aborted
 */
export async function runThread<T>(file: string, data: unknown, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const thread = new Worker(file, {
    workerData: data,
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MIB },
  });
  const end = (): void => {
    void thread.terminate();
  };
  signal.addEventListener('abort', end);
  try {
    return await new Promise<T>((resolve, reject) => {
      thread.once('message', resolve);
      thread.once('error', reject);
      thread.once('exit', () => {
        reject(signal.aborted ? (signal.reason as Error) : new Error(`'${file}' ended without an answer`));
      });
    });
  } finally {
    signal.removeEventListener('abort', end);
    await thread.terminate();
  }
}
