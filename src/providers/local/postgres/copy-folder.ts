import { readFileSync, statSync } from 'node:fs';
import { readdir, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { readInParts } from '../read-in-parts.ts';
import { type RestoreTarget, unsafePath } from './restore-target.ts';

/** A file or folder of a backup, by its path in the data folder. */
interface SourceEntry {
  readonly path: string;
  readonly from: string;
  readonly isFolder: boolean;
  readonly size: number;
}

/** A plain backup, listed. */
export interface SourceFolder {
  readonly entries: readonly SourceEntry[];
  readonly bytes: number;
}

const SMALL_FILES_AT_ONCE = 50;
/** Larger ones are read in parts, in bytes. */
const LARGEST_AT_ONCE = 256 * 1024;
/** What belongs to the machine a copy was taken from, and may be a socket or vanish while it is read. */
const LEFT_OUT: readonly string[] = ['postmaster.pid', 'postmaster.opts'];

/**
 * Lists all files of a plain backup.
 *
 * Links are followed only for tablespaces, and only within the source: any other link leads out of the backup,
 * perhaps to a living server's files, and is refused.
 *
 * @param leftOut a folder within the backup that is none of it (the WAL archive)
 * @throws ProblemError `restore/link-leaves-backup`, `restore/unsafe-path`
 */
export async function listFolder(root: string, source: string, leftOut: string | undefined): Promise<SourceFolder> {
  const inside = await realpath(source);
  const entries: SourceEntry[] = [];
  const visit = async (folder: string, prefix: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const from = join(folder, entry.name);
      const path = prefix + entry.name;
      if (from === leftOut || LEFT_OUT.includes(path)) continue;
      if (entry.isFile()) entries.push({ path, from, isFolder: false, size: statSync(from).size });
      else if (entry.isDirectory()) await enter(from, path);
      else if (entry.isSymbolicLink()) await enter(await linkedTablespace(path, from, inside), path);
      else throw new ProblemError(unsafePath(path, 'is neither a file nor a folder'));
    }
  };
  const enter = async (folder: string, path: string): Promise<void> => {
    entries.push({ path, from: folder, isFolder: true, size: 0 });
    await visit(folder, `${path}/`);
  };
  await visit(root, '');
  return { entries, bytes: entries.reduce((sum, { size }) => sum + size, 0) };
}

/** Copies what was listed into a restore. The source is only read. */
export async function copyFolder(
  { entries }: SourceFolder,
  target: RestoreTarget,
  { signal, onBytes }: { signal: AbortSignal; onBytes: (bytes: number) => void },
): Promise<void> {
  for (const { path } of entries.filter(({ isFolder }) => isFolder)) await target.makeFolder(path);
  for (const [index, { path, from, size }] of entries.filter(({ isFolder }) => !isFolder).entries()) {
    signal.throwIfAborted();
    if (size > LARGEST_AT_ONCE) {
      await target.writeFile(path, readInParts(from, { signal, onBytes }));
      continue;
    }
    await target.writeFile(path, readFileSync(from));
    onBytes(size);
    // Reading small files blocks; signals are heard in between.
    if (index % SMALL_FILES_AT_ONCE === 0) await setImmediate();
  }
}

async function linkedTablespace(path: string, link: string, inside: string): Promise<string> {
  const target = await realpath(link).catch(() => undefined);
  if (/^pg_tblspc\/\d+$/.test(path) && target?.startsWith(inside + sep)) return target;
  throw new ProblemError({
    code: 'restore/link-leaves-backup',
    message: `'${path}' is a link that leads out of the backup, so what belongs there is not part of it`,
    hint: 'Take the backup in tar form (pg_basebackup --format=tar), which carries tablespaces and WAL in it, or lay them under the source.',
    blames: 'environment',
  });
}
