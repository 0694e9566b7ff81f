// A PostgreSQL of the system for the benches: the source that backups are taken of, and the server that bare tools load.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const MAJORS = [18, 17, 16, 15, 14, 13];
/** Folder of the newest PostgreSQL that the system has, with its client tools. */
export const bin = MAJORS.map((major) => `/usr/lib/postgresql/${major}/bin`).find((one) =>
  existsSync(`${one}/pg_dump`),
);
/** PostgreSQL refuses to run as root: so it does as somebody else who seems to be there, and owns what root owns. */
const AS_SOMEBODY = process.getuid() === 0 ? ['unshare', '--user', '--map-user=65534', '--map-group=65534', '--'] : [];

/** What drillbook's own restored servers run with, so that only the way of restoring differs. */
export const SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  autovacuum: 'off',
  jit: 'off',
  shared_buffers: '128MB',
};

/** Runs a client tool against a server's socket folder. */
export function tool(name, args, { socket, ...options } = {}) {
  const env = { ...process.env, ...(socket && { PGHOST: socket, PGUSER: 'postgres', PGDATABASE: 'postgres' }) };
  const [file, ...rest] = [...(options.asSomebody ? AS_SOMEBODY : []), join(bin, name), ...args];
  return execFileSync(file, rest, {
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
}

/** A new, empty cluster in a folder. */
export function initialise(folder, options = []) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  tool(
    'initdb',
    ['-D', join(folder, 'data'), '-A', 'trust', '-U', 'postgres', '--no-sync', '-E', 'UTF8', '--locale=C', ...options],
    {
      asSomebody: true,
    },
  );
}

/** Starts the server of a cluster; resolves when it accepts connections. */
export async function start(folder, settings = SETTINGS) {
  const socket = join(folder, 'socket');
  mkdirSync(socket, { recursive: true, mode: 0o700 });
  const options = Object.entries({ ...settings, listen_addresses: '', unix_socket_directories: socket });
  const [file, ...rest] = [
    ...AS_SOMEBODY,
    join(bin, 'postgres'),
    '-D',
    join(folder, 'data'),
    ...options.flatMap(([key, value]) => ['-c', `${key}=${value}`]),
  ];
  const child = spawn(file, rest, { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const isReady = () => {
    try {
      return readFileSync(join(folder, 'data/postmaster.pid'), 'utf8').split('\n')[7]?.trim() === 'ready';
    } catch {
      return false;
    }
  };
  while (!isReady()) {
    if (child.exitCode !== null) throw new Error(`the server in ${folder} did not start`);
    await delay(5);
  }
  return {
    socket,
    async stop() {
      child.kill('SIGINT');
      await ended;
    },
  };
}
