import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Client, Connection } from 'pg';
import { extract } from 'tar-stream';

/** How a base backup lies on disk; the forms `pg_basebackup` writes. */
export type BackupForm = 'plain' | 'tar' | 'tar.gz';

/**
 * Takes a base backup as `pg_basebackup --wal-method=fetch` does: the server writes the archive, its `backup_label`
 * and its `backup_manifest`, and adds the WAL that the backup needs.
 *
 * @param client logged in with `replication`, on PostgreSQL 15 or later
 * @param folder is made; throws when it exists, when the server refuses or when the disk does
 * @see https://www.postgresql.org/docs/18/protocol-replication.html#PROTOCOL-REPLICATION-BASE-BACKUP
 */
export async function takeBaseBackup(
  client: Client,
  { label, folder, form }: { label: string; folder: string; form: BackupForm },
): Promise<void> {
  await mkdir(folder, { mode: 0o700 });
  const options = [
    `LABEL '${label}'`,
    `CHECKPOINT 'fast'`,
    `WAL true`,
    // The server would look for the end of archiving once a second; the caller waits for it in a finer way.
    `WAIT false`,
    `MANIFEST 'yes'`,
    `MANIFEST_CHECKSUMS 'SHA256'`,
    ...(form === 'tar.gz' ? [`COMPRESSION 'gzip'`, `COMPRESSION_DETAIL '1'`] : []),
  ];
  await receive(client, `BASE_BACKUP (${options.join(', ')})`, (name, content) =>
    name.endsWith('.tar') && form === 'plain' ? unpack(content, folder) : save(content, join(folder, name)),
  );
}

type Store = (name: string, content: Readable) => Promise<void>;

/** Runs the command and stores each part that the server sends, one after the other. */
async function receive(client: Client, command: string, store: Store): Promise<void> {
  const parts = partWriter(store);
  try {
    await new Promise<void>((resolve, reject) => {
      client.query({
        submit: (connection: Connection) => connection.query(command),
        handleRowDescription: () => undefined,
        handleDataRow: () => undefined,
        handleCommandComplete: () => undefined,
        handleCopyData({ chunk }: { chunk: Buffer }, connection: Connection) {
          const ready = parts.accept(chunk);
          if (ready === undefined) return;
          connection.stream.pause();
          ready.then(() => connection.stream.resume(), reject);
        },
        handleError: reject,
        handleReadyForQuery: () => resolve(),
      });
    });
  } catch (error) {
    await parts.abandon();
    throw error;
  }
  await parts.finish();
}

/** Turns the messages of the copy stream (`n`ew archive, `m`anifest, `d`ata, `p`rogress) into one stream a part. */
function partWriter(store: Store) {
  const stored: Promise<void>[] = [];
  let current: PassThrough | undefined;
  let isWaiting = false;

  function open(name: string): void {
    current?.end();
    current = new PassThrough({ highWaterMark: 1 << 20 });
    const done = store(name, current);
    // `finish` reports it; until then a failure must not count as one that nobody looks at.
    done.catch(() => undefined);
    stored.push(done);
  }

  return {
    /** Resolves, when there is a need to wait, as soon as more can be taken. */
    accept(message: Buffer): Promise<unknown> | undefined {
      const type = String.fromCharCode(message[0] ?? 0);
      if (type === 'n') open(message.toString('utf8', 1, message.indexOf(0, 1)));
      if (type === 'm') open('backup_manifest');
      // A copy, because the connection uses its buffer again.
      if (type !== 'd' || current?.write(Buffer.from(message.subarray(1))) !== false || isWaiting) return undefined;
      isWaiting = true;
      return Promise.race([once(current, 'drain'), Promise.all(stored)]).finally(() => (isWaiting = false));
    },
    async finish(): Promise<void> {
      current?.end();
      await Promise.all(stored);
    },
    async abandon(): Promise<void> {
      current?.destroy();
      await Promise.allSettled(stored);
    },
  };
}

async function save(content: Readable, file: string): Promise<void> {
  await pipeline(content, createWriteStream(file, { mode: 0o600, flags: 'wx' }));
}

async function unpack(content: Readable, folder: string): Promise<void> {
  const entries = extract();
  const fed = pipeline(content, entries);
  const written = (async () => {
    for await (const entry of entries) {
      const path = join(folder, entry.header.name);
      if (entry.header.type === 'directory') await mkdir(path, { recursive: true, mode: 0o700 });
      else if (entry.header.type === 'file') await save(entry as unknown as Readable, path);
      else throw new Error(`a base backup of the sample holds a '${entry.header.type}', which nothing there makes`);
      entry.resume();
    }
  })();
  await Promise.all([fed, written]);
}
