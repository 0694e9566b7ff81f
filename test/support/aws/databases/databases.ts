import { existsSync } from 'node:fs';
import { chmod, chown, lstat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { type ServerSettings, type TestServer, startTestServer } from '../../postgres-server.ts';
import { type TestAuthority, testAuthority } from './authority.ts';
import { type Clone, type Clones, seededClones } from './clones.ts';
import { freePort } from './free-port.ts';
import { type MariaDbDatabases, mariaDbDatabases } from './mariadb-databases.ts';

const SYSTEM_BIN_DIR = '/usr/lib/postgresql/15/bin';

/** As on RDS, where a master user may well be called `postgres`. */
const SUPERUSER = 'rdsadmin';

/** Database of every seeded source; its owner is the master user. */
const SEEDED_DATABASE = 'shop';

/** A PostgreSQL behind one restored instance. */
export interface PostgresClone extends Clone {
  readonly server: TestServer;
}

/** Real servers behind the simulated RDS, each cloned from what a test seeded: PostgreSQL here, MariaDB within. */
export interface Databases extends Clones<PostgresClone> {
  readonly authority: TestAuthority;
  readonly mariaDb: MariaDbDatabases;
  /**
   * What a snapshot, or a source instance, holds: `build` fills the database `shop` as its owner, and may `set role none` to
   * become superuser. Seeding one id again replaces it.
   */
  seed(id: string, build: (client: Client) => Promise<void>): Promise<void>;
  /** Changes the files of what was seeded. The server is stopped before and after; `how` may start it in between. */
  damage(id: string, how: (seeded: TestServer) => Promise<void>): Promise<void>;
}

/** Nothing is started before the first seed. */
export async function databases(own?: TestAuthority): Promise<Databases> {
  const authority = own ?? (await testAuthority());
  const clones = seededClones(async (seeded: TestServer) => startClone(seeded, authority));
  const mariaDb = mariaDbDatabases(authority);
  let template: Promise<TestServer> | undefined;
  return {
    ...clones,
    authority,
    mariaDb,
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
      await clones.keep(id, server);
    },
    async damage(id, how) {
      const server = clones.seeded(id);
      await how(server);
      await server.stop();
    },
    async reset() {
      await Promise.all([clones.reset(), mariaDb.reset()]);
    },
    async stop() {
      await Promise.all([clones.stop(), mariaDb.stop()]);
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

async function startClone(seeded: TestServer, { server: { certificate, key } }: TestAuthority): Promise<PostgresClone> {
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
