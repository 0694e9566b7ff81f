import type { Problem } from '../diagnostics/problem.ts';
import type { Pick, RestoreSpec } from '../runbook/restore-spec.ts';
import { type Instant, addMillis } from '../support/time.ts';
import type { Draw, FollowedDraw, RecoveryPoint, RecoveryPointListing } from './recovery-point.ts';

/** SHA-256 of UTF-8 text, as lower-case hex; passed in, since this room imports nothing. */
export type Sha256Hex = (text: string) => string;

export interface SelectionInput {
  readonly spec: RestoreSpec;
  readonly listing: RecoveryPointListing;
  readonly seed: string;
  /** The drill's start: `within` counts back from it. */
  readonly startedAt: Instant;
  /** How many drills have drawn each recovery point before, by id; asked of by the strategies that `usesHistory` names. */
  readonly timesDrawn: Readonly<Record<string, number>>;
  readonly sha256Hex: Sha256Hex;
}

export type Selection =
  | {
      readonly kind: 'drawn';
      readonly point: RecoveryPoint;
      readonly draw: Draw;
      /** When the next usable point of the source became available; absent for the newest. */
      readonly successorAvailableAt?: Instant;
    }
  | { readonly kind: 'none'; readonly problem: Problem };

/**
 * Draws one recovery point so that anyone can draw it again.
 *
 * Candidates are sorted by captured time, then id. `candidatesDigest` is the SHA-256 of the JSON array of the
 * resource's name and the ids in that order. For n = 0, 1, …, the first 13 hex digits of the SHA-256 of the JSON array
 * `[seed, candidatesDigest, n]` are a number below 2^52; the first one below the greatest multiple of the number of
 * candidates gives, modulo that number, the index.
 *
 * `stratified` first parts the eligible points, in that order, into four strata of equal count by age (fewer points: one
 * each), and takes the one whose points were drawn least often; the same computation over the strata that tie, with all
 * eligible points in the digest, decides between them. What lies in other strata is excluded, and says in which.
 */
export function selectRecoveryPoint(input: SelectionInput): Selection {
  const { spec, seed, sha256Hex } = input;
  const eligibility = eligibilityOf(input);
  const { candidates, others } = narrow(eligibility.eligible, input);
  const excluded = [...eligibility.excluded, ...others];
  const candidatesDigest = digestOf(spec, candidates, sha256Hex);
  return selectionOf(input, {
    usable: eligibility.usable,
    candidates,
    excluded,
    index: candidates.length === 0 ? 0 : drawIndex({ seed, candidatesDigest, count: candidates.length, sha256Hex }),
    strategy: spec.recoveryPoint.pick.kind,
  });
}

/** What a source holds, by captured time and id: all of it, what may be drawn, and why the rest may not. */
export interface Eligibility {
  readonly usable: readonly RecoveryPoint[];
  readonly eligible: readonly RecoveryPoint[];
  readonly excluded: Draw['excluded'];
}

/** The points that the runbook's window and the strategy's own condition leave. */
export function eligibilityOf(input: Omit<SelectionInput, 'seed' | 'timesDrawn' | 'sha256Hex'>): Eligibility {
  const { listing } = input;
  const usable = [...listing.points].sort(byCapturedTimeAndId);
  const judged = usable.map((point) => ({ point, because: reasonToExclude(point, input) }));
  return {
    usable,
    eligible: judged.filter(({ because }) => because === undefined).map(({ point }) => point),
    excluded: [
      ...listing.unusable.map(({ id, problem }) => ({ id, because: problem.message })),
      ...judged.flatMap(({ point, because }) => (because === undefined ? [] : [{ id: point.id, because }])),
    ],
  };
}

/** How one of the candidates came to be chosen. */
export interface Choice {
  readonly usable: readonly RecoveryPoint[];
  readonly candidates: readonly RecoveryPoint[];
  readonly excluded: Draw['excluded'];
  readonly index: number;
  readonly strategy: string;
  readonly follows?: FollowedDraw;
}

/** The chosen point with its evidence; a problem where there was no candidate. */
export function selectionOf(input: Omit<SelectionInput, 'startedAt' | 'timesDrawn'>, choice: Choice): Selection {
  const { spec, listing, seed, sha256Hex } = input;
  const { usable, candidates, excluded, index, strategy, follows } = choice;
  if (candidates.length === 0) {
    return { kind: 'none', problem: problemOfNamed(spec, listing) ?? nothingEligible(spec, excluded) };
  }
  const point = candidates[index];
  if (point === undefined) throw new Error(`index ${index} lies outside ${candidates.length} candidates`);
  const successor = usable[usable.indexOf(point) + 1];
  return {
    kind: 'drawn',
    point,
    draw: {
      resource: spec.name,
      strategy,
      seed,
      candidates: candidates.map(({ id, capturedAt }) => ({ id, capturedAt })),
      excluded,
      candidatesDigest: digestOf(spec, candidates, sha256Hex),
      index,
      ...(follows && { follows }),
    },
    ...(successor && { successorAvailableAt: successor.availableAt }),
  };
}

