import type { Problem } from '../diagnostics/problem.ts';
import type { RestoreSpec } from '../runbook/restore-spec.ts';
import type { ConsistencyGroup } from '../runbook/runbook.ts';
import { type Instant, epochMillisOf, millisBetween } from '../support/time.ts';
import type { FollowedDraw, RecoveryPoint, RecoveryPointListing } from './recovery-point.ts';
import {
  type Choice,
  type Selection,
  type Sha256Hex,
  eligibilityOf,
  selectRecoveryPoint,
  selectionOf,
} from './selection.ts';

/** A resource, what its source holds, and how often its points were drawn before (see `SelectionInput`). */
export interface ListedResource {
  readonly spec: RestoreSpec;
  readonly listing: RecoveryPointListing;
  readonly timesDrawn: Readonly<Record<string, number>>;
}

export interface DrillSelectionInput {
  readonly resources: readonly ListedResource[];
  readonly groups: readonly ConsistencyGroup[];
  readonly seed: string;
  /** The drill's start: `within` counts back from it. */
  readonly startedAt: Instant;
  readonly sha256Hex: Sha256Hex;
}

/**
 * A recovery point for every resource, by name; a follower whose anchor has none has none either, and no problem of its
 * own unless nothing of it is eligible.
 *
 * The first resource of a consistency group, its anchor, is drawn as if there were no group. The others follow: of the
 * points that their windows leave, the combination is chosen whose moments, with the anchor's, lie closest together
 * (`leastSkew`). So only the anchor's draw is random. A follower's own strategy is not asked; its conditions (a tag, a
 * moment to be before) exclude as ever. A resource that two groups name belongs to the first.
 */
export function selectRecoveryPoints(input: DrillSelectionInput): ReadonlyMap<string, Selection> {
  const { resources, groups, ...common } = input;
  const selections = new Map<string, Selection>();
  for (const { spec, ...listed } of resources) {
    if (anchorOf(spec.name, groups) === undefined) {
      selections.set(spec.name, selectRecoveryPoint({ ...common, ...listed, spec }));
    }
  }
  for (const group of groups) {
    const followers = resources.filter(
      ({ spec: { name } }) => groupOf(name, groups) === group && anchorOf(name, groups) !== undefined,
    );
    const anchor = resources.find(({ spec }) => spec.name === group.of[0])?.spec;
    const led = anchor && selections.get(anchor.name);
    const anchorAt = anchor && led?.kind === 'drawn' ? reachedMoment(anchor, led.point) : undefined;
    const lead = anchor && anchorAt !== undefined ? { anchor: anchor.name, anchorAt } : undefined;
    for (const [name, selection] of follow(followers, input, lead)) selections.set(name, selection);
  }
  return selections;
}

/** The resource that another one follows; `undefined` for those whose draw is their own. */
export function anchorOf(resource: string, groups: readonly ConsistencyGroup[] = []): string | undefined {
  const anchor = groupOf(resource, groups)?.of[0];
  return anchor === resource ? undefined : anchor;
}

function groupOf(resource: string, groups: readonly ConsistencyGroup[]): ConsistencyGroup | undefined {
  return groups.find(({ of }) => of.includes(resource));
}

/**
 * The moment whose data a restore of a point will hold: that of the point itself, or the one that WAL is replayed to.
 * `undefined` for a replay to the end of an archive, whose moment only the restore finds out. Points of RDS are of the
 * moment that is asked for already.
 */
export function reachedMoment({ kind, recoveryPoint: { to } }: RestoreSpec, point: RecoveryPoint): Instant | undefined {
  if (kind === 'rds' || to.kind === 'backup-end') return point.capturedAt;
  return to.kind === 'time' ? to.time : undefined;
}

/** Resources of groups whose moment nobody can know before they are restored. */
export function unknownMoments(
  restore: readonly RestoreSpec[],
  groups: readonly ConsistencyGroup[] = [],
): readonly Problem[] {
  return restore.flatMap(({ name, kind, recoveryPoint }): readonly Problem[] => {
    const group = groupOf(name, groups);
    if (group === undefined || kind === 'rds' || recoveryPoint.to.kind !== 'latest') return [];
    return [
      {
        code: 'select/moment-unknown',
        message: `'${name}' of group '${group.name}' is replayed to the latest moment of its archive, which nobody knows before`,
        hint: `Leave 'recoveryPoint.to' of '${name}' out, or name a moment there.`,
        blames: 'environment',
      },
    ];
  });
}

