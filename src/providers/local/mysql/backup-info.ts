import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '../../../diagnostics/problem.ts';
import type { Instant } from '../../../support/time.ts';
import { type Engine, engineOf } from './engine.ts';
import { parseLocalTime } from './local-time.ts';

/** Names of the files by which a folder is known to be a backup of mariadb-backup or xtrabackup. */
const CHECKPOINTS: readonly string[] = ['mariadb_backup_checkpoints', 'xtrabackup_checkpoints'];
const INFO: readonly string[] = ['mariadb_backup_info', 'xtrabackup_info'];
/** Copied first of all: the tools describe a backup only when it is done. */
const SYSTEM_TABLESPACE = 'ibdata1';

/** mariadb-backup writes the second of what it has prepared (10.11), xtrabackup of what more may be joined with. */
const PREPARED = /^(?:full-prepared|log-applied)$/;

/** What a physical backup says of itself. */
export interface BackupInfo {
  readonly engine: Engine;
  readonly isPrepared: boolean;
  readonly captured: { readonly capturedAt: Instant; readonly capturedAtSource: string };
  /** Whether `capturedAt` was read from a time without a zone. */
  readonly isLocalTime: boolean;
  readonly writtenAt: Date;
}

/** Whether the files of a folder are those of a physical backup, though perhaps not all of them. */
export function isPhysicalBackup(names: readonly string[]): boolean {
  return [...CHECKPOINTS, ...INFO, SYSTEM_TABLESPACE].some((name) => names.includes(name));
}

/** Reads the few small files in which a physical backup describes itself. */
export async function readBackupInfo(
  folder: string,
): Promise<{ readonly info: BackupInfo } | { readonly problem: Problem }> {
  const names = await readdir(folder);
  const checkpointsName = CHECKPOINTS.find((name) => names.includes(name));
  const infoName = INFO.find((name) => names.includes(name));
  if (checkpointsName === undefined && infoName === undefined) return { problem: notDescribed(folder) };
  if (checkpointsName === undefined || infoName === undefined) return { problem: incomplete(folder) };
  const checkpoints = settingsOf(await readFile(join(folder, checkpointsName), 'utf8'));
  const told = settingsOf(await readFile(join(folder, infoName), 'utf8'));
  const problem = unusable(folder, checkpoints, told) ?? packed(folder, names);
  if (problem) return { problem };
  const engine = engineOf(told.get('server_version') ?? '');
  if (!engine) return { problem: incomplete(folder) };
  const { mtime } = await stat(join(folder, infoName));
  const end = parseLocalTime(told.get('end_time') ?? '');
  const isPrepared = PREPARED.test(checkpoints.get('backup_type') ?? '');
  const captured =
    end === undefined
      ? { capturedAt: mtime.toISOString(), capturedAtSource: `file time of '${infoName}'` }
      : { capturedAt: end, capturedAtSource: `'end_time' in '${infoName}', in this machine's time zone` };
  return { info: { engine, isPrepared, captured, isLocalTime: end !== undefined, writtenAt: mtime } };
}

/** The text of the file in which a physical backup says up to where it reaches; empty where there is none. */
export async function readCheckpoints(folder: string): Promise<string> {
  const names = await readdir(folder);
  const name = CHECKPOINTS.find((one) => names.includes(one));
  return name === undefined ? '' : readFile(join(folder, name), 'utf8');
}

/** Lines of the form `name = value`. */
export function settingsOf(text: string): ReadonlyMap<string, string> {
  return new Map(
    [...text.matchAll(/^\s*([\w-]+)\s*=\s*(.*?)\s*$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
}

function unusable(
  folder: string,
  checkpoints: ReadonlyMap<string, string>,
  told: ReadonlyMap<string, string>,
): Problem | undefined {
  const type = checkpoints.get('backup_type') ?? '';
  if (type === 'incremental' || told.get('incremental') === 'Y') {
    return {
      code: 'restore/incremental-backup',
      message: `'${folder}' is an incremental backup, which holds only what changed since another one`,
      hint: 'Join it with its full backup (mariadb-backup --prepare --incremental-dir), and name the result as the source.',
      blames: 'environment',
    };
  }
  if (type !== 'full-backuped' && !PREPARED.test(type)) return incomplete(folder);
  if (told.get('partial') === 'Y') {
    return notRestorable(folder, 'holds some tables alone, which are no server');
  }
  const format = told.get('format') ?? 'file';
  const isPacked = format !== 'file' || !['', 'N', undefined].includes(told.get('compressed'));
  return isPacked ? notRestorable(folder, 'is compressed or streamed') : undefined;
}

function packed(folder: string, names: readonly string[]): Problem | undefined {
  const isPacked = names.some((name) => /\.(?:xbstream|qp|lz4|zst|xbcrypt)$/.test(name));
  return isPacked ? notRestorable(folder, 'is compressed, streamed or encrypted') : undefined;
}

function notRestorable(folder: string, why: string): Problem {
  return {
    code: 'restore/unsupported-backup',
    message: `'${folder}' ${why}`,
    hint: 'Unpack it, or take full backups into a folder.',
    blames: 'environment',
  };
}

function incomplete(folder: string): Problem {
  return {
    code: 'restore/backup-incomplete',
    message: `'${folder}' does not say what it is: its checkpoints or its info are missing or cannot be understood`,
    hint: 'A backup that was interrupted is like this: take it again, and let its job fail when the tool does.',
    blames: 'backup',
  };
}

/** Without either file it may as well be a data folder that was copied as it stood. */
function notDescribed(folder: string): Problem {
  return {
    code: 'restore/backup-incomplete',
    message: `'${folder}' holds files of a server and nothing that says what backup they are`,
    hint: 'It is a backup that was interrupted, or the copy of a data folder: take backups by mariadb-backup or xtrabackup, and let their jobs fail when they do.',
    blames: 'environment',
  };
}
