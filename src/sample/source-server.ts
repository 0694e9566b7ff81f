import { chown, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';
import { reachSocketFolder } from '../support/socket-path.ts';
import type { Millis } from '../support/time.ts';
import {
  chooseGuise,
  initializeCluster,
  NOBODY,
  type PostgresProcess,
  ServerFailure,
  startPostgres,
} from './postgres-process.ts';

/** Superuser of the sample's server, and so of every restored copy. */
export const SAMPLE_SUPERUSER = 'postgres';

const PORT = 5432;

/** How long the archiver may take for what is a few files. */
const ARCHIVING_LIMIT: Millis = 60_000;

/** The living source: a PostgreSQL that lives only for as long as the sample is built. */
export interface SourceServer {
  readonly dataFolder: string;
  /** Holds every finished segment, once `stop` or `archived` has resolved. */
  readonly walFolder: string;
  /** Folder of its socket. */
  readonly host: string;
  readonly port: number;
  connect(config: ClientConfig): Promise<Client>;
  start(): Promise<void>;
  /** Resolves when all that is finished has been archived. */
  archived(): Promise<void>;
  /** Archives all WAL and ends the server. */
  stop(): Promise<void>;
  /** Ends the server at once, when it runs, and lets go of its folder. A second call does nothing. */
  dispose(): Promise<void>;
}

/** The settings that the backups carry: those of a server that archives its WAL into `wal` beside its data. */
const LASTING_SETTINGS = {
  wal_level: 'replica',
  archive_mode: 'on',
  // Relative to the data folder, so that no path of this machine has to be quoted.
  archive_command: 'cp "%p" "../wal/%f"',
  log_timezone: 'UTC',
  timezone: 'UTC',
};

/** Settings while the sample is built; the backups do not know them. */
const BUILDING_SETTINGS = {
  listen_addresses: '',
  // In the data folder, and so removed with it when the server is killed.
  dynamic_shared_memory_type: 'mmap',
  unix_socket_directories: '../socket',
  port: String(PORT),
  // A sample that is half built when the power goes is thrown away.
  fsync: 'off',
  // The shop itself says when to vacuum; the page that is lost has to stay lost.
  autovacuum: 'off',
};

const INITDB_OPTIONS = [
  `--username=${SAMPLE_SUPERUSER}`,
  '--auth=trust',
  '--no-sync',
  '--no-instructions',
  // A segment that is archived early is stored whole: small ones keep the sample small.
  '--wal-segsize=4',
  // A locale that PostgreSQL brings along: every machine sorts alike and can open the backups.
  '--encoding=UTF8',
  '--locale=C',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  ...Object.entries(LASTING_SETTINGS).flatMap(([name, value]) => ['--set', `${name}=${value}`]),
];

/**
 * Makes a cluster in `folder`, without starting it. Only a unix socket in a 0700 folder leads to it, and no user of the
 * host is made or changed.
 *
 * When `signal` aborts, the server is disposed of. Throws a ServerFailure, or what the disk said.
 */
export async function createSourceServer({
  folder,
  binDir,
  signal,
}: {
  folder: string;
  binDir: string;
  signal: AbortSignal;
}): Promise<SourceServer> {
  const [dataFolder, socketFolder, walFolder] = [join(folder, 'data'), join(folder, 'socket'), join(folder, 'wal')];
  const guise = chooseGuise();
  for (const made of [dataFolder, socketFolder, walFolder]) {
    await mkdir(made, { mode: 0o700 });
    if (guise.kind === 'nobody') await chown(made, NOBODY, NOBODY);
  }
  await initializeCluster(guise, { binDir, dataFolder, args: INITDB_OPTIONS });
  const reached = await reachSocketFolder(socketFolder, `.s.PGSQL.${PORT}`);
  let server: PostgresProcess | undefined;
  let disposal: Promise<void> | undefined;

  const source: SourceServer = {
    dataFolder,
    walFolder,
    host: reached.path,
    port: PORT,
    async connect(config) {
      const client = new Client({ host: reached.path, port: PORT, user: SAMPLE_SUPERUSER, ...config });
      // The statement under way reports the loss; without a listener it would end the process.
      client.on('error', () => undefined);
      await client.connect();
      return client;
    },
    async start() {
      server = await startPostgres(guise, { binDir, dataFolder, settings: BUILDING_SETTINGS });
      if (disposal !== undefined) await server.kill();
    },
    archived: () => allArchived(join(dataFolder, 'pg_wal', 'archive_status')),
    async stop() {
      await server?.stop();
      server = undefined;
    },
    dispose() {
      disposal ??= (server?.kill() ?? Promise.resolve()).then(() => reached.close());
      return disposal;
    },
  };
  signal.addEventListener('abort', () => void source.dispose(), { once: true });
  return source;
}

async function allArchived(statusFolder: string): Promise<void> {
  const giveUpAt = performance.now() + ARCHIVING_LIMIT;
  while ((await readdir(statusFolder)).some((name) => name.endsWith('.ready'))) {
    if (performance.now() > giveUpAt) throw new ServerFailure('the server does not get its WAL archived');
    await delay(10);
  }
}
