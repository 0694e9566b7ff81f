import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecoveryPoint } from '../../../catalog/recovery-point.ts';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { type Instant, instantOf } from '../../../support/time.ts';
import type { BackupForm } from './backup-form.ts';
import type { BackupHistory } from './backup-history.ts';
import { type BackupLabel, parseBackupLabel } from './backup-label.ts';
import { majorByManifest, parseBackupManifest } from './backup-manifest.ts';
import { parseControlFile } from './control-file.ts';
import { readSmallEntries } from './read-tar.ts';
import { parseZonedTime } from './zoned-time.ts';

/** The oldest major that knows `recovery.signal`; older ones are restored in another way altogether. */
const OLDEST_MAJOR = 12;

/** What a backup says of itself. */
interface Particulars {
  readonly major: number;
  readonly label?: BackupLabel;
  /** A moment near the start of the backup that needs no zone to be understood, and what it was read from. */
  readonly fallback: Captured;
}

interface Captured {
  readonly capturedAt: Instant;
  readonly capturedAtSource: string;
}

/** Describes a backup as a recovery point, or says why it cannot be restored. Reads little, whatever its size. */
export async function describeBackup(
  id: string,
  form: BackupForm,
  history: BackupHistory,
  signal: AbortSignal,
): Promise<{ readonly point: RecoveryPoint } | { readonly problem: Problem }> {
  try {
    const particulars = form.kind === 'plain' ? await lookAtFolder(form) : await lookAtTar(form, signal);
    const captured = capturedOf(particulars, history);
    return {
      point: {
        id,
        provider: 'local',
        kind: 'postgres',
        location: form.folder,
        ...captured,
        availableAt: captured.capturedAt,
        consistency: particulars.label ? 'application' : 'crash',
        format: formatOf(form),
        engine: { name: 'postgresql', version: String(particulars.major) },
        ...(form.kind === 'tar' ? { bytes: await storedBytes(form) } : {}),
        tags: [],
      },
    };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ProblemError) return { problem: error.problem };
    return { problem: unreadable(form.folder, (error as NodeJS.ErrnoException).code ?? 'unknown error') };
  }
}

async function lookAtFolder(form: BackupForm & { kind: 'plain' }): Promise<Particulars> {
  const major = supportedMajor(form.folder, await readFile(join(form.folder, 'PG_VERSION'), 'utf8'));
  const label = form.hasLabel
    ? usableLabel(form.folder, await readFile(join(form.folder, 'backup_label'), 'utf8'))
    : undefined;
  return { major, ...(label ? { label } : {}), fallback: await checkpointTime(form.folder) };
}

async function lookAtTar(form: BackupForm & { kind: 'tar' }, signal: AbortSignal): Promise<Particulars> {
  const listed = form.manifest === undefined ? undefined : parseBackupManifest(await readFile(form.manifest));
  if (listed && 'problem' in listed) throw new ProblemError(listed.problem);
  const told = listed ? majorByManifest(listed.manifest) : undefined;
  // The label comes first in what pg_basebackup writes; PG_VERSION may come anywhere.
  const wanted = told === undefined ? ['backup_label', 'PG_VERSION'] : ['backup_label'];
  const entries = await readSmallEntries(form.base, wanted, signal);
  if (entries.size === 0 && (await stat(form.base.file)).size === 0)
    throw new ProblemError(emptyArchive(form.base.file));
  const label = entries.get('backup_label');
  return {
    major: supportedMajor(form.folder, told === undefined ? (entries.get('PG_VERSION')?.text ?? '') : String(told)),
    label: usableLabel(form.folder, label?.text ?? ''),
    fallback: {
      capturedAt: instantOf(label?.modifiedAt.getTime() ?? 0),
      capturedAtSource: "time of 'backup_label' in the archive",
    },
  };
}

/** The best of what there is: the end of the backup, its start, a moment near its start. */
function capturedOf({ label, fallback }: Particulars, history: BackupHistory): Captured {
  if (!label) return fallback;
  const ended = history.get(label.startFile, label.startLsn);
  const stopAt = ended?.label.stopTime === undefined ? undefined : parseZonedTime(ended.label.stopTime);
  if (ended && stopAt !== undefined) {
    return { capturedAt: stopAt, capturedAtSource: `backup stop time in '${ended.name}'` };
  }
  const startAt = parseZonedTime(label.startTime);
  if (startAt === undefined) return fallback;
  return { capturedAt: startAt, capturedAtSource: "backup start time in 'backup_label'" };
}

async function checkpointTime(folder: string): Promise<Captured> {
  const file = join(folder, 'global/pg_control');
  const control = parseControlFile(await readFile(file));
  if (typeof control === 'object') {
    return { capturedAt: control.checkpointAt, capturedAtSource: "last checkpoint in 'global/pg_control'" };
  }
  const { mtime } = await stat(file);
  return {
    capturedAt: mtime.toISOString(),
    capturedAtSource: "file time of 'global/pg_control', which could not be understood",
  };
}

/** As a full disk leaves it; a tar that is not compressed cannot be told from its own end. */
function emptyArchive(file: string): Problem {
  return {
    code: 'restore/archive-damaged',
    message: `'${file}' is empty`,
    hint: 'Take a new backup, and let its job fail when pg_basebackup or the disk does.',
    blames: 'backup',
  };
}

function supportedMajor(folder: string, version: string): number {
  const major = Number.parseInt(version, 10);
  if (major >= OLDEST_MAJOR) return major;
  throw new ProblemError({
    code: 'restore/unsupported-major',
    message: `'${folder}' is of PostgreSQL '${version.trim()}', and only ${OLDEST_MAJOR} and newer can be restored`,
    hint: `Upgrade the server to a supported major, and drill its backups.`,
    blames: 'environment',
  });
}

function usableLabel(folder: string, text: string): BackupLabel {
  const label = parseBackupLabel(text);
  if (!label) {
    throw new ProblemError({
      code: 'restore/no-backup-label',
      message: `'${folder}' has no 'backup_label' that can be read, so it is not known where replay must begin`,
      hint: 'Take a new backup with pg_basebackup, or with pg_backup_start and pg_backup_stop, and keep its label.',
      blames: 'backup',
    });
  }
  if (!label.isIncremental) return label;
  throw new ProblemError({
    code: 'restore/incremental-backup',
    message: `'${folder}' is an incremental backup, which holds only what changed since another one`,
    hint: 'Join it with its full backup by pg_combinebackup, and name the result as the source.',
    blames: 'environment',
  });
}

function formatOf(form: BackupForm): string {
  if (form.kind === 'tar') return `base backup (${form.base.gzip ? 'tar.gz' : 'tar'})`;
  return form.hasLabel ? 'base backup (plain)' : 'copy of a data folder';
}

async function storedBytes(form: BackupForm & { kind: 'tar' }): Promise<number> {
  const tars = [form.base, ...form.tablespaces, ...(form.wal ? [form.wal] : [])];
  const sizes = await Promise.all(tars.map(async ({ file }) => (await stat(file)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function unreadable(folder: string, code: string): Problem {
  return {
    code: 'restore/source-unreadable',
    message: `'${folder}' cannot be read: ${code}`,
    hint: 'Let the user that runs drillbook read the whole backup.',
    blames: 'environment',
  };
}
