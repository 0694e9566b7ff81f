import { connect } from 'node:net';
import type { Observation } from '../observation.ts';

/**
 * Whether a server accepts a connection on its socket: it does when it greets. One that only listens has a queue of
 * connections, and may serve none of them.
 */
export function observeConnection(socketPath: string, signal: AbortSignal): Promise<Observation> {
  return new Promise((resolve) => {
    const socket = connect({ path: socketPath });
    const end = (observation: Observation): void => {
      signal.removeEventListener('abort', gaveUp);
      socket.destroy();
      resolve(observation);
    };
    const gaveUp = (): void => end({ kind: 'tcp', accepted: false, refusal: 'no answer in time' });
    signal.addEventListener('abort', gaveUp);
    socket.once('data', () => end({ kind: 'tcp', accepted: true }));
    socket.once('end', () => end({ kind: 'tcp', accepted: false, refusal: 'closed without a word' }));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      end({ kind: 'tcp', accepted: false, refusal: error.code ?? 'unknown error' }),
    );
    if (signal.aborted) gaveUp();
  });
}
