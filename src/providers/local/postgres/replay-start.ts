import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { parseBackupLabel } from './backup-label.ts';
import { type ControlFile, parseControlFile } from './control-file.ts';
import type { FolderLayout } from '../worker/folder-layout.ts';
import type { Lsn } from './wal-position.ts';

/** Where replay of a restored copy begins, and what its control file says. */
export interface ReplayStart {
  readonly control: ControlFile;
  readonly timeline: number;
  readonly lsn: Lsn;
  readonly hasLabel: boolean;
  readonly startFile?: string;
}

/**
 * Reads it from the restored copy, before the server has touched it.
 *
 * @throws ProblemError when the control file is damaged or of an unknown PostgreSQL
 */
export async function readReplayStart({ data }: FolderLayout): Promise<ReplayStart> {
  const control = await readControlFile(data);
  // Once the server has replayed the label, it keeps it under its second name (xlogrecovery.c).
  const text = await firstText([join(data, 'backup_label'), join(data, 'backup_label.old')]);
  const label = text === undefined ? undefined : parseBackupLabel(text);
  if (!label) return { control, timeline: control.timeline, lsn: control.redo, hasLabel: false };
  return { control, timeline: label.startTimeline, lsn: label.startLsn, hasLabel: true, startFile: label.startFile };
}

/** The names in the copy's own `pg_wal`. */
export async function ownWalNames({ data }: FolderLayout): Promise<ReadonlySet<string>> {
  return new Set(await readdir(join(data, 'pg_wal')).catch(() => []));
}

/**
 * What the control file in a data folder says.
 *
 * @throws ProblemError when it is damaged or of an unknown PostgreSQL
 */
export async function readControlFile(data: string): Promise<ControlFile> {
  const bytes = await readFile(join(data, 'global/pg_control')).catch(() => Buffer.alloc(0));
  const control = bytes.length === 0 ? 'damaged' : parseControlFile(bytes);
  if (typeof control === 'object') return control;
  throw new ProblemError(
    control === 'damaged'
      ? {
          code: 'restore/backup-damaged',
          message: "'global/pg_control' is missing or does not agree with its own checksum",
          hint: 'Take a new backup, and look at how this one was stored: no server can start from it.',
          blames: 'backup',
        }
      : {
          code: 'restore/unsupported-major',
          message: "'global/pg_control' is of a PostgreSQL that this version does not know",
          hint: 'Look for a newer version of drillbook.',
          blames: 'environment',
        },
  );
}

async function firstText(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text !== undefined) return text;
  }
  return undefined;
}
