/** A position in the write-ahead log: a byte of one endless file, cut into segments. */
export type Lsn = bigint;

/** One segment of the log on one timeline. */
export interface Segment {
  readonly timeline: number;
  readonly number: bigint;
}

const SEGMENT_NAME = /^[0-9A-F]{24}$/;

/** Reads `16/B374D848`, as PostgreSQL prints it. */
export function parseLsn(text: string): Lsn {
  const parts = /^([0-9A-F]+)\/([0-9A-F]+)$/i.exec(text);
  if (!parts) throw new Error(`not a WAL position: ${text}`);
  return (BigInt(`0x${parts[1]}`) << 32n) | BigInt(`0x${parts[2]}`);
}

/** Prints as PostgreSQL does. */
export function formatLsn(lsn: Lsn): string {
  return `${(lsn >> 32n).toString(16)}/${(lsn & 0xffffffffn).toString(16)}`.toUpperCase();
}

/** The segment a file name stands for; `undefined` for other names. `segmentBytes` is the cluster's WAL segment size. */
export function parseSegmentName(name: string, segmentBytes: number): Segment | undefined {
  if (!SEGMENT_NAME.test(name)) return undefined;
  const perLog = 0x1_0000_0000n / BigInt(segmentBytes);
  const log = BigInt(`0x${name.slice(8, 16)}`);
  return {
    timeline: Number.parseInt(name.slice(0, 8), 16),
    number: log * perLog + BigInt(`0x${name.slice(16)}`),
  };
}

/** The file name of a segment. */
export function segmentName({ timeline, number }: Segment, segmentBytes: number): string {
  const perLog = 0x1_0000_0000n / BigInt(segmentBytes);
  return hex8(BigInt(timeline)) + hex8(number / perLog) + hex8(number % perLog);
}

/** The name of a timeline's history file. */
export function historyName(timeline: number): string {
  return `${hex8(BigInt(timeline))}.history`;
}

function hex8(value: bigint): string {
  return value.toString(16).toUpperCase().padStart(8, '0');
}
