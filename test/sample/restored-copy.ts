import { createReadStream } from 'node:fs';
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Client } from 'pg';
import { extract } from 'tar-stream';
import { readContents } from '../../src/probe/postgres/contents.ts';
import { inTransaction, withSession } from '../../src/probe/postgres/session.ts';
import type { Contents } from '../../src/probe/observation.ts';
import { chooseGuise, startPostgres } from '../../src/sample/postgres-process.ts';
import { SHOP_DATABASE } from '../../src/sample/shop.ts';

/** Unpacks a base backup of any form into a folder that must not exist; gives the folder. */
export async function unpackBackup(backup: string, to: string): Promise<string> {
  const names = await readdir(backup);
  const archive = names.find((name) => name.startsWith('base.tar'));
  if (archive === undefined) {
    await cp(backup, to, { recursive: true, mode: 2 });
    return to;
  }
  await mkdir(to, { mode: 0o700 });
  const entries = extract();
  entries.on('entry', (header, content, next) => {
    void (async () => {
      const path = join(to, header.name);
      if (header.type === 'directory') await mkdir(path, { recursive: true, mode: 0o700 });
      else await writeFile(path, await buffer(content), { mode: 0o600 });
      content.resume();
      next();
    })().catch(next);
  });
  const stored = createReadStream(join(backup, archive));
  await (archive.endsWith('.gz') ? pipeline(stored, createGunzip(), entries) : pipeline(stored, entries));
  await cp(join(backup, 'backup_manifest'), join(to, 'backup_manifest'));
  return to;
}

/** Starts a server on an unpacked backup as far as `target` and lets `use` ask it; the server is gone afterwards. */
export async function withRestored<T>(
  copy: string,
  { binDir, wal, target }: { binDir: string; wal: string; target: 'immediate' | 'latest' },
  use: (client: Client, host: string) => Promise<T>,
): Promise<T> {
  await rm(join(copy, 'postmaster.pid'), { force: true });
  await writeFile(join(copy, 'recovery.signal'), '');
  const socket = join(copy, '..', 's');
  await mkdir(socket, { recursive: true, mode: 0o700 });
  const settings = {
    listen_addresses: '',
    unix_socket_directories: '../s',
    archive_mode: 'off',
    autovacuum: 'off',
    fsync: 'off',
    // The backup alone must do for its own end.
    restore_command: target === 'latest' ? `cp '${wal}/%f' "%p"` : 'false',
    recovery_target_action: 'promote',
    ...(target === 'immediate' ? { recovery_target: 'immediate' } : {}),
  };
  const server = await startPostgres(chooseGuise(), { binDir, dataFolder: copy, settings });
  try {
    const client = new Client({ host: socket, port: 5432, user: 'postgres', database: SHOP_DATABASE });
    await client.connect();
    try {
      await untilPromoted(client);
      return await use(client, socket);
    } finally {
      await client.end();
    }
  } finally {
    await server.kill();
  }
}

/** What a scan of every table of the shop really finds. */
export async function contentsOf(host: string): Promise<Contents> {
  const login = { host, port: 5432, database: SHOP_DATABASE, user: 'postgres', password: '', superuser: true };
  return withSession({ ...login, statementTimeout: 60_000 }, new AbortController().signal, (session) =>
    inTransaction(session, 'read only', () => readContents(session, { bounded: [], scope: 'all' })),
  );
}

async function untilPromoted(client: Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ standby: boolean }>('select pg_is_in_recovery() as standby, pg_sleep(0.01)');
    if (rows[0]?.standby === false) return;
  }
}
