/** Beyond these an archive is not unpacked. */
export interface UnpackLimits {
  /** Files, folders and links together. */
  readonly entries: number;
  /** Bytes unpacked for a byte stored, once more than `ratioFrom` bytes are unpacked. */
  readonly ratio: number;
  readonly ratioFrom: number;
}

/** Deflate itself ends at 1,032 to 1. */
export const UNPACK_LIMITS: UnpackLimits = { entries: 10_000_000, ratio: 1_000, ratioFrom: 100 * 1024 * 1024 };

/** Whether so many bytes from so few are more than any sound archive gives. */
export function exceedsRatio(unpacked: number, stored: number, { ratio, ratioFrom }: UnpackLimits): boolean {
  return unpacked > ratioFrom && unpacked > stored * ratio;
}
