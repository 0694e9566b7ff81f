import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Cluster, makeFolderFor, startCluster } from '../postgres/cluster.ts';
import { SYSTEM_BIN } from '../postgres-dump/dump-worker.ts';
import { PASSWORD } from './repository-worker.ts';

const NOBODY = 65534;
const identity = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
export const STANZA = 'shop';

/** A living cluster whose backups and WAL go into two repositories of pgBackRest. */
export interface BackedUpCluster {
  readonly cluster: Cluster;
  /** Without any encryption or compression. */
  readonly plain: string;
  /** Encrypted with `PASSWORD`, and compressed. */
  readonly encrypted: string;
  /** Takes a backup into the plain (1) or the encrypted (2) repository. */
  backUp(type: 'full' | 'diff', repository: 1 | 2, options?: readonly string[]): Promise<void>;
  /** Ends the current segment, and waits until it is archived. */
  archive(): Promise<void>;
}

export async function startBackedUpCluster(folder: string): Promise<BackedUpCluster> {
  await makeFolderFor(folder);
  const at = (name: string): string => join(folder, name);
  const [plain, encrypted, locks] = [at('plain'), at('encrypted'), at('locks')];
  for (const path of [plain, encrypted, locks]) await makeFolderFor(path);
  const env = {
    PATH: '/usr/bin:/bin',
    LC_ALL: 'C',
    PGBACKREST_STANZA: STANZA,
    PGBACKREST_LOCK_PATH: locks,
    PGBACKREST_LOG_LEVEL_FILE: 'off',
    PGBACKREST_LOG_LEVEL_CONSOLE: 'error',
    PGBACKREST_PG1_PATH: at('cluster/data'),
    PGBACKREST_PG1_SOCKET_PATH: at('cluster/socket'),
    PGBACKREST_PG1_USER: 'postgres',
    PGBACKREST_REPO1_PATH: plain,
    PGBACKREST_REPO1_RETENTION_FULL: '9',
    PGBACKREST_REPO2_PATH: encrypted,
    PGBACKREST_REPO2_RETENTION_FULL: '9',
    PGBACKREST_REPO2_CIPHER_TYPE: 'aes-256-cbc',
    PGBACKREST_REPO2_CIPHER_PASS: PASSWORD,
    PGBACKREST_START_FAST: 'y',
    PGBACKREST_ARCHIVE_TIMEOUT: '30',
    PGBACKREST_COMPRESS_TYPE: 'none',
  };
  const words = Object.entries(env).map(([name, value]) => `${name}="${value}"`);
  const pgbackrest = async (args: readonly string[]): Promise<void> => {
    await promisify(execFile)('pgbackrest', ['--no-config', ...args], { ...identity, env, cwd: folder });
  };
  // Its settings are in every backup, and the password must not be.
  const script = at('pgbackrest.sh');
  await writeFile(script, `exec env ${words.join(' ')} pgbackrest --no-config archive-push "$1"\n`, { mode: 0o644 });
  const archive_command = `sh ${script} "%p"`;
  const cluster = await startCluster(at('cluster'), { archive_command }, SYSTEM_BIN);
  await pgbackrest(['stanza-create']);
  return {
    cluster,
    plain,
    encrypted,
    async backUp(type, repository, options = []) {
      await pgbackrest([`--type=${type}`, `--repo=${repository}`, ...options, 'backup']);
    },
    async archive() {
      await cluster.query("select pg_create_restore_point('switch')");
      const [row] = await cluster.query('select pg_walfile_name(pg_switch_wal()) as name');
      const question = `select last_archived_wal >= '${String(row?.['name'])}' as done from pg_stat_archiver`;
      while ((await cluster.query(question))[0]?.['done'] !== true) await delay(20);
    },
  };
}
