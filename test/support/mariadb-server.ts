import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { type Connection, createConnection } from 'mysql2/promise';
import { type TestAuthority, testAuthority } from './aws/databases/authority.ts';
import { freePort } from './aws/databases/free-port.ts';
import { untilWeDie } from './postgres-server.ts';

const run = promisify(execFile);

/** A real MariaDB on a loopback port, in a folder of its own, with TLS. */
export interface MariaDb {
  readonly port: number;
  readonly authority: TestAuthority;
  readonly dataFolder: string;
  /** Runs statements one after the other, as root. */
  sql(...statements: readonly string[]): Promise<void>;
  /** The rows of one statement, as root. */
  rows(statement: string): Promise<Record<string, unknown>[]>;
  /** Shuts down cleanly, so that all pages are in their files. */
  stop(): Promise<void>;
  /** @param options more of the server's options, e.g. `--innodb-force-recovery=1` */
  start(options?: readonly string[]): Promise<void>;
  /** A stopped copy of this server, which must be stopped, with a port of its own and a certificate of `authority`. */
  copy(authority: TestAuthority): Promise<MariaDb>;
  /** Ends the server and removes its folder. */
  dispose(): Promise<void>;
}

/** Path of a MariaDB server; `undefined`, after one loud line, where there is none. */
export async function findMariaDb(): Promise<string | undefined> {
  const server = await onPath('mariadbd');
  if (server !== undefined && (await onPath('mariadb-install-db')) !== undefined) return server;
  process.stderr.write('SKIPPED: tests of MySQL and MariaDB need MariaDB on PATH (Debian: mariadb-server)\n');
  return undefined;
}

async function onPath(program: string): Promise<string | undefined> {
  for (const folder of [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin']) {
    const path = join(folder, program);
    const isThere = await access(path, constants.X_OK).then(
      () => folder !== '',
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}

/** Keeps the files small, since they are copied. */
const SMALL = ['--innodb-log-file-size=4M', '--innodb-buffer-pool-size=16M', '--innodb-flush-log-at-trx-commit=0'];
const AS_USER = process.getuid?.() === 0 ? ['--user=root'] : [];

/** A new, running server that lets only `root` in, without a password and from this machine. */
export async function startMariaDb(program: string, own?: TestAuthority): Promise<MariaDb> {
  const folder = await newFolder();
  await run('mariadb-install-db', [
    '--no-defaults',
    `--datadir=${join(folder, 'data')}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    ...SMALL,
    ...AS_USER,
  ]);
  const mariaDb = await serverIn(folder, program, own ?? (await testAuthority()));
  await mariaDb.start();
  return mariaDb;
}

async function newFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'drillbook-mariadb-'));
}

async function serverIn(folder: string, program: string, authority: TestAuthority): Promise<MariaDb> {
  const dataFolder = join(folder, 'data');
  await writeFile(join(folder, 'server.crt'), authority.server.certificate);
  await writeFile(join(folder, 'server.key'), authority.server.key, { mode: 0o600 });
  const port = await freePort();
  const socket = join(folder, 'socket');
  let server: ChildProcess | undefined;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const running = server;
    server = undefined;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    running.kill(signal);
    await once(running, 'exit');
  };
  const connected = async <T>(use: (connection: Connection) => Promise<T>): Promise<T> => {
    const connection = await createConnection({ socketPath: socket, user: 'root' });
    try {
      return await use(connection);
    } finally {
      await connection.end();
    }
  };
  return {
    port,
    authority,
    dataFolder,
    sql: async (...statements) =>
      connected(async (connection) => {
        for (const statement of statements) await connection.query(statement);
      }),
    rows: async (statement) =>
      connected(async (connection) => (await connection.query(statement))[0] as Record<string, unknown>[]),
    stop: () => end('SIGTERM'),
    async start(options = []) {
      server = await startServer(program, [
        '--no-defaults',
        ...AS_USER,
        `--datadir=${dataFolder}`,
        `--socket=${socket}`,
        `--pid-file=${join(folder, 'pid')}`,
        '--bind-address=127.0.0.1',
        `--port=${port}`,
        `--ssl-cert=${join(folder, 'server.crt')}`,
        `--ssl-key=${join(folder, 'server.key')}`,
        ...SMALL,
        ...options,
      ]);
    },
    async copy(other) {
      const to = await newFolder();
      await cp(dataFolder, join(to, 'data'), { recursive: true });
      return serverIn(to, program, other);
    },
    async dispose() {
      await end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function startServer(mariadbd: string, options: readonly string[]): Promise<ChildProcess> {
  const [program = '', ...args] = [...untilWeDie(), mariadbd, ...options];
  const server = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const log: string[] = [];
  for await (const line of createInterface({ input: server.stderr })) {
    log.push(line);
    if (line.includes('ready for connections')) {
      server.stderr.resume();
      return server;
    }
  }
  throw new Error(`the test's server does not start:\n${log.join('\n')}`);
}
