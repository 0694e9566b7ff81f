import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';

/** A physical backup, listed: paths from its folder on. */
export interface ListedBackup {
  readonly root: string;
  readonly folders: readonly string[];
  readonly files: readonly { readonly path: string; readonly size: number }[];
  readonly bytes: number;
}

const CHUNK = 1024 * 1024;
/** What tells a server who it is, whom it follows and where it writes its binary log. */
const LEFT_OUT =
  /^(?:auto\.cnf|(?:master|relay-log|multi-master)(?:-[\w.@-]+)?\.info|.*-relay-bin[\w.@-]*|.*\.pid|.*\.sock|.*\.err|.*-bin\.(?:\d+|index|state))$/;
/** Of a table or tablespace that lies elsewhere: a text file with its absolute path. */
const ELSEWHERE = /\.(?:isl|sym)$/;

/**
 * Lists the files of a physical backup. What leads out of it is refused: there may be a living server's files.
 *
 * @throws ProblemError `restore/unsafe-path`, `restore/link-leaves-backup`
 */
export async function listBackup(root: string): Promise<ListedBackup> {
  const folders: string[] = [];
  const files: { path: string; size: number }[] = [];
  const visit = async (prefix: string): Promise<void> => {
    for (const entry of await readdir(join(root, prefix), { withFileTypes: true })) {
      const path = join(prefix, entry.name);
      if (prefix === '' && LEFT_OUT.test(entry.name)) continue;
      if (entry.isSymbolicLink() || ELSEWHERE.test(entry.name)) throw new ProblemError(leavesBackup(path));
      if (entry.isFile()) files.push({ path, size: (await stat(join(root, path))).size });
      else if (entry.isDirectory()) {
        folders.push(path);
        await visit(path);
      } else throw new ProblemError(unsafePath(path));
    }
  };
  await visit('');
  return { root, folders, files, bytes: files.reduce((sum, { size }) => sum + size, 0) };
}

/**
 * Copies a listed backup into a folder that does not exist yet. The source is only read.
 *
 * @returns bytes written
 * @throws ProblemError `restore/source-changed` when a file has not the length any more that was listed
 */
export async function copyBackup(
  { root, folders, files }: ListedBackup,
  to: string,
  { signal, onBytes }: { signal: AbortSignal; onBytes: (bytes: number) => void },
): Promise<number> {
  await mkdir(to, { mode: 0o700 });
  for (const folder of folders) await mkdir(join(to, folder), { mode: 0o700 });
  let bytes = 0;
  for (const { path, size } of files) {
    signal.throwIfAborted();
    const copied = await copyFile(join(root, path), join(to, path), { signal, onBytes });
    if (copied !== size) throw new ProblemError(sourceChanged(path));
    bytes += copied;
  }
  return bytes;
}

async function copyFile(
  from: string,
  to: string,
  { signal, onBytes }: { signal: AbortSignal; onBytes: (bytes: number) => void },
): Promise<number> {
  const file = await open(to, 'wx', 0o600);
  let copied = 0;
  try {
    for await (const chunk of createReadStream(from, { highWaterMark: CHUNK, signal }) as AsyncIterable<Buffer>) {
      // A single write may be short where the disk is nearly full.
      for (let done = 0; done < chunk.length;) done += (await file.write(chunk, done)).bytesWritten;
      copied += chunk.length;
      onBytes(chunk.length);
    }
  } finally {
    await file.close();
  }
  return copied;
}

function leavesBackup(path: string): Problem {
  return {
    code: 'restore/link-leaves-backup',
    message: `'${path}' leads out of the backup, so what belongs there is not part of it`,
    hint: 'Let all tables lie in the data folder of the source (without DATA DIRECTORY), or back them up by dumps.',
    blames: 'environment',
  };
}

function unsafePath(path: string): Problem {
  return {
    code: 'restore/unsafe-path',
    message: `'${path}' is neither a file nor a folder, so nothing of this backup is started`,
    hint: 'Take the backup with mariadb-backup or xtrabackup, and look at how this one came to be.',
    blames: 'backup',
  };
}

function sourceChanged(path: string): Problem {
  return {
    code: 'restore/source-changed',
    message: `'${path}' changed while it was copied`,
    hint: 'Let drills run when no backup is being written, or write backups under another name until they are done.',
    blames: 'environment',
  };
}
