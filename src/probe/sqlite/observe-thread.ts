import { parentPort, workerData } from 'node:worker_threads';
import { type SqliteRequest, observeSqlite } from './observe.ts';
import { boundMemory, takeNoLocks } from './take-no-locks.ts';

/* One look at one database, in a thread that is ended when nobody waits for its answer any more. */

const { file, request } = workerData as { readonly file: string; readonly request: SqliteRequest };
takeNoLocks();
boundMemory();
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- it is for windows: a thread's port has no origin
parentPort?.postMessage(observeSqlite(file, request));
