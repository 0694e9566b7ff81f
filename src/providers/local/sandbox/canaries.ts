import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type Server, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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

/** What `sun_path` holds without its closing NUL on every supported system (Linux 107, macOS 103). */
const LONGEST_SOCKET_PATH = 103;

/**
 * Opens canaries on 127.0.0.1 and in a fresh folder that only we may enter, and reaches each once, so that a canary that
 * nobody else reaches is known to be alive.
 *
 * @param parent the folder in which the fresh one is made
 */
export async function openCanaries(parent: string = tmpdir()): Promise<Canaries> {
  const folder = await mkdtemp(join(parent, 'drillbook-canary-'));
  const socket = join(folder, 'canary.sock');
  const file = join(folder, 'canary.txt');
  await writeFile(file, 'canary\n', { mode: 0o600 });
  const tcp = await openCanary({ host: '127.0.0.1', port: 0 });
  const unix = await openCanary({ path: socket });
  const address = tcp.server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return {
    tcp: { port, control: tcp.control, hits: tcp.hits },
    unix: { socket, control: unix.control, hits: unix.hits },
    file,
    async close() {
      await Promise.all([tcp, unix].map(async ({ server }) => new Promise((resolve) => server.close(resolve))));
      await rm(folder, { recursive: true, force: true });
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
    // Node 20 would silently listen on the part of the path that fits.
    if ('path' in at && Buffer.byteLength(at.path) > LONGEST_SOCKET_PATH) {
      resolve('it could not listen (ENAMETOOLONG)');
      return;
    }
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
