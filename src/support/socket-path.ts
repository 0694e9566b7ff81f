import { mkdtemp, open, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What `sun_path` holds without its closing NUL on every supported system (Linux 107, macOS 103). */
const LONGEST_SOCKET_PATH = 103;

/** A socket folder under a name short enough to connect through. */
export interface OpenSocketFolder {
  /** For `host` of `pg`, which appends `/.s.PGSQL.<port>`. Good until `close`, in this process only. */
  readonly host: string;
  close(): Promise<void>;
}

/**
 * Makes a folder of PostgreSQL sockets reachable whatever the length of its path.
 *
 * A unix socket's address holds about 100 bytes. Where the path is longer, Linux is asked through an open handle of
 * the folder (`/proc/self/fd/N`, proc(5)), other systems through a short link in the temporary folder.
 */
export async function openSocketFolder(folder: string): Promise<OpenSocketFolder> {
  if (Buffer.byteLength(join(folder, '.s.PGSQL.65535')) <= LONGEST_SOCKET_PATH) {
    return { host: folder, close: () => Promise.resolve() };
  }
  if (process.platform === 'linux') {
    const handle = await open(folder, 'r');
    return { host: `/proc/self/fd/${handle.fd}`, close: () => handle.close() };
  }
  const short = await mkdtemp(join(tmpdir(), 'db-'));
  await symlink(folder, join(short, 's'));
  return { host: join(short, 's'), close: () => rm(short, { recursive: true, force: true }) };
}
