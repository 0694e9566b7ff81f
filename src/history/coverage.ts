import type { RecoveryPoint } from '../catalog/recovery-point.ts';
import type { Verdict } from '../drill/verdict.ts';
import type { RestoreSpec } from '../runbook/restore-spec.ts';
import type { Runbook } from '../runbook/runbook.ts';
import type { Instant } from '../support/time.ts';
import type { Confidence } from '../catalog/confidence.ts';
import { confidenceOfDraws } from './confidence.ts';
import type { IndexedDrill } from './drill-index.ts';
import type { ResourceSummary } from './drill-summary.ts';
import { type PointHistory, type RecordedPoint, isFromTheFuture } from './point-history.ts';
import { provesDigest } from './proves-digest.ts';
import { type Source, isSameResource, sourceKey, sourcedResource } from './source-of.ts';
import { type ProvenDrill, staleReasons } from './stale.ts';

/** How well a runbook has been drilled. */
export interface RunbookCoverage {
  readonly runbook: string;
  readonly tier?: string;
  readonly drills: number;
  readonly lastDrill?: LastDrill;
  /** When the resource that waits longest was last verified; absent while any of them never was. */
  readonly verifiedAt?: Instant;
  readonly resources: readonly ResourceCoverage[];
}

export interface ResourceCoverage {
  readonly resource: string;
  readonly source: string;
  /** Drills of a runbook that held it, those that never got to draw a recovery point too. */
  readonly drills: number;
  readonly lastDrill?: LastDrill;
  /** The last drill that restored it, verified it and left nothing. */
  readonly lastVerified?: { readonly drillId: string; readonly at: Instant };
  /** Why that says less than it did: sentences without their full stop. */
  readonly stale: readonly string[];
  /** When its source was last seen to hold nothing that could be drawn, and nothing was drawn since. */
  readonly lacksPointsSince?: Instant;
  /** Recovery points that its source holds now, as a look just now or else the last draw saw them. */
  readonly present: PointCount & { readonly neverDrawn: readonly string[] };
  /** All that any draw ever saw. */
  readonly recorded: PointCount;
  /** Absent without any random draw. */
  readonly confidence?: Confidence;
}

export interface PointCount {
  readonly points: number;
  /** Of these, how many were ever restored and verified. */
  readonly proven: number;
}

export interface LastDrill {
  readonly drillId: string;
  readonly at: Instant;
  readonly verdict: Verdict;
}

export interface CoverageInput {
  /** Those of the runbook, oldest first. */
  readonly drills: readonly IndexedDrill[];
  readonly points: PointHistory;
  readonly now: Instant;
  /** What the sources of the runbook hold at this moment, by resource, where they were asked. */
  readonly live?: ReadonlyMap<string, readonly RecoveryPoint[]>;
}

/** The drills of each runbook, by its name, in the order they have. */
export function drillsByRunbook<Drill extends { readonly runbook: string }>(
  drills: readonly Drill[],
): ReadonlyMap<string, readonly Drill[]> {
  const byRunbook = new Map<string, Drill[]>();
  for (const drill of drills) {
    const own = byRunbook.get(drill.runbook);
    if (own) own.push(drill);
    else byRunbook.set(drill.runbook, [drill]);
  }
  return byRunbook;
}

/** What has been drilled of a runbook as it is now, and what was never. */
export function coverageOf(runbook: Runbook, input: CoverageInput): RunbookCoverage {
  const { drills } = input;
  const proves = provesDigest(runbook);
  const resources = runbook.restore.map((spec) => resourceCoverage({ runbook, spec, proves }, input));
  const verifiedAt = longestAgo(resources.map(({ lastVerified }) => lastVerified?.at));
  return {
    runbook: runbook.name,
    ...(runbook.tier !== undefined && { tier: runbook.tier }),
    drills: drills.length,
    ...lastOf(drills),
    ...(verifiedAt !== undefined && { verifiedAt }),
    resources,
  };
}

/** When all resources of a runbook had last been verified; `undefined` while any of them never was. */
export function lastVerifiedOf(runbook: Runbook, drills: readonly IndexedDrill[], now: Instant): Instant | undefined {
  const own = drills.filter((drill) => drill.runbook === runbook.name);
  return longestAgo(
    runbook.restore.map((spec) => lastVerified(ofResource(runbook, spec, own), now)?.resource.verifiedAt),
  );
}

/** What the random draws of each resource of a runbook say, by resource; those without any are not in it. */
export function confidencesOf(runbook: Runbook, drills: readonly IndexedDrill[]): ReadonlyMap<string, Confidence> {
  const own = drills.filter((drill) => drill.runbook === runbook.name);
  return new Map(
    runbook.restore.flatMap((spec) => {
      const confidence = confidenceOfDraws(ofResource(runbook, spec, own));
      return confidence ? [[spec.name, confidence] as const] : [];
    }),
  );
}

