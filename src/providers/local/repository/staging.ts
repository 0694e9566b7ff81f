import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from '../remove-tree.ts';
import type { FolderLayout } from '../worker/folder-layout.ts';

/** Where a resource's folder holds what a backup tool fetched. */
export interface Staging {
  readonly folder: string;
  /** The backup, as the tool lays it. */
  readonly backup: string;
  /** Of PostgreSQL: its tablespaces, and WAL. */
  readonly tablespaces: string;
  readonly wal: string;
  /** For the tool's own locks and temporary files. */
  readonly tmp: string;
}

export function stagingOf({ folder }: FolderLayout): Staging {
  const staging = join(folder, 'fetched');
  const at = (name: string): string => join(staging, name);
  return { folder: staging, backup: at('backup'), tablespaces: at('tablespaces'), wal: at('wal'), tmp: at('tmp') };
}

/** Makes it empty: what a killed worker left of it is no beginning. Nobody else gets into it. */
export async function emptyStaging(staging: Staging): Promise<void> {
  await removeTree(staging.folder);
  await mkdir(staging.folder, { mode: 0o700 });
  await mkdir(staging.backup, { mode: 0o700 });
}
