import { type Instant, type Millis, epochMillisOf, instantOf } from '../../../support/time.ts';
import { parseZonedTime } from '../postgres/zoned-time.ts';

/** When a dump began: what is committed until then is in it, since it sees one snapshot. */
export interface DumpStart {
  readonly at: Instant;
  /** How far off it can be. */
  readonly error: Millis;
  /** What it was read from. */
  readonly source: string;
  readonly isCertain: boolean;
}

/** What is known of the start of a dump. */
export interface StartEvidence {
  /** A time on the wall, `YYYY-MM-DD hh:mm:ss`, with or without a zone, and what it was read from. */
  readonly written?: { readonly text: string; readonly source: string };
  /** The earliest time that the file system knows of the dump's files: none of them was finished before the start. */
  readonly fileTime: Instant;
  /** Size as stored. */
  readonly bytes: number;
  /** Minutes east of Greenwich of this machine's zone, at a moment. */
  readonly minutesEastAt: (moment: Instant) => number;
}

const MINUTE: Millis = 60_000;
const HOUR: Millis = 60 * MINUTE;
/** Zones lie on multiples of a quarter of an hour. */
const ZONE_STEP: Millis = 15 * MINUTE;
/** The easternmost zone there is (Kiribati) and the westernmost (Baker Island), from Greenwich. */
const EASTERNMOST: Millis = 14 * HOUR;
const WESTERNMOST: Millis = 12 * HOUR;
/** Headers hold whole seconds. */
const WHOLE_SECONDS: Millis = 1_000;
/** A file that is this young when its dump began was made by that dump: another zone's hour would be a coincidence. */
const AT_ONCE: Millis = 10_000;
/** Slower dumps than this (stored bytes a millisecond) are not reckoned with, nor longer waits before one begins. */
const SLOWEST = 100;
const LONGEST_WAIT: Millis = 5 * MINUTE;

/** The best of what there is, and how good that is. */
export function startOfDump(evidence: StartEvidence): DumpStart {
  const { written } = evidence;
  if (written === undefined) return byFileTime(evidence);
  const zoned = parseZonedTime(written.text);
  if (zoned !== undefined) return { at: zoned, error: WHOLE_SECONDS, source: written.source, isCertain: true };
  const wall = Date.parse(`${written.text.slice(0, 19).replace(' ', 'T')}Z`);
  return Number.isNaN(wall) ? byFileTime(evidence) : byWallTime(wall, written.source, evidence);
}

/** A time without a zone: read in this machine's, unless the file was there before. */
function byWallTime(wall: number, source: string, { fileTime, minutesEastAt }: StartEvidence): DumpStart {
  const file = epochMillisOf(fileTime);
  const here = wall - minutesEastAt(instantOf(wall - minutesEastAt(instantOf(wall)) * MINUTE)) * MINUTE;
  const late = Math.max(0, here - file - WHOLE_SECONDS);
  if (late === 0 && file - here <= AT_ONCE) {
    return {
      at: instantOf(here),
      error: WHOLE_SECONDS,
      source: `${source}, in this machine's zone, as its file's time confirms`,
      isCertain: true,
    };
  }
  const at = here - Math.ceil(late / ZONE_STEP) * ZONE_STEP;
  const error = Math.max(at - (wall - EASTERNMOST), Math.min(wall + WESTERNMOST, file) - at, WHOLE_SECONDS);
  const how =
    late === 0 ? "read in this machine's zone" : "read in the nearest zone in which it is not after its file's time";
  return { at: instantOf(at), error, source: `${source}, which has no zone that is known: ${how}`, isCertain: false };
}

function byFileTime({ fileTime, bytes }: StartEvidence): DumpStart {
  return {
    at: fileTime,
    error: LONGEST_WAIT + Math.ceil(bytes / SLOWEST),
    source: 'time of the file, since the dump does not say when it began: its data are older',
    isCertain: false,
  };
}
