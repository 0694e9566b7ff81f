import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type RecoveryPointFinding, findGaps } from '../catalog/gaps.ts';
import type { RecoveryPointListing } from '../catalog/recovery-point.ts';
import type { DrillIndex } from '../history/drill-index.ts';
import { type PointHistory, pointHistory } from '../history/point-history.ts';
import {
  type PointSearch,
  type SearchedPoint,
  isSearched,
  listedPoints,
  recordedPoint,
} from '../history/search-points.ts';
import { type Source, type SourcedResource, isSameResource, sourceKey, sourcedResource } from '../history/source-of.ts';
import type { RestoreSpec } from '../runbook/restore-spec.ts';
import type { SandboxPlace } from '../runbook/runbook.ts';
import { systemClock } from '../support/clock.ts';
import type { Millis } from '../support/time.ts';
import { openHistory, tellUnreadable } from './drill-history.ts';
import { type CommandIo, printProblem } from './io.ts';
import { listFolder } from './list-folder.ts';
import { listSource } from './list-source.ts';
import { type ListedPoints, printListings } from './point-listing.ts';
import { readRunbook } from './read-runbook.ts';
import { openReports } from './reports-place.ts';
import { runbookFiles } from './runbook-files.ts';

export interface RecoveryPointOptions {
  readonly reports: string;
  readonly json?: boolean;
  /** Ask no source: show what draws have seen. */
  readonly recorded?: boolean;
  /** The name of a resource, or a part of its source. */
  readonly source?: string;
  readonly search: PointSearch;
}

/**
 * `drillbook recovery-points`: everything that sources hold, what of it is unusable and why, gaps against the RPO, and
 * when each was last proven; of a runbook, of a folder, or, without either, of all runbooks in `runbooks/`. What is
 * recorded without a target is everything that any draw saw.
 *
 * @returns 0; 2 when a runbook is not valid; 3 when a source did not answer or a journal could not be read
 */
export async function recoveryPointsCommand(
  target: string | undefined,
  options: RecoveryPointOptions,
  io: CommandIo,
): Promise<number> {
  const folder = target === undefined ? undefined : await folderAt(target, io);
  const isEverything = target === undefined && options.recorded === true;
  const wanted = isEverything || folder !== undefined ? [] : await wantedOf(target, io);
  if (wanted === undefined) return 2;
  const kept = await openReports(options.reports, io);
  if (typeof kept === 'number') return kept;
  const index = await openHistory(kept.folder);
  const allRead = tellUnreadable(index, io);
  const history = pointHistory({ stored: index.points(), drills: index.drills, now: systemClock.now() });
  const named = wanted.filter(({ resource }) => isNamed(resource, options.source));
  if (options.recorded) {
    const all = allRecorded(history, options.source);
    const below = folder === undefined ? all : all.filter(({ source }) => `${source}/`.startsWith(`${folder}/`));
    const sources = isEverything || folder !== undefined ? below : named.map((one) => recordedOf(one, index));
    printListings(recordedListings(sources, history, options), options, io);
    return allRead ? 0 : 3;
  }
  const asked =
    folder === undefined
      ? await Promise.all(named.map(async (one) => ask(one, index, history, io)))
      : await askFolder(folder, { history, wanted: options.source }, io);
  const answered = asked.flatMap((one) => one ?? []);
  printListings(
    answered.map((one) => searched(one, options.search)),
    options,
    io,
  );
  return answered.length === asked.length && allRead ? 0 : 3;
}

interface Wanted {
  readonly resource: SourcedResource;
  readonly spec: RestoreSpec;
  readonly rpo: Millis | undefined;
  readonly place: SandboxPlace;
}

function isNamed({ name, source }: { name?: string; source: string }, wanted: string | undefined): boolean {
  return wanted === undefined || name === wanted || source.includes(wanted);
}

/** A source and every way in which drills have named it. */
interface RecordedSource {
  readonly resource?: string;
  readonly source: string;
  readonly named: readonly Source[];
}

function allRecorded({ sources }: PointHistory, wanted: string | undefined): readonly RecordedSource[] {
  const all = sources.filter((source) => isNamed(source, wanted));
  return all.map((source) => ({ source: source.source, named: [source] }));
}

