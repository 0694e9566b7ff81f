import { type Instant, type Millis, millisBetween } from '../support/time.ts';
import type { FoundResource } from './found.ts';

/** An objective as a runbook writes it, and how it was found. */
export interface Proposed {
  readonly target: string;
  readonly because: string;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Durations that people write, shortest first. */
const ROUND: readonly (readonly [string, Millis])[] = [
  ...[5, 10, 15, 30].map((count): [string, Millis] => [`${count}m`, count * MINUTE]),
  ...[1, 2, 3, 4, 6, 8, 12, 18, 24, 36].map((count): [string, Millis] => [`${count}h`, count * HOUR]),
  ...[2, 3, 4, 5, 7, 10, 14, 21, 30, 45, 60, 90, 120, 180, 365].map((count): [string, Millis] => [
    `${count}d`,
    count * DAY,
  ]),
];

/** Backups are rarely taken to the second: so much less than a round duration is that duration still. */
const SLACK = 0.99;
const MARGIN = 1.5;
const WITHOUT_DISTANCE = '24h';

/** The first round duration that is as long; beyond all of them, whole years. */
export function roundUp(millis: Millis): string {
  const found = ROUND.find(([, length]) => length >= millis * SLACK);
  return found ? found[0] : `${365 * Math.ceil((millis * SLACK) / (365 * DAY))}d`;
}

/** How much data may be lost, by the usual distance between the points of the resource whose points lie furthest apart. */
export function proposedRpo(resources: readonly FoundResource[]): Proposed {
  const distances = resources.flatMap(({ name, points }) => {
    const usual = usualDistance(points.map(({ capturedAt }) => capturedAt));
    return usual === undefined ? [] : [{ name, count: points.length, usual }];
  });
  const widest = distances.toSorted((a, b) => b.usual - a.usual)[0];
  if (!widest) {
    const because = 'No source holds two points that tell how often backups are taken: a day, until you know better.';
    return { target: WITHOUT_DISTANCE, because };
  }
  const of = resources.length > 1 ? ` of ${widest.name}` : '';
  return {
    target: roundUp(widest.usual * MARGIN),
    because: `The ${widest.count} points${of} usually lie ${inWords(widest.usual)} apart: half as much again, and rounded up.`,
  };
}

/** How long a recovery may take, by the size of the newest points together. */
export function proposedRto(resources: readonly FoundResource[]): Proposed {
  const sizes = resources.map(({ bytes }) => bytes);
  if (sizes.includes(undefined)) {
    return {
      target: '1h',
      because: 'How large the backups are is not known of all of them: an hour, until a drill has measured.',
    };
  }
  const bytes = sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  const isSmall = bytes < SMALL_GIB * GIB;
  const because = `The newest backups are ${isSmall ? 'less than' : 'at least'} ${SMALL_GIB} GiB as stored: ${isSmall ? 'a quarter of an hour' : 'an hour'}, until a drill has measured.`;
  return { target: isSmall ? '15m' : '1h', because };
}

const GIB = 1024 ** 3;
const SMALL_GIB = 10;

/** The window that holds every point, with room for them to grow older; none where there is but one, which it would lose. */
export function windowOf(moments: readonly Instant[], now: Instant): string | undefined {
  const [oldest] = moments.toSorted();
  if (oldest === undefined || moments.length < 2) return undefined;
  return roundUp(Math.max(DAY, millisBetween(oldest, now) * MARGIN));
}

/** The median of the distances from each moment to the next; `undefined` when there are no two different ones. */
function usualDistance(moments: readonly Instant[]): Millis | undefined {
  const sorted = [...new Set(moments)].sort();
  const distances = sorted.slice(1).map((moment, index) => millisBetween(sorted[index] ?? moment, moment));
  return distances.toSorted((a, b) => a - b)[Math.floor(distances.length / 2)];
}

/** About how long, in the largest unit of which there are two; else in the next smaller one. */
function inWords(millis: Millis): string {
  if (millis >= 2 * DAY) return `${Math.round(millis / DAY)} days`;
  if (millis >= 2 * HOUR) return `${Math.round(millis / HOUR)} hours`;
  if (millis >= 2 * MINUTE) return `${Math.round(millis / MINUTE)} minutes`;
  return 'less than two minutes';
}
