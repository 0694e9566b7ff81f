import { closeSync, openSync, readSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

/** Goes through a core's own cache, so that what is done with it next need not fetch it from memory again. */
const PART = 256 * 1024;

/**
 * The bytes of a file, read into the same memory again and again: each part is good until the next is asked for. Reading
 * blocks, which takes half the time of waiting for it; between two parts, signals and timers have their turn.
 *
 * @param onBytes told of each part when it is done with
 * @throws what the system says, or the signal's reason
 */
export async function* readInParts(
  file: string,
  { signal, onBytes }: { signal: AbortSignal; onBytes: (bytes: number) => void },
): AsyncGenerator<Buffer> {
  const memory = Buffer.allocUnsafeSlow(PART);
  const descriptor = openSync(file, 'r');
  try {
    for (;;) {
      signal.throwIfAborted();
      const length = readSync(descriptor, memory, 0, PART, null);
      if (length === 0) return;
      yield memory.subarray(0, length);
      onBytes(length);
      await setImmediate();
    }
  } finally {
    closeSync(descriptor);
  }
}
