import { crc32c } from '@node-rs/crc32';
import { type Instant, instantOf } from '../../../support/time.ts';
import type { Lsn } from './wal-position.ts';

/** What `global/pg_control` says of a cluster. */
export interface ControlFile {
  readonly systemIdentifier: bigint;
  readonly wasShutDown: boolean;
  /** Where recovery begins without a `backup_label`. */
  readonly redo: Lsn;
  readonly timeline: number;
  readonly checkpointAt: Instant;
  readonly segmentBytes: number;
  readonly maxPreparedTransactions: number;
  readonly maxLocksPerTransaction: number;
}

/** Where the checksum lies, by `pg_control_version`: of PostgreSQL 12, 13–16, 17 and 18. The fields before lie alike. */
const CHECKSUM_AT: ReadonlyMap<number, number> = new Map([
  [1201, 288],
  [1300, 288],
  [1700, 288],
  [1800, 292],
]);
/** Offsets in ControlFileData of src/include/catalog/pg_control.h, as 64-bit little-endian machines lay it out. */
const AT = {
  systemIdentifier: 0,
  version: 8,
  state: 16,
  redo: 40,
  timeline: 48,
  checkpointTime: 104,
  maxPreparedTransactions: 192,
  maxLocksPerTransaction: 196,
  segmentBytes: 228,
};
/** DBState: DB_SHUTDOWNED and DB_SHUTDOWNED_IN_RECOVERY. */
const SHUT_DOWN_STATES: readonly number[] = [1, 2];

/**
 * Reads the file's bytes. `unknown`: of a version whose form is not known here; `damaged`: it does not agree with its
 * own checksum.
 */
export function parseControlFile(bytes: Buffer): ControlFile | 'unknown' | 'damaged' {
  const checksumAt = bytes.length < AT.state ? undefined : CHECKSUM_AT.get(bytes.readUInt32LE(AT.version));
  if (checksumAt === undefined) return 'unknown';
  if (bytes.length < checksumAt + 4) return 'damaged';
  if (crc32c(bytes.subarray(0, checksumAt)) !== bytes.readUInt32LE(checksumAt)) return 'damaged';
  return {
    systemIdentifier: bytes.readBigUInt64LE(AT.systemIdentifier),
    wasShutDown: SHUT_DOWN_STATES.includes(bytes.readUInt32LE(AT.state)),
    redo: bytes.readBigUInt64LE(AT.redo),
    timeline: bytes.readUInt32LE(AT.timeline),
    checkpointAt: instantOf(Number(bytes.readBigInt64LE(AT.checkpointTime)) * 1_000),
    segmentBytes: bytes.readUInt32LE(AT.segmentBytes),
    maxPreparedTransactions: bytes.readUInt32LE(AT.maxPreparedTransactions),
    maxLocksPerTransaction: bytes.readUInt32LE(AT.maxLocksPerTransaction),
  };
}
