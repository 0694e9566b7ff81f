import { type Instant, type Millis, millisBetween } from '../support/time.ts';
import type { DrillEvent } from './events.ts';
import { type EventOf, ofDrill, ofType } from './record.ts';

/** What the journal knows of the time between two of its events. */
export interface Elapsed {
  /** By the wall clock; negative when it was set back. */
  readonly wall: Millis;
  /** By the monotonic clock; absent where the machine was restarted in between, since it then began anew. */
  readonly mono?: Millis;
  /** Why the figures cannot be fully trusted; empty when they can. */
  readonly doubts: readonly Doubt[];
}

/** A reason not to trust a time. `clock`: it was told wrong. `interruption`: part of it was spent waiting for us. */
export interface Doubt {
  readonly kind: 'clock' | 'interruption';
  readonly because: string;
}

/** Two clocks may part by no more than this, or by `CLOCKS_MAY_PART_BY_SHARE` of the time, whichever is less. */
const CLOCKS_MAY_PART_BY: Millis = 2_000;
const CLOCKS_MAY_PART_BY_SHARE = 0.01;
/** The two clocks are read one after the other and a wall time is whole milliseconds: below this nothing is said. */
const CLOCKS_READ_WITHIN: Millis = 100;

const RESTARTED: Doubt = { kind: 'interruption', because: 'the machine was restarted in between' };

/** The time between two events, measured on both clocks, with every reason to doubt it. */
export function elapsedBetween(events: readonly DrillEvent[], from: DrillEvent, to: DrillEvent): Elapsed {
  const wall = millisBetween(from.at, to.at);
  const isOneBoot = bootOf(events, from) === bootOf(events, to);
  const mono = isOneBoot ? to.mono - from.mono : undefined;
  const doubts = [
    ...interruptionDoubts(events, from, to),
    ...setBackDoubts(events, from, to),
    ...(mono === undefined ? [RESTARTED] : disagreement(wall, mono)),
  ];
  return { wall, doubts, ...(mono !== undefined && { mono }) };
}

/** Times at which no controller was running, between the first event and the end of the drill. */
export function interruptionsOf(events: readonly DrillEvent[]): readonly { from: Instant; until: Instant }[] {
  return gapsOf(events).map(({ before, after }) => ({ from: before.at, until: after.at }));
}

interface Gap {
  readonly before: DrillEvent;
  readonly after: EventOf<'engine-started'>;
}

/** A drill that was finished (or kept) did not lack a controller until someone came back to tear it down. */
function gapsOf(journal: readonly DrillEvent[]): readonly Gap[] {
  const events = ofDrill(journal);
  return ofType(events, 'engine-started').flatMap((after) => {
    const earlier = events.slice(0, events.indexOf(after));
    const before = earlier.at(-1);
    const isFirst = before?.epoch === after.epoch && ofType(earlier, 'engine-started').length === 0;
    return before === undefined || isFirst || before.type === 'drill-finished' ? [] : [{ before, after }];
  });
}

function interruptionDoubts(events: readonly DrillEvent[], from: DrillEvent, to: DrillEvent): readonly Doubt[] {
  const gaps = gapsOf(events).filter(({ before, after }) => before.seq >= from.seq && after.seq <= to.seq);
  if (gaps.length === 0) return [];
  const lost = gaps.reduce((sum, { before, after }) => sum + millisBetween(before.at, after.at), 0);
  const times = gaps.length === 1 ? 'once' : `${gaps.length} times`;
  const because = `the controller was interrupted ${times} in between, for ${Math.max(0, lost) / 1000} s`;
  return [{ kind: 'interruption', because }];
}

/** The machine's boot under which an event was written: that of the engine of its epoch. */
function bootOf(events: readonly DrillEvent[], event: DrillEvent): string | undefined {
  const engines = ofType(events, 'engine-started').filter(({ epoch }) => epoch === event.epoch);
  return (engines.filter(({ seq }) => seq <= event.seq).at(-1) ?? engines[0])?.bootId;
}

function setBackDoubts(events: readonly DrillEvent[], from: DrillEvent, to: DrillEvent): readonly Doubt[] {
  const between = events.filter(({ seq }) => seq >= from.seq && seq <= to.seq);
  const isSetBack = between.some((event, index) => event.at < (between[index - 1]?.at ?? event.at));
  return isSetBack ? [{ kind: 'clock', because: 'the clock was set back in between' }] : [];
}

function disagreement(wall: Millis, mono: Millis): readonly Doubt[] {
  const mayPartBy = Math.min(CLOCKS_MAY_PART_BY, Math.max(CLOCKS_READ_WITHIN, mono * CLOCKS_MAY_PART_BY_SHARE));
  const parted = Math.abs(wall - mono);
  if (parted <= mayPartBy) return [];
  const because = `wall clock and monotonic clock disagree by ${Math.round(parted) / 1000} s`;
  return [{ kind: 'clock', because }];
}
