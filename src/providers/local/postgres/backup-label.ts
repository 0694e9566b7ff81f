import { type Lsn, parseLsn } from './wal-position.ts';

/**
 * What `backup_label`, or a `*.backup` history file in the archive, says of a base backup.
 * Its form: build_backup_content() in PostgreSQL's src/backend/access/transam/xlogbackup.c.
 */
export interface BackupLabel {
  readonly startLsn: Lsn;
  /** Name of the WAL file that holds the start. */
  readonly startFile: string;
  readonly startTimeline: number;
  /** As written, with its zone, e.g. `2026-11-20 03:00:00 CET`. */
  readonly startTime: string;
  /** Only in a history file. */
  readonly stopLsn?: Lsn;
  readonly stopTime?: string;
  /** Holds only what changed since another backup (PostgreSQL 17 and newer). */
  readonly isIncremental: boolean;
}

/** Reads the text of a label or history file; `undefined` when it is neither. */
export function parseBackupLabel(text: string): BackupLabel | undefined {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(': ');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 2).trim());
  }
  const start = /^([0-9A-F]+\/[0-9A-F]+) \(file ([0-9A-F]{24})\)$/i.exec(fields.get('START WAL LOCATION') ?? '');
  const startTime = fields.get('START TIME');
  if (start?.[1] === undefined || start[2] === undefined || startTime === undefined) return undefined;
  const stop = /^([0-9A-F]+\/[0-9A-F]+)/i.exec(fields.get('STOP WAL LOCATION') ?? '')?.[1];
  const stopTime = fields.get('STOP TIME');
  return {
    startLsn: parseLsn(start[1]),
    startFile: start[2],
    startTimeline: Number(fields.get('START TIMELINE') ?? Number.parseInt(start[2].slice(0, 8), 16)),
    startTime,
    ...(stop === undefined ? {} : { stopLsn: parseLsn(stop) }),
    ...(stopTime === undefined ? {} : { stopTime }),
    isIncremental: fields.has('INCREMENTAL FROM LSN'),
  };
}
