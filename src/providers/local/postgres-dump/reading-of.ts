import { readFileSync } from 'node:fs';

/** Often enough for whoever watches, and next to nothing for the load. */
const LOOK_EVERY_MS = 250;

/**
 * Tells, at each call that comes late enough, how many more bytes a launched program has read than at the call before.
 * Where the system does not tell (it takes Linux and its /proc), nothing is told.
 */
export function readingOf(pid: number | undefined, onRead: ((bytes: number) => void) | undefined): () => void {
  if (pid === undefined || onRead === undefined) return () => {};
  let told = 0;
  let lookedAt = 0;
  return () => {
    const now = performance.now();
    if (now - lookedAt < LOOK_EVERY_MS) return;
    lookedAt = now;
    const read = bytesReadBy(lastDescendant(pid));
    if (read <= told) return;
    onRead(read - told);
    told = read;
  };
}

/** A sandbox is a chain of processes that each wait for the next; the last is the program. */
function lastDescendant(pid: number): number {
  const child = Number.parseInt(contentOf(`/proc/${pid}/task/${pid}/children`), 10);
  return Number.isNaN(child) ? pid : lastDescendant(child);
}

/** `rchar` of proc(5): of all that was read, by whatever call. */
function bytesReadBy(pid: number): number {
  return Number(/^rchar: (\d+)$/m.exec(contentOf(`/proc/${pid}/io`))?.[1] ?? 0);
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // It has ended, or the system has no such file.
    return '';
  }
}
