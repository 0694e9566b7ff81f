import type { RecoveryPointFinding } from '../catalog/gaps.ts';
import type { RecoveryPoint, RecoveryPointListing } from '../catalog/recovery-point.ts';
import type { SearchedPoint } from '../history/search-points.ts';
import { formatBytes } from '../report/format.ts';
import type { CommandIo } from './io.ts';

/** Recovery points of one source; those of a source that was asked are described whole. */
export interface ListedPoints {
  readonly resource?: string;
  /** Of what was found in a folder, where something usable tells it. */
  readonly kind?: RecoveryPoint['kind'];
  readonly source: string;
  readonly listing: {
    readonly points: readonly (SearchedPoint & Partial<RecoveryPoint>)[];
    readonly unusable?: RecoveryPointListing['unusable'];
  };
  readonly findings: readonly RecoveryPointFinding[];
}

/** Prints them source by source, so that however many there are, only those of one are in memory as text. */
export function printListings(listings: Iterable<ListedPoints>, { json }: { json?: boolean }, io: CommandIo): void {
  let separator = json ? '[\n' : '';
  for (const listing of listings) {
    io.stdout(separator + (json ? JSON.stringify(listing, undefined, 2) : inWords(listing)));
    separator = json ? ',\n' : '\n';
  }
  if (json) io.stdout(separator === '[\n' ? '[]\n' : '\n]\n');
}

function inWords({ resource, kind, source, listing, findings }: ListedPoints): string {
  const rows = listing.points.map(pointInWords);
  const unusable = (listing.unusable ?? []).map(
    ({ id, problem }) => `  ${id}  not usable: ${problem.message} [${problem.code}]\n    hint: ${problem.hint}`,
  );
  const found = findings.map(({ message }) => `  finding: ${message}`);
  const named = resource === undefined ? source : `${resource} (${source})`;
  const name = kind === undefined ? named : `${named}, of kind '${kind}'`;
  return [`${name}: ${listing.points.length} recovery points`, ...rows, ...unusable, ...found, ''].join('\n');
}

function pointInWords(point: ListedPoints['listing']['points'][number]): string {
  const { id, capturedAt, format, consistency, engine, bytes, timesDrawn, proven } = point;
  const what = [
    format,
    consistency === undefined ? undefined : `${consistency}-consistent`,
    bytes === undefined ? undefined : formatBytes(bytes),
  ].filter((words) => words !== undefined);
  const version = engine && `${engine.name} ${engine.version}`;
  const columns = [id, capturedAt, version, what.length === 0 ? undefined : what.join(', ')]
    .filter((column) => column !== undefined)
    .join('  ');
  const drawn = timesDrawn === 0 ? 'never drawn' : 'drawn, never proven';
  return `  ${columns}  ${proven === null ? drawn : `proven ${proven.at} by ${proven.by}`}`;
}
