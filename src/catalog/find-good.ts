import type { Instant } from '../support/time.ts';

/** What a drill of one recovery point showed of the check that is searched with; `unknown`: it could not be told. */
export type PointVerdict = 'good' | 'bad' | 'unknown';

export interface SearchedPoint {
  readonly id: string;
  readonly capturedAt: Instant;
}

/** A search for the last recovery point before which something was still right. */
export interface Search {
  /** By captured time, oldest first. */
  readonly points: readonly SearchedPoint[];
  /** What has been tried, by id. */
  readonly tried: ReadonlyMap<string, PointVerdict>;
  /** How many may be tried in all. */
  readonly budget: number;
}

export type SearchStep =
  { readonly kind: 'try'; readonly point: SearchedPoint } | { readonly kind: 'ended'; readonly found: Found };

/** What a search has found. Both ends are recovery points that were tried. */
export interface Found {
  readonly lastGood?: SearchedPoint;
  readonly firstBad?: SearchedPoint;
  /** Between the two (or on the open side of the only one), what was not tried or could not be told. */
  readonly between: readonly SearchedPoint[];
  readonly outcome: 'exact' | 'narrowed' | 'none-good' | 'nothing-bad' | 'nothing-known';
  /** Recovery points that were good although an older one was bad: then no search by halves can be believed. */
  readonly contradictions: readonly SearchedPoint[];
}

/**
 * The next recovery point to try, or what was found: the newest first, since when it is good nothing is to be searched,
 * then by halves. It takes for granted that what went wrong once stays wrong; what it sees of the opposite it tells.
 * A point of which nothing can be told is passed over for the one nearest to it.
 */
export function nextStep({ points, tried, budget }: Search): SearchStep {
  const verdicts = points.map(({ id }) => tried.get(id));
  const firstBad = verdicts.indexOf('bad');
  const end = firstBad === -1 ? points.length : firstBad;
  const lastGood = verdicts.slice(0, end).lastIndexOf('good');
  const open = points.map((_, index) => index).slice(lastGood + 1, end);
  const untried = open.filter((index) => verdicts[index] === undefined);
  const middle = firstBad === -1 ? points.length - 1 : Math.floor((lastGood + end) / 2);
  const next = [...untried].sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle))[0];
  const point = next === undefined ? undefined : points[next];
  if (point !== undefined && tried.size < budget) return { kind: 'try', point };
  const contradictions = points.filter((_, index) => index > end && verdicts[index] === 'good');
  const [good, bad] = [points[lastGood], points[firstBad]];
  return {
    kind: 'ended',
    found: {
      ...(good && { lastGood: good }),
      ...(bad && { firstBad: bad }),
      between: open.flatMap((index) => points[index] ?? []),
      outcome: outcomeOf({ good, bad, open: open.length }),
      contradictions,
    },
  };
}

function outcomeOf(of: { good?: SearchedPoint | undefined; bad?: SearchedPoint | undefined; open: number }) {
  if (of.good && of.bad) return of.open === 0 ? 'exact' : 'narrowed';
  if (of.good) return of.open === 0 ? 'nothing-bad' : 'narrowed';
  if (of.bad) return of.open === 0 ? 'none-good' : 'narrowed';
  return 'nothing-known';
}
