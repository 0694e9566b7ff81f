import { type Instant, type Millis, millisBetween } from '../support/time.ts';
import type { IndexedDrill } from './drill-index.ts';
import type { PointSummary, ResourceSummary } from './drill-summary.ts';
import { type StoredDraw, type StoredSource, indicesOf } from './recorded-points.ts';
import { type Source, sourceKey } from './source-of.ts';

/** A recovery point as draws have seen it, and what became of it. */
export interface RecordedPoint {
  readonly id: string;
  readonly capturedAt: Instant;
  /** Start of the last drill that could have drawn it. */
  readonly lastSeen: Instant;
  readonly timesDrawn: number;
  /** The last drill that restored it, verified everything and left nothing. */
  readonly proven?: Proven;
  /** What else is known of it; only a point that was drawn is described by a journal. */
  readonly described?: PointSummary;
}

export interface Proven {
  readonly at: Instant;
  readonly by: string;
}

/** The recovery points that draws have seen. */
export interface PointHistory {
  readonly sources: readonly Source[];
  /** Those of a source that was written in any of these ways, each once, by captured time and id. */
  of(sources: readonly Source[]): readonly RecordedPoint[];
  /** Those that the draw for a resource could have chosen, by captured time and id. */
  seenBy(drill: IndexedDrill, resource: ResourceSummary): readonly Pick<RecordedPoint, 'id' | 'capturedAt'>[];
}

/** How far two machines' clocks may lie apart; a verified restore later than that from now is not believed. */
const CLOCK_SLACK: Millis = 5 * 60_000;

/** Whether a moment lies so far ahead that no clock that is merely wrong can have told it. */
export function isFromTheFuture(at: Instant, now: Instant): boolean {
  return millisBetween(at, now) < -CLOCK_SLACK;
}

/** Puts what draws have seen and what drills have proven together, as of now. */
export function pointHistory(of: {
  stored: readonly StoredSource[];
  drills: readonly IndexedDrill[];
  now: Instant;
}): PointHistory {
  const { stored, drills, now } = of;
  const bySource = new Map(stored.map((one) => [sourceKey(one), one]));
  const startedAt = new Map(drills.map(({ folder, startedAt }) => [folder, startedAt]));
  const drawn = drawnBySource(drills);
  return {
    sources: stored.map(({ kind, source, place }) => ({ kind, source, ...(place !== undefined && { place }) })),
    of(sources) {
      const keys = new Set(sources.map(sourceKey));
      const all = [...keys].flatMap((key) => {
        const one = bySource.get(key);
        return one ? [recorded({ stored: one, drawn: drawn.get(key) ?? [], startedAt, now })] : [];
      });
      return all.length === 1 ? (all[0] ?? []) : merged(all.flat());
    },
    seenBy({ folder, place }, { name, kind, source }) {
      const one = bySource.get(sourceKey({ kind, source, ...(place !== undefined && { place }) }));
      const draw = one?.draws.find((one) => one[0] === folder && one[1] === name);
      if (one === undefined || draw === undefined) return [];
      return runsOf(draw).map((index) => ({ id: one.ids[index] ?? '', capturedAt: one.capturedAt[index] ?? '' }));
    },
  };
}

interface Drawn {
  readonly drillId: string;
  readonly resource: ResourceSummary;
  readonly point: PointSummary;
}

/** Oldest first, as the drills are. */
function drawnBySource(drills: readonly IndexedDrill[]): ReadonlyMap<string, readonly Drawn[]> {
  const bySource = new Map<string, Drawn[]>();
  for (const { drillId, place, resources } of drills) {
    for (const resource of resources) {
      const { kind, source, point } = resource;
      if (point === undefined) continue;
      const key = sourceKey({ kind, source, ...(place !== undefined && { place }) });
      const drawn = bySource.get(key) ?? [];
      bySource.set(key, drawn);
      drawn.push({ drillId, resource, point });
    }
  }
  return bySource;
}

interface Recording {
  readonly stored: StoredSource;
  readonly drawn: readonly Drawn[];
  readonly startedAt: ReadonlyMap<string, Instant>;
  readonly now: Instant;
}

function recorded({ stored, drawn, startedAt, now }: Recording): readonly RecordedPoint[] {
  const lastSeen: Instant[] = [];
  for (const draw of stored.draws) {
    const at = startedAt.get(draw[0]);
    if (at === undefined) continue;
    for (const index of runsOf(draw)) if ((lastSeen[index] ?? '') < at) lastSeen[index] = at;
  }
  const draws = new Map<string, Drawn[]>();
  for (const one of drawn) {
    const same = draws.get(one.point.id);
    if (same) same.push(one);
    else draws.set(one.point.id, [one]);
  }
  return stored.ids.flatMap((id, index): readonly RecordedPoint[] => {
    const [capturedAt = '', seen] = [stored.capturedAt[index], lastSeen[index]];
    if (seen === undefined) return [];
    const own = draws.get(id)?.filter(({ point }) => point.capturedAt === capturedAt) ?? [];
    const point = { id, capturedAt, lastSeen: seen, timesDrawn: own.length };
    return [own.length === 0 ? point : { ...point, ...whatBecame(own, now) }];
  });
}

function whatBecame(draws: readonly Drawn[], now: Instant): Pick<RecordedPoint, 'proven' | 'described'> {
  const proving = draws.findLast(
    ({ resource: { verifiedAt } }) => verifiedAt !== undefined && !isFromTheFuture(verifiedAt, now),
  );
  const at = proving?.resource.verifiedAt;
  const described = draws.at(-1)?.point;
  return {
    ...(proving && at !== undefined && { proven: { at, by: proving.drillId } }),
    ...(described && { described }),
  };
}

/** One point a captured time and id, whichever way its source was written. */
function merged(points: readonly RecordedPoint[]): readonly RecordedPoint[] {
  const byKey = new Map<string, RecordedPoint>();
  for (const point of points) {
    const other = byKey.get(keyOf(point));
    byKey.set(keyOf(point), other === undefined ? point : mergedPair(other, point));
  }
  return [...byKey.values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function mergedPair(a: RecordedPoint, b: RecordedPoint): RecordedPoint {
  const [newer, older] = a.lastSeen < b.lastSeen ? [b, a] : [a, b];
  const [described, proven] = [newer.described ?? older.described, laterOf(a.proven, b.proven)];
  return {
    id: a.id,
    capturedAt: a.capturedAt,
    lastSeen: newer.lastSeen,
    timesDrawn: a.timesDrawn + b.timesDrawn,
    ...(proven && { proven }),
    ...(described && { described }),
  };
}

function laterOf(a: Proven | undefined, b: Proven | undefined): Proven | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.at < b.at ? b : a;
}

function runsOf([, , ...runs]: StoredDraw): readonly number[] {
  return indicesOf(runs);
}

/** Sorts as captured times and ids do: instants are all of one length. */
function keyOf({ id, capturedAt }: Pick<RecordedPoint, 'id' | 'capturedAt'>): string {
  return `${capturedAt} ${id}`;
}

/** How many drills have drawn each recovery point of a source before, by id. */
export function timesDrawn(drills: readonly IndexedDrill[], source: string): Readonly<Record<string, number>> {
  const times: Record<string, number> = {};
  for (const { resources } of drills) {
    for (const { source: of, point } of resources) {
      if (of === source && point) times[point.id] = (times[point.id] ?? 0) + 1;
    }
  }
  return times;
}
