import { createHash } from 'node:crypto';
import type { Problem } from '../../../diagnostics/problem.ts';
import { checksumOf } from './checksum.ts';
import { type Lsn, parseLsn } from './wal-position.ts';

/** A file as a manifest describes it. */
export interface ManifestFile {
  readonly size: number;
  readonly algorithm?: string;
  /** Lower-case hex. */
  readonly checksum?: string;
}

/** WAL without which the backup cannot become consistent. */
export interface WalRange {
  readonly timeline: number;
  readonly start: Lsn;
  readonly end: Lsn;
}

/**
 * What `backup_manifest` says (the backup manifest format of PostgreSQL's documentation, versions 1 and 2).
 * Paths are relative to the data folder; WAL files are not listed in it.
 */
export interface BackupManifest {
  readonly files: ReadonlyMap<string, ManifestFile>;
  readonly walRanges: readonly WalRange[];
  readonly systemIdentifier?: bigint;
}

interface RawManifest {
  readonly Files: readonly RawFile[];
  readonly 'WAL-Ranges'?: readonly { Timeline: number; 'Start-LSN': string; 'End-LSN': string }[];
  readonly 'Manifest-Checksum': string;
}

interface RawFile {
  readonly Path?: string;
  /** Hex of a path that is not UTF-8. */
  readonly 'Encoded-Path'?: string;
  readonly Size: number;
  readonly 'Checksum-Algorithm'?: string;
  readonly Checksum?: string;
}

/** Reads a manifest that agrees with its own checksum; anything else is a problem of the backup. */
export function parseBackupManifest(
  bytes: Buffer,
): { readonly manifest: BackupManifest } | { readonly problem: Problem } {
  const text = bytes.toString('utf8');
  let raw: Partial<RawManifest>;
  try {
    raw = JSON.parse(text) as Partial<RawManifest>;
  } catch {
    return { problem: manifestMismatch("'backup_manifest' is not whole") };
  }
  const signed = bytes.subarray(0, bytes.lastIndexOf('"Manifest-Checksum"'));
  if (!raw.Files || createHash('sha256').update(signed).digest('hex') !== raw['Manifest-Checksum']) {
    return { problem: manifestMismatch("'backup_manifest' does not agree with its own checksum") };
  }
  // Too large for a JavaScript number, so it is read from the text.
  const identifier = /"System-Identifier":\s*(\d+)/.exec(text.slice(0, 1_000))?.[1];
  return {
    manifest: {
      files: new Map(raw.Files.map((file) => [pathOf(file), describe(file)])),
      walRanges: (raw['WAL-Ranges'] ?? []).map((range) => ({
        timeline: range.Timeline,
        start: parseLsn(range['Start-LSN']),
        end: parseLsn(range['End-LSN']),
      })),
      ...(identifier === undefined ? {} : { systemIdentifier: BigInt(identifier) }),
    },
  };
}

/** The server's major, told by the checksum of the file that holds nothing else. */
export function majorByManifest({ files }: BackupManifest): number | undefined {
  const version = files.get('PG_VERSION');
  if (version?.algorithm === undefined) return undefined;
  for (let major = 12; major < 40; major += 1) {
    if (checksumOf(version.algorithm, Buffer.from(`${major}\n`)) === version.checksum) return major;
  }
  return undefined;
}

/** The backup is not what its manifest says. */
export function manifestMismatch(message: string): Problem {
  return {
    code: 'restore/backup-manifest-mismatch',
    message,
    hint: 'Do not rely on this recovery point: it was altered or cut off after it was taken. Take a new backup and look at the storage.',
    blames: 'backup',
  };
}

function pathOf(file: RawFile): string {
  return file.Path ?? Buffer.from(file['Encoded-Path'] ?? '', 'hex').toString('latin1');
}

function describe(file: RawFile): ManifestFile {
  const algorithm = file['Checksum-Algorithm'];
  return {
    size: file.Size,
    ...(algorithm === undefined || algorithm === 'NONE' ? {} : { algorithm, checksum: file.Checksum ?? '' }),
  };
}
