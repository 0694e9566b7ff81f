import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FolderLayout } from '../worker/folder-layout.ts';
import { readControlFile } from './replay-start.ts';
import type { StagedWal } from './stage-wal.ts';

/**
 * Tells the server to recover by the archive's rules and to promote when it has reached its target: before each of its
 * starts, until it has promoted.
 *
 * A promotion takes the request away first, then writes the history of the new timeline, and last the checkpoint that
 * puts the control file onto it (StartupXLOG in xlog.c). A server that is killed in between would recover as after a
 * mere crash: past its target, and onto no timeline of its own.
 */
export async function requestArchiveRecovery({ data }: FolderLayout, staged: StagedWal): Promise<void> {
  if (!staged.isArchiveRecovery) return;
  const { timeline } = await readControlFile(data);
  if (timeline > staged.timeline) return;
  for (const name of await readdir(join(data, 'pg_wal'))) {
    const own = /^([0-9A-F]{8})\.history$/.exec(name)?.[1];
    const isUnfinished = own !== undefined && Number.parseInt(own, 16) > staged.timeline;
    if (isUnfinished) await rm(join(data, 'pg_wal', name));
  }
  await writeFile(join(data, 'recovery.signal'), '', { mode: 0o600 });
}
