import { mkdtemp, open, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What `sun_path` holds without its closing NUL on every supported system (Linux 107, macOS 103). */
const LONGEST_SOCKET_PATH = 103;

/** A folder under a name that is short enough to connect to the sockets in it. */
export interface ReachedFolder {
  /** Good until `close`, in this process only. */
  readonly path: string;
  close(): Promise<void>;
}

/**
 * Makes a unix socket reachable whatever the length of its folder's path.
 *
 * A socket's address holds about 100 bytes. Where the path is longer, Linux is asked through an open handle of the
 * folder (`/proc/self/fd/N`, proc(5)), other systems through a short link in the temporary folder.
 *
 * @param socket the socket's name in the folder; `pg` makes it of its port, `.s.PGSQL.<port>`
 */
export async function reachSocketFolder(folder: string, socket: string): Promise<ReachedFolder> {
  if (Buffer.byteLength(join(folder, socket)) <= LONGEST_SOCKET_PATH) {
    return { path: folder, close: () => Promise.resolve() };
  }
  if (process.platform === 'linux') {
    const handle = await open(folder, 'r');
    return { path: `/proc/self/fd/${handle.fd}`, close: () => handle.close() };
  }
  const short = await mkdtemp(join(tmpdir(), 'drillbook-'));
  await symlink(folder, join(short, 's'));
  return { path: join(short, 's'), close: () => rm(short, { recursive: true, force: true }) };
}
