/** The beginning of a database file that says what it is (sqlite.org/fileformat2.html#the_database_header). */
export const HEADER_BYTES = 100;

const MAGIC = 'SQLite format 3\0';
/** A page of 64 KiB does not fit the two bytes, and is written as 1. */
const LARGEST_PAGE = 65_536;
const IN_WAL_MODE = 2;

export interface SqliteHeader {
  readonly pageSize: number;
  /** Pages of the database, when the header vouches for them; not when an older library wrote last. */
  readonly pages?: number;
  readonly isWal: boolean;
  readonly encoding: 'UTF-8' | 'UTF-16';
  /** Version of the library that wrote last, e.g. `3.40.1`. */
  readonly writtenBy: string;
}

/** The header of a database; `undefined` for a file that is none, or is encrypted. */
export function parseHeader(bytes: Buffer): SqliteHeader | undefined {
  if (bytes.length < HEADER_BYTES || bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) return undefined;
  const size = bytes.readUInt16BE(16);
  // "Version valid for": only then has the page count been kept with the change counter.
  const isCounted = bytes.readUInt32BE(24) === bytes.readUInt32BE(92);
  const pages = bytes.readUInt32BE(28);
  return {
    pageSize: size === 1 ? LARGEST_PAGE : size,
    ...(isCounted && pages > 0 && { pages }),
    isWal: bytes.readUInt8(18) === IN_WAL_MODE || bytes.readUInt8(19) === IN_WAL_MODE,
    encoding: bytes.readUInt32BE(56) > 1 ? 'UTF-16' : 'UTF-8',
    writtenBy: versionOf(bytes.readUInt32BE(96)),
  };
}

/** `3040001` is 3.40.1; 0 is what libraries before 3.7.0 left there. */
function versionOf(number: number): string {
  if (number === 0) return 'unknown';
  return `${Math.floor(number / 1_000_000)}.${Math.floor(number / 1_000) % 1_000}.${number % 1_000}`;
}