/** The checkout may have lain elsewhere when it was drilled. */
function recordedOf({ resource }: Pick<Wanted, 'resource'>, { drills }: DrillIndex): Required<RecordedSource> {
  const named = new Map<string, Source>([[sourceKey(resource), resource]]);
  for (const { place, resources } of drills) {
    for (const was of resources) {
      const then = { ...was, ...(place !== undefined && { place }) };
      if (isSameResource(then, resource)) named.set(sourceKey(then), then);
    }
  }
  return { resource: resource.name, source: resource.source, named: [...named.values()] };
}

/** One after the other as they are printed: all points of all sources at once may be many. */
function* recordedListings(
  sources: readonly RecordedSource[],
  history: PointHistory,
  { search }: RecoveryPointOptions,
): Generator<ListedPoints> {
  for (const { resource, source, named } of sources) {
    const points = history
      .of(named)
      .map(recordedPoint)
      .filter((point) => isSearched(point, search));
    yield { ...(resource !== undefined && { resource }), source, listing: { points }, findings: [] };
  }
}

interface Answer {
  /** Of a runbook. */
  readonly resource?: string;
  /** Of what was found in a folder. */
  readonly kind?: RestoreSpec['kind'];
  readonly source: string;
  readonly listing: {
    readonly points: readonly (RecoveryPointListing['points'][number] & SearchedPoint)[];
    readonly unusable: RecoveryPointListing['unusable'];
  };
  readonly findings: readonly RecoveryPointFinding[];
}

async function ask(
  wanted: Wanted,
  index: DrillIndex,
  history: PointHistory,
  io: CommandIo,
): Promise<Answer | undefined> {
  const { spec, rpo, place } = wanted;
  const listing = await listSource(spec, place, io);
  if ('problem' in listing) {
    printProblem(io, listing.problem);
    return undefined;
  }
  const points = listedPoints(listing.points, history.of(recordedOf(wanted, index).named));
  const findings = findGaps({ points, now: systemClock.now(), rpo });
  return { resource: spec.name, source: spec.source, listing: { points, unusable: listing.unusable }, findings };
}

async function askFolder(
  folder: string,
  { history, wanted }: { readonly history: PointHistory; readonly wanted: string | undefined },
  io: CommandIo,
): Promise<readonly (Answer | undefined)[]> {
  const found = await listFolder(folder, io);
  return found
    .filter((one) => 'problem' in one || isNamed(one, wanted))
    .map((one) => {
      if ('problem' in one) {
        printProblem(io, one.problem);
        return undefined;
      }
      const { kind, source, listing } = one;
      const points = listedPoints(listing.points, kind === undefined ? [] : history.of([{ kind, source }]));
      const findings = findGaps({ points, now: systemClock.now(), rpo: undefined });
      const { unusable } = listing;
      return { ...(kind !== undefined && { kind }), source, listing: { points, unusable }, findings };
    });
}

/** What cannot be used has no time and no tag to look for: it is shown when everything is. */
function searched({ listing: { points, unusable }, ...answer }: Answer, search: PointSearch): ListedPoints {
  const isNarrowed = Object.keys(search).length > 0;
  const found = points.filter((point) => isSearched(point, search));
  return { ...answer, listing: { points: found, unusable: isNarrowed ? [] : unusable } };
}

async function folderAt(target: string, io: CommandIo): Promise<string | undefined> {
  const path = resolve(io.cwd, target);
  const isFolder = await stat(path).then(
    (one) => one.isDirectory(),
    () => false,
  );
  return isFolder ? path : undefined;
}

async function wantedOf(target: string | undefined, io: CommandIo): Promise<readonly Wanted[] | undefined> {
  if (target === undefined) return wantedOfAll(io);
  const runbook = await readRunbook(target, io);
  const rpo = runbook?.objectives.rpo?.target;
  return runbook?.restore.map((spec) => {
    return { resource: sourcedResource(runbook, spec), spec, rpo, place: runbook.sandbox };
  });
}

async function wantedOfAll(io: CommandIo): Promise<readonly Wanted[] | undefined> {
  const files = await runbookFiles(io);
  const wanted = await Promise.all(files.map(async (file) => wantedOf(file, io)));
  return wanted.includes(undefined) ? undefined : wanted.flatMap((of) => of ?? []);
}