type Lead = Omit<FollowedDraw, 'reaches'>;

/** A resource that follows, and what of it may be chosen. */
interface Follower extends ListedResource {
  readonly choice: Omit<Choice, 'index'>;
  /** Moments of the candidates, ascending, each once, with the candidate that stands for it. */
  readonly moments: readonly { readonly at: number; readonly index: number }[];
}

function follow(
  resources: readonly ListedResource[],
  input: DrillSelectionInput,
  lead: Lead | undefined,
): readonly (readonly [string, Selection])[] {
  const followers = resources.map((resource) => followerOf(resource, input, lead));
  const select = ({ spec, listing, choice }: Follower, index: number) =>
    [spec.name, selectionOf({ ...input, spec, listing }, { ...choice, index })] as const;
  const empty = followers.filter(({ moments }) => moments.length === 0);
  if (empty.length > 0 || lead === undefined) return empty.map((one) => select(one, 0));
  const chosen = leastSkew(
    epochMillisOf(lead.anchorAt),
    followers.map(({ moments }) => moments.map(({ at }) => at)),
  );
  return followers.map((one, place) => select(one, one.moments[chosen[place] ?? -1]?.index ?? -1));
}

function followerOf(resource: ListedResource, { startedAt }: DrillSelectionInput, lead: Lead | undefined): Follower {
  const { spec, listing } = resource;
  const { usable, eligible, excluded } = eligibilityOf({ spec, listing, startedAt });
  const { to } = spec.recoveryPoint;
  const reaches = spec.kind !== 'rds' && to.kind === 'time' ? to.time : undefined;
  const isBeyond = ({ capturedAt }: RecoveryPoint) => reaches !== undefined && millisBetween(reaches, capturedAt) > 0;
  const candidates = eligible.filter((point) => !isBeyond(point));
  const beyond = eligible.filter(isBeyond);
  return {
    ...resource,
    choice: {
      usable,
      candidates,
      excluded: [
        ...excluded,
        ...beyond.map(({ id }) => ({ id, because: 'captured after the moment that is to be restored' })),
      ],
      strategy: `nearest to ${lead?.anchor ?? 'nothing'}`,
      ...(lead && { follows: { ...lead, ...(reaches !== undefined && { reaches }) } }),
    },
    moments: momentsOf(spec, candidates),
  };
}

function momentsOf(spec: RestoreSpec, candidates: readonly RecoveryPoint[]): Follower['moments'] {
  const moments = new Map<number, number>();
  for (const [index, point] of candidates.entries()) {
    const at = epochMillisOf(reachedMoment(spec, point) ?? point.capturedAt);
    const known = candidates[moments.get(at) ?? -1];
    // Of one moment the later point, which has less to replay; of one captured time the first id.
    if (known === undefined || known.capturedAt < point.capturedAt) moments.set(at, index);
  }
  return [...moments].map(([at, index]) => ({ at, index })).sort((a, b) => a.at - b.at);
}

/**
 * For each follower the place of one of its moments (ascending, not empty), so that all of them and the anchor's lie
 * within the shortest time. Of several such combinations the one whose earliest moment is latest; within the time that
 * it spans each follower's latest.
 *
 * Only a follower's neighbours of the anchor count: any other moment of it makes the span longer. The earliest moment
 * is then the anchor's or one of the neighbours before it, and each of these says which neighbour every follower takes.
 */
function leastSkew(anchor: number, followers: readonly (readonly number[])[]): readonly number[] {
  const neighbours = followers.map((moments) => {
    const after = countUpTo(moments, anchor);
    return { before: moments[after - 1] ?? -Infinity, after: moments[after] ?? Infinity };
  });
  const spans = [anchor, ...neighbours.map(({ before }) => before)].map((from) => {
    const beyond = neighbours.filter(({ before }) => before < from).map(({ after }) => after);
    return { from, until: Math.max(anchor, ...beyond) };
  });
  const best = spans
    .filter(({ from }) => from > -Infinity)
    .reduce((a, b) => {
      const longer = b.until - b.from - (a.until - a.from);
      return longer < 0 || (longer === 0 && b.from > a.from) ? b : a;
    });
  return followers.map((moments) => countUpTo(moments, best.until) - 1);
}

/** How many of the numbers, which ascend, are not greater than `limit`. */
function countUpTo(ascending: readonly number[], limit: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? Infinity) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
