import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chown, cp, lstat, mkdir, mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { embeddedPostgres, prepareEmbedded } from '../../src/providers/local/postgres/embedded-postgres.ts';
import type { LocalPostgresEndpoint } from '../../src/providers/resource.ts';

const run = promisify(execFile);
const NOBODY = 65_534;
const PASSWORD = 'canary-superuser-password';

/** A real PostgreSQL on a unix socket in a folder of its own, for as long as a test wants it. */
export interface TestServer {
  readonly folder: string;
  readonly dataFolder: string;
  readonly endpoint: LocalPostgresEndpoint;
  readonly password: string;
  start(): Promise<void>;
  /** Shuts down cleanly, so that all pages are in their files. */
  stop(): Promise<void>;
  /** Ends it at once: what it has not written yet is lost, as with a crash. */
  crash(): Promise<void>;
  /** Runs SQL as the superuser and gives the last statement's rows. */
  sql(text: string, database?: string): Promise<Record<string, unknown>[]>;
  /** The file of a relation, below the data folder. */
  fileOf(relation: string, database?: string): Promise<string>;
  /** A stopped copy of this server, which must be stopped. `settings` are those of the copy. */
  copy(settings?: ServerSettings): Promise<TestServer>;
  /** Ends the server and removes its folder. Never rejects because it is gone already. */
  dispose(): Promise<void>;
}

/** Settings of a server, beside those that every test's server has. */
export type ServerSettings = Readonly<Record<string, string>>;

/** How to run a program that refuses root: as oneself, as `nobody`, or seemingly so where `nobody` may not read it. */
interface Guise {
  readonly prefix: readonly string[];
  readonly uid?: number;
}

/**
 * A new, running cluster with page checksums and passwords.
 *
 * @param systemBinDir a server's folder; the embedded one unless given
 * @param superuser its first role; `postgres` unless given
 */
export async function startTestServer(systemBinDir?: string, superuser = 'postgres'): Promise<TestServer> {
  const binDir = systemBinDir ?? (await embeddedBinDir());
  const guise = chooseGuise(binDir);
  const folder = await newFolder(guise);
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, PASSWORD);
  const options = [
    '--auth=scram-sha-256',
    `--username=${superuser}`,
    `--pwfile=${passwordFile}`,
    '--no-sync',
    '--data-checksums',
    '--locale=C',
  ];
  const [program, ...args] = [
    ...guise.prefix,
    join(binDir, 'initdb'),
    ...options,
    '--encoding=UTF8',
    '-D',
    join(folder, 'data'),
  ];
  await run(program, args, { ...identity(guise) });
  const server = serverIn(folder, { binDir, guise, superuser }, {});
  await server.start();
  return server;
}

async function embeddedBinDir(): Promise<string> {
  const embedded = await embeddedPostgres();
  if (!embedded) throw new Error('no embedded PostgreSQL for this platform');
  return prepareEmbedded(embedded);
}

/** What all copies of a cluster have in common. */
interface Cluster {
  readonly binDir: string;
  readonly guise: Guise;
  readonly superuser: string;
}

function serverIn(folder: string, cluster: Cluster, settings: ServerSettings): TestServer {
  const { binDir, guise, superuser } = cluster;
  const dataFolder = join(folder, 'data');
  const endpoint: LocalPostgresEndpoint = {
    kind: 'postgres',
    host: join(folder, 'socket'),
    port: Number(settings['port'] ?? 5432),
    superuser,
    credentialsFile: join(folder, 'credentials.json'),
  };
  let server: ChildProcess | undefined;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const running = server;
    server = undefined;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    running.kill(signal);
    await once(running, 'exit');
  };
  const sql: TestServer['sql'] = async (text, database = 'postgres') => {
    const { host, port } = endpoint;
    const client = new Client({ host, port, user: superuser, password: PASSWORD, database });
    await client.connect();
    try {
      const results: unknown = await client.query(text);
      const last = (Array.isArray(results) ? results.at(-1) : results) as { rows: Record<string, unknown>[] };
      return last.rows;
    } finally {
      await client.end();
    }
  };
  return {
    folder,
    dataFolder,
    endpoint,
    password: PASSWORD,
    sql,
    async start() {
      await writeFile(endpoint.credentialsFile, JSON.stringify({ user: superuser, password: PASSWORD }), {
        mode: 0o600,
      });
      server = await startPostgres(guise, binDir, dataFolder, { ...settings, unix_socket_directories: endpoint.host });
    },
    stop: () => end('SIGINT'),
    crash: () => end('SIGQUIT'),
    async fileOf(relation, database) {
      const [row] = await sql(`select pg_relation_filepath('${relation}') as path`, database);
      return join(dataFolder, row?.['path'] as string);
    },
    async copy(changed = {}) {
      const to = await newFolder(guise);
      await cp(dataFolder, join(to, 'data'), { recursive: true });
      if (guise.uid !== undefined) await chownAll(join(to, 'data'), guise.uid);
      return serverIn(to, cluster, changed);
    },
    async dispose() {
      // At once, and yet with its shared memory given back: a system has room for 4,096 segments.
      await end('SIGQUIT');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Changes bytes of a file in place. */
export async function overwrite(
  file: string,
  offset: number,
  change: (bytes: Buffer) => Buffer,
  length: number,
): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    const bytes = Buffer.alloc(length);
    await handle.read(bytes, 0, length, offset);
    const changed = change(bytes);
    await handle.write(changed, 0, changed.length, offset);
  } finally {
    await handle.close();
  }
}

async function startPostgres(
  guise: Guise,
  binDir: string,
  dataFolder: string,
  own: ServerSettings,
): Promise<ChildProcess> {
  const settings = {
    listen_addresses: '',
    fsync: 'off',
    autovacuum: 'off',
    shared_buffers: '16MB',
    logging_collector: 'off',
    dynamic_shared_memory_type: 'mmap',
    ...own,
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [program = '', ...args] = [
    ...untilWeDie(),
    ...guise.prefix,
    join(binDir, 'postgres'),
    '-D',
    dataFolder,
    ...options,
  ];
  const server = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], ...identity(guise) });
  const log: string[] = [];
  for await (const line of createInterface({ input: server.stderr })) {
    log.push(line);
    if (line.includes('ready to accept connections')) {
      server.stderr.resume();
      return server;
    }
  }
  throw new Error(`the test's server does not start:\n${log.join('\n')}`);
}

/** A test run that is killed must not leave a server behind; elsewhere than on Linux it may. */
export function untilWeDie(): readonly string[] {
  return spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true']).status === 0 ? ['setpriv', '--pdeathsig', 'KILL'] : [];
}

function chooseGuise(binDir: string): Guise {
  if (process.getuid?.() !== 0) return { prefix: [] };
  const asNobody = spawnSync(join(binDir, 'postgres'), ['--version'], { uid: NOBODY, gid: NOBODY });
  if (asNobody.status === 0) return { prefix: [], uid: NOBODY };
  return { prefix: ['unshare', '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`] };
}

function identity({ uid }: Guise): { uid?: number; gid?: number } {
  return uid === undefined ? {} : { uid, gid: uid };
}

async function newFolder(guise: Guise): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'drillbook-test-'));
  await mkdir(join(folder, 'socket'));
  if (guise.uid !== undefined)
    for (const made of [folder, join(folder, 'socket')]) await chown(made, guise.uid, guise.uid);
  return folder;
}

async function chownAll(path: string, uid: number): Promise<void> {
  await chown(path, uid, uid);
  if (!(await lstat(path)).isDirectory()) return;
  for (const name of await readdir(path)) await chownAll(join(path, name), uid);
}
