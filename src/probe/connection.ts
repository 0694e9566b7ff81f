import { createConnection } from 'node:net';
import { basename, dirname, join } from 'node:path';
import type { Problem } from '../diagnostics/problem.ts';
import { reachSocketFolder } from '../support/socket-path.ts';
import type { Millis } from '../support/time.ts';
import type { Observation } from './observation.ts';

/** Where a server listens: a unix socket (absolute path), or a port across a network. */
export type ServerAddress = { readonly socket: string } | { readonly host: string; readonly port: number };

/** A server that is up answers in a millisecond; a network that drops packets never does. */
const PATIENCE: Millis = 10_000;

/** What speaks for a server that is not there, or does not accept: of a socket, that nobody has made or kept it. */
const REFUSALS = new Set(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'ENOENT', 'EAGAIN']);

/**
 * Whether a server accepts a connection; nothing is sent. That it could not even be tried (no address, no route, no right
 * to the socket) is `unobservable`.
 */
export async function observeConnection(address: ServerAddress, signal: AbortSignal): Promise<Observation> {
  try {
    const end = await connect(address, signal);
    if (end === 'accepted') return { kind: 'tcp', accepted: true };
    if (REFUSALS.has(end)) return { kind: 'tcp', accepted: false, refusal: end };
    return { kind: 'unobservable', problem: notTried(end) };
  } catch (error) {
    if (signal.aborted) return { kind: 'unobservable', problem: gaveUp() };
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    // The folder of the socket is gone, or closed to us.
    if (code === 'ENOENT') return { kind: 'tcp', accepted: false, refusal: code };
    return { kind: 'unobservable', problem: notTried(code) };
  }
}

async function connect(address: ServerAddress, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  if (!('socket' in address)) return answerOf(address, signal);
  const name = basename(address.socket);
  const folder = await reachSocketFolder(dirname(address.socket), name);
  try {
    return await answerOf({ path: join(folder.path, name) }, signal);
  } finally {
    await folder.close();
  }
}

/** `accepted`, or the code of the error. */
function answerOf(
  to: { readonly path: string } | { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(to);
    const giveUp = (): void => {
      end();
      reject(new Error('given up'));
    };
    const end = (): void => {
      signal.removeEventListener('abort', giveUp);
      socket.destroy();
    };
    const answer = (code: string): void => {
      end();
      resolve(code);
    };
    signal.addEventListener('abort', giveUp);
    socket.setTimeout(PATIENCE, () => answer('ETIMEDOUT'));
    socket.once('connect', () => answer('accepted'));
    socket.once('error', (error: NodeJS.ErrnoException) => answer(error.code ?? 'unknown error'));
  });
}

function notTried(code: string): Problem {
  return {
    code: 'check/connection-not-tried',
    message: `unable to try a connection to the restored server: ${code}`,
    hint: "Leave the sandbox's folder as it is; on AWS, look whether the probe's network resolves and routes to the instance.",
    blames: 'environment',
  };
}

function gaveUp(): Problem {
  return {
    code: 'check/gave-up',
    message: 'gave up connecting to the restored server: the time for it was over, or the drill was interrupted',
    hint: 'Give checks more time in the limits of the runbook, or check less.',
    blames: 'environment',
  };
}
