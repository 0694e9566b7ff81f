import type { Lsn } from './wal-position.ts';

/** Reads bytes of the log, all within one page. */
export type WalReader = (from: Lsn, length: number) => Promise<Buffer>;

/** XLOG_BLCKSZ of every packaged PostgreSQL. */
const PAGE = 8192n;
const PAGE_HEADER = 24n;
const SEGMENT_HEADER = 40n;
const RECORD_HEADER = 24;
const FIRST_IS_CONTINUED = 1;

/**
 * Whether the record that would come next at `at` really goes on past `end`, so that replay could not have read it.
 *
 * A damaged or torn record looks like the end of the log to PostgreSQL, which then promotes without a word. So the
 * record's length, its backward pointer and the header of every page it spans must agree (xlogrecord.h, xlog_internal.h).
 *
 * @param lastRecord start of the last replayed record, when known
 */
export async function continuesPast(
  question: { readonly at: Lsn; readonly end: Lsn; readonly lastRecord?: Lsn; readonly segmentBytes: number },
  read: WalReader,
): Promise<boolean> {
  const segment = BigInt(question.segmentBytes);
  const headerAt = (page: Lsn): Lsn => (page % segment === 0n ? SEGMENT_HEADER : PAGE_HEADER);
  let position = question.at % PAGE === 0n ? question.at + headerAt(question.at) : question.at;
  const pageEnd = position - (position % PAGE) + PAGE;
  const header = await read(position, Number(pageEnd - position < 16n ? pageEnd - position : 16n));
  const length = header.readUInt32LE(0);
  if (length < RECORD_HEADER) return false;
  if (header.length === 16 && question.lastRecord !== undefined && header.readBigUInt64LE(8) !== question.lastRecord)
    return false;
  let remaining = BigInt(length) - (pageEnd - position);
  for (position = pageEnd; position < question.end && remaining > 0n; position += PAGE) {
    const page = await read(position, Number(PAGE_HEADER));
    const isContinuation = (page.readUInt16LE(2) & FIRST_IS_CONTINUED) !== 0;
    if (!isContinuation || page.readBigUInt64LE(8) !== position || BigInt(page.readUInt32LE(16)) !== remaining)
      return false;
    remaining -= PAGE - headerAt(position);
  }
  return remaining > 0n;
}
