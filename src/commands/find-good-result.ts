import type { Found, PointVerdict, SearchedPoint } from '../catalog/find-good.ts';
import type { RecoveryPointListing } from '../catalog/recovery-point.ts';
import { worstExitCode } from '../report/exit-code.ts';
import { formatCount, formatInstant, formatSeconds } from '../report/format.ts';
import type { CheckSpec } from '../runbook/check-spec.ts';
import type { RestoreSpec } from '../runbook/restore-spec.ts';
import type { Runbook } from '../runbook/runbook.ts';
import { type Instant, millisBetween } from '../support/time.ts';
import type { Cut, SearchEnd, Try } from './find-good-search.ts';

/** Recovery points captured then or later, and before. */
export interface SearchWindow {
  readonly after?: Instant;
  readonly before?: Instant;
}

/** What a search has found, as `--json` prints it. Its keys stay. */
export interface FindGoodResult {
  readonly schema: 1;
  readonly runbook: string;
  readonly check: { readonly id: string; readonly name: string };
  readonly resource: string;
  readonly source: string;
  readonly window: SearchWindow;
  /** How many recovery points lie in the window. */
  readonly points: number;
  readonly budget: number;
  readonly outcome: Found['outcome'];
  /** Why the search ended before it was done. */
  readonly cutShortBy: Cut | null;
  readonly lastGood: FoundPoint | null;
  readonly firstBad: FoundPoint | null;
  readonly between: readonly (FoundPoint & { readonly because: string })[];
  readonly contradictions: readonly FoundPoint[];
  /** What going back to the last good one loses. */
  readonly lost: { readonly from: Instant; readonly until: Instant; readonly seconds: number } | null;
  readonly drills: readonly (FoundPoint & {
    readonly drillId: string;
    readonly verdict: PointVerdict;
    readonly because: string;
  })[];
  /** What the source holds besides and nobody can restore; its time is not known. */
  readonly unusable: readonly { readonly id: string; readonly because: string }[];
}

interface FoundPoint {
  readonly id: string;
  readonly capturedAt: Instant;
  /** The drill that tried it; null where none did. */
  readonly drillId: string | null;
}

export interface Searched {
  readonly runbook: Pick<Runbook, 'name'>;
  readonly check: Pick<CheckSpec, 'id' | 'name'>;
  readonly spec: Pick<RestoreSpec, 'name' | 'source'>;
  readonly window: SearchWindow;
  readonly budget: number;
  readonly points: readonly SearchedPoint[];
  readonly unusable: RecoveryPointListing['unusable'];
  readonly end: SearchEnd;
  readonly now: Instant;
}

/** Everything that a search is asked for, in one document. */
export function findGoodResult(searched: Searched): FindGoodResult {
  const { runbook, check, spec, window, budget, points, unusable, end, now } = searched;
  const { found, tries, cut = null } = end;
  const tryOf = (point: SearchedPoint) => tries.find((one) => one.point.id === point.id);
  const foundPoint = (point: SearchedPoint): FoundPoint => {
    return { id: point.id, capturedAt: point.capturedAt, drillId: tryOf(point)?.drillId ?? null };
  };
  const { lastGood, firstBad } = found;
  return {
    schema: 1,
    runbook: runbook.name,
    check: { id: check.id, name: check.name },
    resource: spec.name,
    source: spec.source,
    window,
    points: points.length,
    budget,
    outcome: found.outcome,
    cutShortBy: cut,
    lastGood: lastGood ? foundPoint(lastGood) : null,
    firstBad: firstBad ? foundPoint(firstBad) : null,
    between: found.between.map((point) => ({ ...foundPoint(point), because: whyOpen(tryOf(point), cut) })),
    contradictions: found.contradictions.map(foundPoint),
    lost: lastGood ? lostSince(lastGood.capturedAt, window, now) : null,
    drills: tries.map(({ point, drillId, verdict, because }) => ({ ...foundPoint(point), drillId, verdict, because })),
    unusable: unusable.map(({ id, problem }) => ({ id, because: problem.message })),
  };
}

function whyOpen(tried: Try | undefined, cut: Cut | null): string {
  if (tried !== undefined) return `could not be told: ${tried.because}`;
  return cut === null ? 'not tried: the budget was used up' : 'not tried: the search was cut short';
}

