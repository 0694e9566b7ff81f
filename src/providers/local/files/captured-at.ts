import { type Instant, instantOf } from '../../../support/time.ts';

/** A moment whose data a set of files is known to hold, and what that was read from. */
export interface Captured {
  readonly capturedAt: Instant;
  readonly capturedAtSource: string;
}

const DAY = 86_400_000;
/** A moment with its zone, `20261120T030000Z` or `2026-11-20T03:00:00Z`; or a day, `2026-11-20` or `20261120`. */
const MOMENT = /(?<!\d)(\d{4})-?(\d\d)-?(\d\d)[T_]?(\d\d)[:-]?(\d\d)[:-]?(\d\d)Z/;
const ISO_DAY = /(?<!\d)(\d{4})-(\d\d)-(\d\d)(?!\d)/;
const COMPACT_DAY = /(?<!\d)((?:19|20)\d\d)(\d\d)(\d\d)(?!\d)/;

/**
 * When a set of files was taken, by when it was last changed: a walk through all it holds would be too dear.
 *
 * A copy that did not keep times looks newer than its data. So where its name says an earlier moment, or a day that
 * ended more than a day before (a name has no zone, and a backup may run past midnight), that counts: data that is
 * older than told would make an RPO look better than it is. A later one is not believed.
 */
export function capturedAt(name: string, changed: { readonly at: number; readonly what: string }): Captured {
  const byTime = { capturedAt: instantOf(changed.at), capturedAtSource: changed.what };
  const named = momentIn(name);
  if (named === undefined) return byTime;
  const latest = named.isDay ? named.at + 2 * DAY : named.at;
  if (changed.at <= latest) return byTime;
  const capturedAtSource = `${named.isDay ? 'beginning of the day' : 'moment'} in its name, since its time of change is later`;
  return { capturedAt: instantOf(named.at), capturedAtSource };
}

function momentIn(name: string): { readonly at: number; readonly isDay: boolean } | undefined {
  const moment = MOMENT.exec(name);
  if (moment) return validated(moment, false);
  const day = ISO_DAY.exec(name) ?? COMPACT_DAY.exec(name);
  return day ? validated(day, true) : undefined;
}

function validated(
  parts: RegExpExecArray,
  isDay: boolean,
): { readonly at: number; readonly isDay: boolean } | undefined {
  const [, year, month, day, hour = '00', minute = '00', second = '00'] = parts;
  const text = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const at = Date.parse(text);
  // 2026-02-31 is read as a day in March, and is no date at all.
  return Number.isNaN(at) || instantOf(at) !== text ? undefined : { at, isDay };
}
