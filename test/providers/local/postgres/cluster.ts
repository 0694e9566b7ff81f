import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chown, cp, mkdir, open, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { reachSocketFolder } from '../../../../src/support/socket-path.ts';
import { findServer } from '../../../../src/providers/local/postgres/server-binaries.ts';

const run = promisify(execFile);
/** PostgreSQL refuses to run as root, so the source does as nobody. */
const NOBODY = 65534;
const identity = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

/** A living PostgreSQL that backups are taken of. */
export interface Cluster {
  readonly data: string;
  readonly archive: string;
  query(sql: string, database?: string): Promise<Record<string, unknown>[]>;
  /** Finishes the current segment and waits until it is archived. */
  archiveAll(): Promise<void>;
  /** Takes a plain base backup, without any WAL in it. */
  backUp(folder: string): Promise<void>;
  start(): Promise<void>;
  stop(signal: 'SIGINT' | 'SIGQUIT'): Promise<void>;
}

/** Folder of the embedded server's programs. */
export async function embeddedBinDir(): Promise<string> {
  const found = await findServer({ major: 18, dirs: [], path: '' });
  if (found.kind === 'missing') throw new Error(found.problem.message);
  return found.binDir;
}

export async function makeFolderFor(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  if (identity.uid !== undefined) await chown(folder, NOBODY, NOBODY);
  return folder;
}

/** Makes and starts a cluster under `folder`, archiving into `archive` beside its data. */
export async function startCluster(
  folder: string,
  settings: Record<string, string> = {},
  binDir?: string,
): Promise<Cluster> {
  const bin = binDir ?? (await embeddedBinDir());
  await makeFolderFor(folder);
  const [data, archive, socket] = [join(folder, 'data'), join(folder, 'archive'), join(folder, 'socket')];
  await makeFolderFor(archive);
  await makeFolderFor(socket);
  const args = [
    '-D',
    data,
    '-U',
    'postgres',
    '-A',
    'trust',
    '--no-sync',
    '--wal-segsize=1',
    '-k',
    '--locale=C',
    '-E',
    'UTF8',
  ];
  await run(join(bin, 'initdb'), args, { ...identity, env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' } });
  const all = {
    listen_addresses: '',
    unix_socket_directories: '../socket',
    fsync: 'off',
    archive_mode: 'on',
    archive_command: 'cp "%p" "../archive/%f"',
    max_wal_size: '64MB',
    autovacuum: 'off',
    log_timezone: 'UTC',
    ...settings,
  };
  const text = Object.entries(all).map(([name, value]) => `${name} = '${value}'`);
  await writeFile(join(data, 'postgresql.conf'), `${text.join('\n')}\n`);
  let child: ChildProcess | undefined;

  const query: Cluster['query'] = async (sql, database = 'postgres') => {
    const folder = await reachSocketFolder(socket, '.s.PGSQL.5432');
    const client = new Client({ host: folder.path, port: 5432, user: 'postgres', database });
    client.on('error', () => {});
    try {
      await client.connect();
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
      await folder.close();
    }
  };
  const start = async (): Promise<void> => {
    const log = await open(join(folder, 'log'), 'a');
    child = spawn(join(bin, 'postgres'), ['-D', data], {
      ...identity,
      stdio: ['ignore', log.fd, log.fd],
      env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
    });
    await log.close();
    for (;;) {
      const status = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
      if (status.split('\n')[7]?.trim() === 'ready') return;
      if (child.exitCode !== null) throw new Error(await readFile(join(folder, 'log'), 'utf8'));
      await delay(10);
    }
  };
  const stop: Cluster['stop'] = async (signal) => {
    const ended = new Promise((resolve) => child?.once('exit', resolve));
    if (child?.exitCode !== null || !child.kill(signal)) return;
    await ended;
  };
  const cluster: Cluster = {
    data,
    archive,
    query,
    start,
    stop,
    async archiveAll() {
      // Without any record since the last switch there is nothing to finish.
      await query("select pg_create_restore_point('switch')");
      const [row] = await query('select pg_walfile_name(pg_switch_wal()) as name');
      const name = String(row?.['name']);
      while (!(await stat(join(archive, name)).catch(() => undefined))) await delay(10);
      while (
        (await query('select last_archived_wal >= $$' + name + '$$ as done from pg_stat_archiver'))[0]?.['done'] !==
        true
      )
        await delay(10);
    },
    backUp: (to) => backUp(data, socket, to),
  };
  await start();
  return cluster;
}

async function backUp(data: string, socket: string, to: string): Promise<void> {
  const folder = await reachSocketFolder(socket, '.s.PGSQL.5432');
  const client = new Client({ host: folder.path, port: 5432, user: 'postgres', database: 'postgres' });
  await client.connect();
  try {
    const old = /^1[2-4]/.test((await readFile(join(data, 'PG_VERSION'), 'utf8')).trim());
    await client.query(old ? "select pg_start_backup('test', true, false)" : "select pg_backup_start('test', true)");
    const left = ['postmaster.pid', 'postmaster.opts'].map((name) => join(data, name));
    await cp(data, to, { recursive: true, verbatimSymlinks: true, filter: (from) => !left.includes(from) });
    for (const name of await readdir(join(to, 'pg_wal'))) await rm(join(to, 'pg_wal', name), { recursive: true });
    for (const name of await readdir(join(to, 'pg_replslot')))
      await rm(join(to, 'pg_replslot', name), { recursive: true });
    const stopped = await client.query<{ labelfile: string; spcmapfile: string }>(
      old ? 'select * from pg_stop_backup(false)' : 'select * from pg_backup_stop()',
    );
    await writeFile(join(to, 'backup_label'), stopped.rows[0]?.labelfile ?? '');
    const map = stopped.rows[0]?.spcmapfile ?? '';
    if (map !== '') await writeFile(join(to, 'tablespace_map'), map);
  } finally {
    await client.end();
    await folder.close();
  }
}