/** Data of the future is not lost. */
function lostSince(from: Instant, { before }: SearchWindow, now: Instant): FindGoodResult['lost'] {
  const until = before !== undefined && before < now ? before : now;
  return { from, until, seconds: millisBetween(from, until) / 1_000 };
}

const CODE_OF_OUTCOME = { exact: 0, 'nothing-bad': 0, 'none-good': 1, narrowed: 3, 'nothing-known': 3 } as const;
const CODE_OF_CUT = { leaked: 4, interrupted: 130, stopped: 3 } as const;

/** 0 found, or nothing is bad; 1 none is good; 3 narrowed, or nothing known; what cut a search short counts first. */
export function exitCodeOfSearch({ outcome, cutShortBy }: Pick<FindGoodResult, 'outcome' | 'cutShortBy'>): number {
  const code = CODE_OF_OUTCOME[outcome];
  return cutShortBy === null ? code : worstExitCode(code, CODE_OF_CUT[cutShortBy]);
}

/** The same for people. */
export function findGoodInWords(result: FindGoodResult): string {
  const { check, resource, source, points, lastGood, firstBad, lost, between, contradictions, drills, unusable } =
    result;
  const lines = [
    `'${check.name}' of ${resource} (${source}), ${formatCount(points, 'recovery point')}: ${OUTCOMES[result.outcome]}`,
    ...(result.cutShortBy === null ? [] : [`cut short: ${CUTS[result.cutShortBy]}`]),
    `last good: ${pointInWords(lastGood)}`,
    `first bad: ${pointInWords(firstBad)}`,
    ...betweenInWords(between, result),
    ...contradictions.map(
      (point) =>
        `contradiction: ${pointInWords(point)} is good and newer than the first bad: what is wrong comes and goes`,
    ),
    ...(lost === null ? [] : [lostInWords(lost)]),
    ...unusable.map(({ id, because }) => `not searched: '${id}' is not usable: ${because}`),
    ...(drills.length === 0 ? [] : ['drills:']),
    ...drills.map(({ drillId, id, verdict, because }) => `  ${VERDICTS[verdict]}  '${id}'  ${drillId}: ${because}`),
  ];
  const isByHalves = firstBad !== null && drills.length < points;
  const belief = isByHalves ? ['taken for granted: what went wrong once stayed wrong; not every point was tried'] : [];
  return `${[...lines, ...belief].join('\n  ')}\n`;
}

const OUTCOMES = {
  exact: 'the border is found',
  narrowed: 'the border is narrowed down, not found',
  'none-good': 'none is good, the oldest is bad already',
  'nothing-bad': 'the newest is good',
  'nothing-known': 'nothing could be told',
} as const;
const CUTS = {
  leaked: 'the last drill left something behind; its report lists it',
  interrupted: 'it was interrupted',
  stopped: 'the last drill could not keep its evidence',
} as const;
const VERDICTS = { good: 'good   ', bad: 'bad    ', unknown: 'unknown' } as const;

function pointInWords(point: FoundPoint | null): string {
  return point === null ? 'none known' : `'${point.id}', captured ${formatInstant(point.capturedAt)}`;
}

/** As many as fit on a screen; the JSON has all. */
const SHOWN = 10;

function betweenInWords(
  between: FindGoodResult['between'],
  { lastGood, firstBad }: Pick<FindGoodResult, 'lastGood' | 'firstBad'>,
): readonly string[] {
  if (between.length === 0) return [];
  const where =
    lastGood && firstBad
      ? 'between'
      : lastGood
        ? 'newer than the last good'
        : firstBad
          ? 'older than the first bad'
          : 'open';
  const rest = between.length - SHOWN;
  return [
    `${where}: ${formatCount(between.length, 'recovery point')}`,
    ...between.slice(0, SHOWN).map((point) => `  ${pointInWords(point)}: ${point.because}`),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
  ];
}

function lostInWords({ from, until, seconds }: NonNullable<FindGoodResult['lost']>): string {
  return `going back to the last good loses ${formatSeconds(seconds)} of data: from ${formatInstant(from)} to ${formatInstant(until)}`;
}