/** The order of a draw's candidates. */
export function byCapturedTimeAndId(a: RecoveryPoint, b: RecoveryPoint): number {
  return compare(a.capturedAt, b.capturedAt) || compare(a.id, b.id);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function reasonToExclude(
  point: RecoveryPoint,
  { spec, startedAt }: { spec: RestoreSpec; startedAt: Instant },
): string | undefined {
  const { within, pick } = spec.recoveryPoint;
  if (within !== undefined && point.capturedAt < addMillis(startedAt, -within)) {
    return `captured at ${point.capturedAt}, before the window`;
  }
  if (pick.kind === 'before' && point.capturedAt >= pick.moment) return `not captured before ${pick.moment}`;
  if (pick.kind === 'after' && point.capturedAt <= pick.moment) return `not captured after ${pick.moment}`;
  if (pick.kind === 'tag' && !point.tags.includes(pick.tag)) return `does not carry the tag '${pick.tag}'`;
  if (pick.kind === 'id' && point.id !== pick.id) return `is not '${pick.id}'`;
  return undefined;
}

/** Whether a strategy asks how often points were drawn before. */
export function usesHistory({ kind }: Pick): boolean {
  return kind === 'least-tested' || kind === 'stratified';
}

/** The points that are drawn from, and those that the strategy leaves for another time. */
interface Narrowed {
  readonly candidates: readonly RecoveryPoint[];
  readonly others: Draw['excluded'];
}

/** What a strategy leaves of the eligible points, which are sorted by captured time and id. */
function narrow(eligible: readonly RecoveryPoint[], input: SelectionInput): Narrowed {
  const { pick } = input.spec.recoveryPoint;
  if (pick.kind === 'stratified') return leastDrawnStratum(eligible, input);
  if (pick.kind === 'latest' || pick.kind === 'before') return { candidates: eligible.slice(-1), others: [] };
  if (pick.kind === 'oldest' || pick.kind === 'after') return { candidates: eligible.slice(0, 1), others: [] };
  if (pick.kind !== 'least-tested') return { candidates: eligible, others: [] };
  const times = ({ id }: RecoveryPoint) => input.timesDrawn[id] ?? 0;
  const fewest = Math.min(...eligible.map(times));
  return { candidates: eligible.filter((point) => times(point) === fewest), others: [] };
}

const STRATA = 4;

function leastDrawnStratum(eligible: readonly RecoveryPoint[], input: SelectionInput): Narrowed {
  const { spec, seed, timesDrawn, sha256Hex } = input;
  const count = Math.min(STRATA, eligible.length);
  if (count === 0) return { candidates: [], others: [] };
  const bound = (index: number) => Math.floor((index * eligible.length) / count);
  const strata = Array.from({ length: count }, (_, index) => {
    const points = eligible.slice(bound(index), bound(index + 1));
    return { points, number: index + 1, times: points.reduce((sum, { id }) => sum + (timesDrawn[id] ?? 0), 0) };
  });
  const fewest = Math.min(...strata.map(({ times }) => times));
  const tied = strata.filter(({ times }) => times === fewest);
  const candidatesDigest = digestOf(spec, eligible, sha256Hex);
  const chosen = tied[drawIndex({ seed, candidatesDigest, count: tied.length, sha256Hex })];
  const others = strata
    .filter((one) => one !== chosen)
    .flatMap(({ points, number, times }) => {
      const because = `lies in stratum ${number} of ${count} by age, from which ${times} were drawn`;
      return points.map(({ id }) => ({ id, because }));
    });
  return { candidates: chosen?.points ?? [], others };
}

function digestOf({ name }: RestoreSpec, points: readonly RecoveryPoint[], sha256Hex: Sha256Hex): string {
  return sha256Hex(JSON.stringify([name, ...points.map(({ id }) => id)]));
}

/** Below 2^52, so that every value is exact as a JavaScript number. */
const HEX_DIGITS = 13;

function drawIndex(draw: { seed: string; candidatesDigest: string; count: number; sha256Hex: Sha256Hex }): number {
  const limit = 16 ** HEX_DIGITS - (16 ** HEX_DIGITS % draw.count);
  for (let n = 0; ; n += 1) {
    const digest = draw.sha256Hex(JSON.stringify([draw.seed, draw.candidatesDigest, n]));
    const value = Number.parseInt(digest.slice(0, HEX_DIGITS), 16);
    if (value < limit) return value % draw.count;
  }
}

/** What is wrong with the one point that the runbook asks for speaks for itself: its hint, and whom it blames. */
function problemOfNamed({ recoveryPoint: { pick } }: RestoreSpec, listing: RecoveryPointListing): Problem | undefined {
  return pick.kind === 'id' ? listing.unusable.find(({ id }) => id === pick.id)?.problem : undefined;
}

/** Whether a problem says that nothing could be drawn for this resource. */
export function lacksRecoveryPoint({ code, message }: Problem, resource: string): boolean {
  return code === 'select/no-recovery-point' && message.startsWith(`no recovery point of '${resource}' `);
}

function nothingEligible(spec: RestoreSpec, excluded: readonly { id: string; because: string }[]): Problem {
  const reasons = excluded.slice(0, 3).map(({ id, because }) => `'${id}': ${because}`);
  const why =
    excluded.length === 0 ? 'its source holds none' : `all ${excluded.length} are excluded (${reasons.join('; ')})`;
  return {
    code: 'select/no-recovery-point',
    message: `no recovery point of '${spec.name}' can be drawn: ${why}`,
    hint: `Look at 'drillbook recovery-points', then widen 'recoveryPoint' of '${spec.name}' or mend the backups.`,
    blames: 'environment',
  };
}
