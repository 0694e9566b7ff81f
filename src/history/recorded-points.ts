import type { DrillEvent } from '../drill/events.ts';
import { recordOf } from '../drill/record.ts';
import type { Instant } from '../support/time.ts';
import { type Source, placeOf, sourceKey } from './source-of.ts';

/** The recovery points that one draw could have chosen. */
export interface SeenByDraw extends Source {
  readonly resource: string;
  readonly points: readonly { readonly id: string; readonly capturedAt: Instant }[];
}

/** What the draws of a drill saw, one entry a resource. */
export function seenByDrill(events: readonly DrillEvent[]): readonly SeenByDraw[] {
  const { started, plan } = recordOf(events);
  if (started === undefined) return [];
  const place = placeOf(started.runbook);
  return (plan?.resources ?? []).map(({ spec: { name, kind, source }, draw }) => ({
    resource: name,
    kind,
    source,
    ...(place !== undefined && { place }),
    points: draw.candidates,
  }));
}

/**
 * All recovery points of a source that any draw saw, once each, and which draws saw which. JSON-serialisable; the same
 * draws give the same text, whatever order they came in.
 */
export interface StoredSource extends Source {
  /** By captured time, then id; one index is one point. A name that a source used again is another point. */
  readonly ids: readonly string[];
  readonly capturedAt: readonly Instant[];
  /** By the drill's folder and its resource: indices of the points it saw, as pairs of first and last. */
  readonly draws: readonly StoredDraw[];
}

export type StoredDraw = readonly [folder: string, resource: string, ...runs: number[]];

/** Gathers draws of any number of drills, each point kept once. */
export interface PointGathering {
  add(folder: string, draws: readonly SeenByDraw[]): void;
  /** Takes over what an earlier gathering kept of the drills that still count. */
  addStored(stored: StoredSource, isKept: (folder: string) => boolean): void;
  /** By kind, place and source. */
  stored(): readonly StoredSource[];
}

interface Gathered {
  readonly source: Source;
  /** Number of each point in `points`, by its captured time and id. */
  readonly numbers: Map<string, number>;
  readonly points: { readonly id: string; readonly capturedAt: Instant }[];
  readonly draws: { readonly folder: string; readonly resource: string; readonly seen: readonly number[] }[];
}

/** An empty gathering. */
export function gatherPoints(): PointGathering {
  const sources = new Map<string, Gathered>();
  const of = (source: Source): Gathered => {
    const key = sourceKey(source);
    const known = sources.get(key) ?? { source, numbers: new Map(), points: [], draws: [] };
    sources.set(key, known);
    return known;
  };
  return {
    add(folder, draws) {
      for (const { points, resource, ...source } of draws) {
        const gathered = of(source);
        gathered.draws.push({ folder, resource, seen: points.map((point) => numberOf(gathered, point)) });
      }
    },
    addStored({ ids, capturedAt, draws, ...source }, isKept) {
      const gathered = of(source);
      for (const [folder, resource, ...runs] of draws) {
        if (!isKept(folder)) continue;
        const seen = indicesOf(runs).map((index) =>
          numberOf(gathered, { id: ids[index] ?? '', capturedAt: capturedAt[index] ?? '' }),
        );
        gathered.draws.push({ folder, resource, seen });
      }
    },
    stored: () =>
      [...sources.entries()]
        .filter(([, { draws }]) => draws.length > 0)
        .sort(([a], [b]) => compare(a, b))
        .map(([, gathered]) => storedOf(gathered)),
  };
}

function numberOf({ numbers, points }: Gathered, { id, capturedAt }: { id: string; capturedAt: Instant }): number {
  const key = `${capturedAt} ${id}`;
  const known = numbers.get(key);
  if (known !== undefined) return known;
  numbers.set(key, points.length);
  points.push({ id, capturedAt });
  return points.length - 1;
}

/** Only draws that still count hold a point in place: one that no draw saw any more is gone. */
function storedOf({ source, points, draws }: Gathered): StoredSource {
  const isSeen = new Set(draws.flatMap(({ seen }) => seen));
  const kept = points
    .map((point, number) => ({ ...point, number }))
    .filter(({ number }) => isSeen.has(number))
    .sort((a, b) => compare(a.capturedAt, b.capturedAt) || compare(a.id, b.id));
  const places = new Map(kept.map(({ number }, place) => [number, place]));
  return {
    kind: source.kind,
    source: source.source,
    ...(source.place !== undefined && { place: source.place }),
    ids: kept.map(({ id }) => id),
    capturedAt: kept.map(({ capturedAt }) => capturedAt),
    draws: draws
      .map(
        ({ folder, resource, seen }) =>
          [folder, resource, ...runsOf(seen.map((number) => places.get(number) ?? 0))] as const,
      )
      .sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1])),
  };
}

/** Points come and go in the order of time, so what a draw saw is mostly one run of neighbours. */
function runsOf(indices: readonly number[]): number[] {
  const runs: number[] = [];
  for (const index of [...indices].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && index <= last + 1) runs[runs.length - 1] = index;
    else runs.push(index, index);
  }
  return runs;
}

/** The indices that pairs of first and last stand for. */
export function indicesOf(runs: readonly number[]): readonly number[] {
  const indices: number[] = [];
  for (let at = 0; at + 1 < runs.length; at += 2) {
    for (let index = runs[at] ?? 0; index <= (runs[at + 1] ?? -1); index += 1) indices.push(index);
  }
  return indices;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
