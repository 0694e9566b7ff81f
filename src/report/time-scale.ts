import { millisBetween } from '../support/time.ts';
import type { Report } from './report.ts';

/** Maps the seconds of a drill to the width of a picture. */
export interface TimeScale {
  /** Seconds since the start of the drill at the right edge. */
  readonly seconds: number;
  /** Whether long interruptions are drawn shorter than they were, so that what happened stays visible. */
  readonly isCut: boolean;
  /** Where a moment lies, from 0 to 1. */
  place(secondsSinceStart: number): number;
}

interface Gap {
  readonly from: number;
  readonly until: number;
}

/** The widest that an interruption is drawn, as a share of all other time. */
const WIDEST_GAP = 0.12;

/** A scale from the start of a drill to the end of all that was timed. */
export function timeScaleOf({ startedAt, timeline, interruptions }: Report): TimeScale {
  const sinceStart = (instant: string) => millisBetween(startedAt, instant) / 1_000;
  const seconds = Math.max(0.001, ...timeline.map((entry) => sinceStart(entry.startedAt) + entry.seconds));
  const gaps = interruptions
    .map(({ from, until }): Gap => ({
      from: clamp(sinceStart(from), seconds),
      until: clamp(sinceStart(until), seconds),
    }))
    .filter(({ from, until }) => until > from);
  const idle = gaps.reduce((sum, { from, until }) => sum + until - from, 0);
  const widest = Math.max(0.001, (seconds - idle) * WIDEST_GAP);
  const cutUntil = (moment: number) =>
    gaps.reduce((sum, { from, until }) => {
      const whole = until - from;
      const share = clamp((moment - from) / whole, 1);
      return sum + share * Math.max(0, whole - widest);
    }, 0);
  const width = seconds - cutUntil(seconds);
  return {
    seconds,
    isCut: cutUntil(seconds) > 0,
    place: (moment) => clamp((clamp(moment, seconds) - cutUntil(moment)) / width, 1),
  };
}

function clamp(value: number, most: number): number {
  return Math.min(most, Math.max(0, value));
}