function longestAgo(moments: readonly (Instant | undefined)[]): Instant | undefined {
  return moments.includes(undefined) ? undefined : moments.flatMap((at) => at ?? []).sort()[0];
}

/** A drill that held a resource, and what became of it there. */
interface ResourceDrill {
  readonly drill: IndexedDrill;
  readonly resource: ResourceSummary;
}

function ofResource(runbook: Runbook, spec: RestoreSpec, drills: readonly IndexedDrill[]): readonly ResourceDrill[] {
  const now = sourcedResource(runbook, spec);
  return drills.flatMap((drill) => {
    const { place } = drill;
    const resource = drill.resources.find((was) =>
      isSameResource({ ...was, ...(place !== undefined && { place }) }, now),
    );
    return resource ? [{ drill, resource }] : [];
  });
}

interface ResourceLook {
  readonly runbook: Runbook;
  readonly spec: RestoreSpec;
  readonly proves: string;
}

function resourceCoverage({ runbook, spec, proves }: ResourceLook, input: CoverageInput): ResourceCoverage {
  const { drills, points, now } = input;
  const own = ofResource(runbook, spec, drills);
  const drawn = own.findLast(({ resource }) => resource.point !== undefined);
  const recorded = points.of(sourcesOf(own));
  const live = input.live?.get(spec.name);
  const present = live ?? (drawn ? points.seenBy(drawn.drill, drawn.resource) : []);
  const proven = lastVerified(own, now);
  const engine = engineOf(live) ?? drawn?.resource.point?.engine;
  const lacksSince = lacksPointsSince(own, live, now);
  const confidence = confidenceOfDraws(own);
  return {
    resource: spec.name,
    source: spec.source,
    drills: own.length,
    ...lastOf(own.map(({ drill }) => drill)),
    ...(proven?.resource.verifiedAt !== undefined && {
      lastVerified: { drillId: proven.drill.drillId, at: proven.resource.verifiedAt },
    }),
    stale: proven
      ? staleReasons(proven, { proves, objectives: runbook.objectives, ...(engine !== undefined && { engine }) })
      : [],
    ...(lacksSince !== undefined && { lacksPointsSince: lacksSince }),
    present: presentPoints(present, recorded),
    recorded: { points: recorded.length, proven: recorded.filter((point) => point.proven).length },
    ...(confidence && { confidence }),
  };
}

/** Every way in which the drills of a resource named its source: checkouts lie in different folders. */
function sourcesOf(own: readonly ResourceDrill[]): readonly Source[] {
  const sources = own.map(({ drill: { place }, resource: { kind, source } }): Source => {
    return { kind, source, ...(place !== undefined && { place }) };
  });
  return [...new Map(sources.map((source) => [sourceKey(source), source])).values()];
}

function presentPoints(
  present: readonly Pick<RecordedPoint, 'id' | 'capturedAt'>[],
  recorded: readonly RecordedPoint[],
): ResourceCoverage['present'] {
  const known = new Map(recorded.map((point) => [`${point.capturedAt} ${point.id}`, point]));
  const seen = present.map(({ id, capturedAt }) => ({ id, known: known.get(`${capturedAt} ${id}`) }));
  return {
    points: seen.length,
    proven: seen.filter((point) => point.known?.proven).length,
    neverDrawn: seen.filter((point) => (point.known?.timesDrawn ?? 0) === 0).map(({ id }) => id),
  };
}

/** The engine of the newest point. */
function engineOf(live: readonly RecoveryPoint[] | undefined): string | undefined {
  const newest = live?.reduce<RecoveryPoint | undefined>(
    (last, point) => (last && last.capturedAt > point.capturedAt ? last : point),
    undefined,
  );
  return newest && `${newest.engine.name} ${newest.engine.version}`;
}

function lacksPointsSince(
  own: readonly ResourceDrill[],
  live: readonly RecoveryPoint[] | undefined,
  now: Instant,
): Instant | undefined {
  if (live && live.length > 0) return undefined;
  const lastDrawn = own.findLastIndex(({ resource }) => resource.point !== undefined);
  const since = own.slice(lastDrawn + 1).find(({ resource }) => resource.lacksPoint);
  return since?.drill.startedAt ?? (live && now);
}

function lastOf(drills: readonly IndexedDrill[]): { lastDrill?: LastDrill } {
  const last = drills.at(-1);
  return last ? { lastDrill: { drillId: last.drillId, at: last.startedAt, verdict: last.verdict } } : {};
}

function lastVerified(own: readonly ResourceDrill[], now: Instant): ProvenDrill | undefined {
  return own.findLast(({ resource: { verifiedAt } }) => verifiedAt !== undefined && !isFromTheFuture(verifiedAt, now));
}
