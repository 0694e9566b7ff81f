import { type MariaDb, findMariaDb, startMariaDb } from '../../mariadb-server.ts';
import type { TestAuthority } from './authority.ts';
import { type Clone, type Clones, seededClones } from './clones.ts';

/** What is wrong with the clones of a seed, beside its data. */
export interface Flaws {
  /** Their certificate is of this authority, which the probe does not trust. */
  readonly authority?: TestAuthority;
  /** Their master has this password, whatever the secret says. */
  readonly password?: string;
}

/** A MariaDB behind one restored instance. */
interface MariaDbClone extends Clone {
  readonly server: MariaDb;
}

/** Real MariaDB servers behind the simulated RDS, each cloned from what a test seeded. */
export interface MariaDbDatabases extends Clones<MariaDbClone> {
  /**
   * What a snapshot, or a source instance, holds: `build` fills the database `shop`, and may stop the server and change its
   * files. Seeding one id again replaces it.
   */
  seed(id: string, build: (server: MariaDb) => Promise<void>): Promise<void>;
  /** The same data as another seed has, in clones that are flawed. */
  seedFlawed(id: string, like: string, flaws: Flaws): Promise<void>;
}

/** What the master user of an instance may, as the user guide of RDS lists it for MariaDB: no `super`, no `file`. */
const PRIVILEGES = `select, insert, update, delete, create, drop, reload, process, references, index, alter, show databases,
  create temporary tables, lock tables, execute, replication slave, replication client, create view, show view,
  create routine, alter routine, create user, event, trigger`;

/** Nothing is started before the first seed. */
export function mariaDbDatabases(authority: TestAuthority): MariaDbDatabases {
  let template: Promise<MariaDb> | undefined;
  const clones = seededClones(async ({ server, flaws }: Seed) => startClone(server, authority, flaws));
  return {
    ...clones,
    async seed(id, build) {
      const server = await (await (template ??= prepareTemplate(authority))).copy(authority);
      try {
        await server.start();
        await server.sql('create database shop');
        await build(server);
        await server.stop();
      } catch (error) {
        await server.dispose();
        throw error;
      }
      await clones.keep(id, seedOf(server, {}));
    },
    async seedFlawed(id, like, flaws) {
      await clones.keep(id, seedOf(await clones.seeded(like).server.copy(authority), flaws));
    },
    async stop() {
      await clones.stop();
      await (await template)?.dispose();
    },
  };
}

interface Seed {
  readonly server: MariaDb;
  readonly flaws: Flaws;
  dispose(): Promise<void>;
}

function seedOf(server: MariaDb, flaws: Flaws): Seed {
  return { server, flaws, dispose: async () => server.dispose() };
}

async function prepareTemplate(authority: TestAuthority): Promise<MariaDb> {
  const program = await findMariaDb();
  if (program === undefined) throw new Error('no MariaDB: skip the test');
  const server = await startMariaDb(program, authority);
  await server.stop();
  return server;
}

async function startClone(seeded: MariaDb, authority: TestAuthority, flaws: Flaws): Promise<MariaDbClone> {
  const server = await seeded.copy(flaws.authority ?? authority);
  await server.start(['--require-secure-transport=on']);
  return {
    address: '127.0.0.1',
    port: server.port,
    server,
    async setMaster(user, password) {
      const quoted = `'${user.replaceAll("'", "''")}'@'%'`;
      await server.sql(
        `create or replace user ${quoted} identified by '${flaws.password ?? password}'`,
        `grant ${PRIVILEGES} on *.* to ${quoted} with grant option`,
      );
    },
  };
}
