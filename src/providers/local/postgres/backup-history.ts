import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PostgresRestore } from '../../../runbook/restore-spec.ts';
import { type BackupLabel, parseBackupLabel } from './backup-label.ts';
import type { Lsn } from './wal-position.ts';

/** The ends of backups, as `*.backup` files in a WAL archive tell them. */
export interface BackupHistory {
  /** The record of the backup that began there. */
  get(startFile: string, startLsn: Lsn): { readonly name: string; readonly label: BackupLabel } | undefined;
}

/** The folder of a source's WAL archive: the one the runbook names, else `wal` in the source when there is one. */
export async function walFolderOf(spec: PostgresRestore): Promise<string | undefined> {
  if (spec.wal !== undefined) return spec.wal;
  const inSource = join(spec.source, 'wal');
  const found = await stat(inSource).catch(() => undefined);
  return found?.isDirectory() ? inSource : undefined;
}

/** Reads all history files of an archive. What cannot be read tells nothing here; the restore itself will complain. */
export async function readBackupHistory(walFolder: string | undefined): Promise<BackupHistory> {
  const names = walFolder === undefined ? [] : await readdir(walFolder).catch(() => []);
  const records = new Map<string, { name: string; label: BackupLabel }>();
  for (const name of names.filter((name) => name.endsWith('.backup'))) {
    const text = await readFile(join(walFolder ?? '', name), 'utf8').catch(() => '');
    const label = parseBackupLabel(text);
    if (label) records.set(keyOf(label.startFile, label.startLsn), { name, label });
  }
  return { get: (startFile, startLsn) => records.get(keyOf(startFile, startLsn)) };
}

function keyOf(startFile: string, startLsn: Lsn): string {
  return `${startFile}@${startLsn}`;
}
