import { writeFile } from 'node:fs/promises';
import { type Server, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { reachSocketFolder } from '../../../support/socket-path.ts';

/** Something that listens outside the sandbox and counts who gets to it. */
export interface Canary {
  /** How often it was reached. */
  readonly hits: () => number;
  /** `reached` when it is alive: opened, and reached once by the runner itself. Otherwise why not. */
  readonly control: string;
}

export interface Canaries {
  readonly tcp: Canary & { readonly port: number };
  readonly unix: Canary & { readonly socket: string };
  /** A file beside the unix socket. */
  readonly file: string;
  close(): Promise<void>;
}

const CONTROL_LIMIT = 1_000;

const SOCKET = 'canary.sock';

/**
 * Opens canaries on 127.0.0.1 and in a folder, and reaches each once, so that a canary that nobody else reaches is
 * known to be alive.
 *
 * @param folder exists, is ours alone, and is not to be seen from the sandbox; whoever removes it removes all of them
 */
export async function openCanaries(folder: string): Promise<Canaries> {
  const file = join(folder, 'canary.txt');
  await writeFile(file, 'canary\n', { mode: 0o600 });
  const reached = await reachSocketFolder(folder, SOCKET);
  const tcp = await openCanary({ host: '127.0.0.1', port: 0 });
  const unix = await openCanary({ path: join(reached.path, SOCKET) });
  const address = tcp.server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return {
    tcp: { port, control: tcp.control, hits: tcp.hits },
    unix: { socket: join(folder, SOCKET), control: unix.control, hits: unix.hits },
    file,
    async close() {
      await Promise.all([tcp, unix].map(async ({ server }) => new Promise((resolve) => server.close(resolve))));
      await reached.close();
    },
  };
}

async function openCanary(at: { path: string } | { host: string; port: number }): Promise<Canary & { server: Server }> {
  let hits = 0;
  const server = createServer((socket) => {
    hits += 1;
    socket.on('error', () => {});
    socket.end();
  });
  const control = await new Promise<string>((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(`it could not listen (${error.code ?? 'unknown'})`));
    server.listen(at, () => resolve(reachOnce(server)));
  });
  return { server, control, hits: () => hits };
}

async function reachOnce(server: Server): Promise<string> {
  const address = server.address();
  if (address === null) return 'it did not listen';
  const isHit = new Promise<string>((resolve) => server.once('connection', () => resolve('reached')));
  const target = typeof address === 'string' ? { path: address } : { host: '127.0.0.1', port: address.port };
  const socket = connect(target);
  const isRefused = new Promise<string>((resolve) => {
    socket.setTimeout(CONTROL_LIMIT, () => resolve('it did not answer its control'));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      resolve(`it refused its control (${error.code ?? 'unknown'})`),
    );
  });
  const outcome = await Promise.race([isHit, isRefused]);
  socket.destroy();
  return outcome;
}
