import { existsSync } from 'node:fs';
import { chmod, chown, lstat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { type ServerSettings, type TestServer, startTestServer } from '../../postgres-server.ts';
import { type TestAuthority, testAuthority } from './authority.ts';
import { freePort } from './free-port.ts';

const SYSTEM_BIN_DIR = '/usr/lib/postgresql/15/bin';

/** As on RDS, where a master user may well be called `postgres`. */
const SUPERUSER = 'rdsadmin';

/** Database of every seeded source; its owner is the master user. */
const SEEDED_DATABASE = 'shop';

/** The server behind one restored instance. */
export interface Clone {
  readonly address: '127.0.0.1';
  readonly port: number;
  readonly server: TestServer;
  /** Makes `user` the master user: no superuser, but with all that the seeded master owns. */
  setMaster(user: string, password: string): Promise<void>;
}

/** Real PostgreSQL servers behind the simulated RDS, each cloned from what a test seeded. */
export interface Databases {
  readonly authority: TestAuthority;
  /**
   * What a snapshot, or a source instance, holds: `build` fills the database `shop` as its owner, and may `set role none` to
   * become superuser. Seeding one id again replaces it.
   */
  seed(id: string, build: (client: Client) => Promise<void>): Promise<void>;
  /** Changes the files of what was seeded. The server is stopped before and after; `how` may start it in between. */
  damage(id: string, how: (seeded: TestServer) => Promise<void>): Promise<void>;
  isSeeded(id: string): boolean;
  /** Starts a copy, under the name of an instance, over verified TLS on a port of its own. */
  clone(id: string, instance: string): Promise<Clone>;
  cloneOf(instance: string): Promise<Clone> | undefined;
  /** Ends a clone and removes its files. */
  drop(instance: string): Promise<void>;
  /** Drops all clones; what was seeded stays. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/** Nothing is started before the first seed. */
export async function databases(own?: TestAuthority): Promise<Databases> {
  const authority = own ?? (await testAuthority());
  const seeds = new Map<string, TestServer>();
  const clones = new Map<string, Promise<Clone>>();
  let template: Promise<TestServer> | undefined;
  const drop = async (instance: string): Promise<void> => {
    const clone = clones.get(instance);
    clones.delete(instance);
    await clone?.then(
      async ({ server }) => server.dispose(),
      () => {},
    );
  };
  const reset = async (): Promise<void> => {
    await Promise.all([...clones.keys()].map(drop));
  };
  const seeded = (id: string): TestServer => {
    const server = seeds.get(id);
    if (server === undefined) throw new Error(`nothing is seeded for '${id}'`);
    return server;
  };
  return {
    authority,
    async seed(id, build) {
      const server = await (await (template ??= prepareTemplate())).copy();
      try {
        await server.start();
        await buildAsMaster(server, build);
        await server.stop();
      } catch (error) {
        await server.dispose();
        throw error;
      }
      await seeds.get(id)?.dispose();
      seeds.set(id, server);
    },
    async damage(id, how) {
      const server = seeded(id);
      await how(server);
      await server.stop();
    },
    isSeeded: (id) => seeds.has(id),
    async clone(id, instance) {
      await drop(instance);
      const started = startClone(seeded(id), authority);
      clones.set(instance, started);
      return started;
    },
    cloneOf: (instance) => clones.get(instance),
    drop,
    reset,
    async stop() {
      await reset();
      await Promise.all([...seeds.values()].map((server) => server.dispose()));
      await (await template)?.dispose();
    },
  };
}

/**
 * A stopped cluster as RDS has them: `master`, who is no superuser, owns the database. RDS lets members of rds_superuser
 * install amcheck; here it is there already, and they may call it.
 */
async function prepareTemplate(): Promise<TestServer> {
  const server = await startTestServer(existsSync(SYSTEM_BIN_DIR) ? SYSTEM_BIN_DIR : undefined, SUPERUSER);
  await server.sql(
    'create role rds_superuser nologin; create role master nologin createdb createrole in role rds_superuser',
  );
  await server.sql(`create database ${SEEDED_DATABASE} owner master`);
  await server.sql(
    `create schema extensions;
     create extension amcheck schema extensions; create extension pg_visibility schema extensions;
     grant usage on schema extensions to rds_superuser;
     grant execute on all functions in schema extensions to rds_superuser`,
    SEEDED_DATABASE,
  );
  await server.stop();
  return server;
}

async function buildAsMaster(server: TestServer, build: (client: Client) => Promise<void>): Promise<void> {
  const { host, port } = server.endpoint;
  const login = { host, port, user: SUPERUSER, password: server.password, database: SEEDED_DATABASE };
  const client = new Client(login);
  await client.connect();
  try {
    await client.query('set role master');
    await build(client);
    await client.query('reset role');
    await client.query('vacuum analyze');
  } finally {
    await client.end();
  }
}

async function startClone(seeded: TestServer, { server: { certificate, key } }: TestAuthority): Promise<Clone> {
  const port = await freePort();
  const server = await seeded.copy(tlsSettings(port));
  for (const [name, text] of [
    ['server.crt', certificate],
    ['server.key', key],
    ['pg_hba.conf', 'local all all scram-sha-256\nhostssl all all 127.0.0.1/32 scram-sha-256\n'],
  ] as const) {
    const { uid, gid } = await lstat(server.dataFolder);
    const file = join(server.dataFolder, name);
    await writeFile(file, text);
    await chmod(file, 0o600);
    await chown(file, uid, gid);
  }
  await server.start();
  return {
    address: '127.0.0.1',
    port,
    server,
    async setMaster(user, password) {
      const quoted = `"${user.replaceAll('"', '""')}"`;
      const [found] = await server.sql(`select from pg_roles where rolname = '${user.replaceAll("'", "''")}'`);
      if (!found) await server.sql(`create role ${quoted} in role master`);
      await server.sql(`alter role ${quoted} login createdb createrole password '${password}'`);
    },
  };
}

function tlsSettings(port: number): ServerSettings {
  return { listen_addresses: '127.0.0.1', port: String(port), ssl: 'on' };
}
