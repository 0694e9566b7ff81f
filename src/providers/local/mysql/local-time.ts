import { type Instant, epochMillisOf, instantOf, type Millis } from '../../../support/time.ts';

const LOCAL = /^(\d{4})-(\d\d)-(\d\d) +(\d?\d):(\d\d):(\d\d)$/;

/** The moment of a time without a zone, e.g. `2026-11-21 9:05:01`, read in the time zone of this machine. */
export function parseLocalTime(text: string): Instant | undefined {
  const parts = LOCAL.exec(text.trim())?.slice(1).map(Number);
  if (!parts) return undefined;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts;
  const millis = new Date(year, month - 1, day, hour, minute, second).getTime();
  return Number.isNaN(millis) ? undefined : instantOf(millis);
}

/** As far as two time zones can be apart: -12 and +14 hours. */
const WIDEST: Millis = 26 * 3_600_000;
/** Within this of the end of a backup its last file is closed. */
const SOON: Millis = 120_000;

/**
 * How far off a moment can be that was read from a time without a zone: where the file itself was last written in that
 * moment, the zone is right.
 */
export function zoneError(moment: Instant, fileWrittenAt: Date): Millis {
  return Math.abs(fileWrittenAt.getTime() - epochMillisOf(moment)) <= SOON ? 1_000 : WIDEST;
}
