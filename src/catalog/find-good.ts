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
  | {
      readonly kind: 'try';
      readonly point: SearchedPoint;
      /** How many may have to be tried after it, at most: when nothing can be told of any. */
      readonly mayFollow: number;
    }
  | { readonly kind: 'ended'; readonly found: Found };

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
export function nextStep(search: Search): SearchStep {
  const { points, tried, budget } = search;
  const { lastGood, firstBad, end, open } = bordersOf(search);
  const untried = open.filter((index) => !tried.has(points[index]?.id ?? ''));
  const middle = firstBad === -1 ? points.length - 1 : Math.floor((lastGood + end) / 2);
  const next = [...untried].sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle))[0];
  const point = next === undefined ? undefined : points[next];
  if (point === undefined || tried.size >= budget) return { kind: 'ended', found: foundSoFar(search) };
  return { kind: 'try', point, mayFollow: Math.min(untried.length, budget - tried.size) - 1 };
}

/** What a search that goes no further has found. */
export function foundSoFar(search: Pick<Search, 'points' | 'tried'>): Found {
  const { points, tried } = search;
  const { lastGood, firstBad, end, open } = bordersOf(search);
  const [good, bad] = [points[lastGood], points[firstBad]];
  return {
    ...(good && { lastGood: good }),
    ...(bad && { firstBad: bad }),
    between: open.flatMap((index) => points[index] ?? []),
    outcome: outcomeOf({ good, bad, open: open.length }),
    contradictions: points.filter(({ id }, index) => index > end && tried.get(id) === 'good'),
  };
}

/** Indices; -1 where there is none. `open` is what lies between the last good and the first bad, which is at `end`. */
function bordersOf({ points, tried }: Pick<Search, 'points' | 'tried'>) {
  const verdicts = points.map(({ id }) => tried.get(id));
  const firstBad = verdicts.indexOf('bad');
  const end = firstBad === -1 ? points.length : firstBad;
  const lastGood = verdicts.slice(0, end).lastIndexOf('good');
  const open = points.map((_, index) => index).slice(lastGood + 1, end);
  return { lastGood, firstBad, end, open };
}

function outcomeOf(of: { good?: SearchedPoint | undefined; bad?: SearchedPoint | undefined; open: number }) {
  if (of.good && of.bad) return of.open === 0 ? 'exact' : 'narrowed';
  if (of.good) return of.open === 0 ? 'nothing-bad' : 'narrowed';
  if (of.bad) return of.open === 0 ? 'none-good' : 'narrowed';
  return 'nothing-known';
}
