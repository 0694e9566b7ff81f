/** What the head of an archive of pg_dump (custom, directory or tar) says. */
export interface ArchiveHeader {
  /** e.g. `1.14`; pg_restore reads archives of its own version and older. */
  readonly formatVersion: string;
  readonly kind: 'custom' | 'tar' | 'other';
  readonly compression: string;
  /** When pg_dump began, as its machine's clock on the wall showed it. */
  readonly localTime: string;
  readonly database: string;
  /** Of the server, e.g. `15.18 (Debian …)`, and of pg_dump. */
  readonly serverVersion: string;
  readonly dumpVersion: string;
}

/** How much of a file holds its header for certain. */
export const ARCHIVE_HEADER_BYTES = 4096;
export const ARCHIVE_MAGIC = Buffer.from('PGDMP');

/** K_VERS_1_12 to K_VERS_1_16 of pg_backup_archiver.h: PostgreSQL 9.0 to 18. */
const OLDEST = 10;
const NEWEST = 16;
/** ArchiveFormat of pg_backup.h; a directory's own `toc.dat` says that it is a tar's. */
const KINDS: Readonly<Record<number, ArchiveHeader['kind']>> = { 1: 'custom', 3: 'tar' };
/** pg_compress_algorithm of src/include/common/compression.h. */
const ALGORITHMS: readonly string[] = ['none', 'gzip', 'lz4', 'zstd'];

/** Reads the header (ReadHead of pg_backup_archiver.c). `too-new` for a version that is not known here. */
export function parseArchiveHeader(bytes: Buffer): ArchiveHeader | 'too-new' | 'damaged' {
  if (!bytes.subarray(0, ARCHIVE_MAGIC.length).equals(ARCHIVE_MAGIC) || bytes.length < 11) return 'damaged';
  const [major = 0, minor = 0, , integerBytes = 0, , kind = 0] = bytes.subarray(5, 11);
  if (major !== 1 || minor > NEWEST) return 'too-new';
  if (minor < OLDEST || integerBytes !== 4) return 'damaged';
  try {
    const cursor = { bytes, at: 11 };
    const compression =
      minor >= 15 ? (ALGORITHMS[readByte(cursor)] ?? 'unknown') : readInteger(cursor) === 0 ? 'none' : 'gzip';
    const [second = 0, minute = 0, hour = 0, day = 0, month = 0, year = 0] = Array.from({ length: 7 }, () =>
      readInteger(cursor),
    );
    const two = (value: number): string => String(value).padStart(2, '0');
    return {
      formatVersion: `${major}.${minor}`,
      kind: KINDS[kind] ?? 'other',
      compression,
      localTime: `${year + 1900}-${two(month + 1)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}`,
      database: readText(cursor),
      serverVersion: readText(cursor),
      dumpVersion: readText(cursor),
    };
  } catch (error) {
    if (error instanceof RangeError) return 'damaged';
    throw error;
  }
}

interface Cursor {
  readonly bytes: Buffer;
  at: number;
}

function readByte(cursor: Cursor): number {
  cursor.at += 1;
  return cursor.bytes.readUInt8(cursor.at - 1);
}

/** A byte for the sign, then the value, lowest byte first. */
function readInteger(cursor: Cursor): number {
  const isNegative = readByte(cursor) !== 0;
  const value = cursor.bytes.readUInt32LE(cursor.at);
  cursor.at += 4;
  return isNegative ? -value : value;
}

function readText(cursor: Cursor): string {
  const length = readInteger(cursor);
  if (length <= 0) return '';
  if (cursor.at + length > cursor.bytes.length) throw new RangeError('the header ends within a text');
  cursor.at += length;
  return cursor.bytes.toString('utf8', cursor.at - length, cursor.at);
}
