import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecoveryPoint, RecoveryPointListing } from '../../../catalog/recovery-point.ts';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { LocalRestore, ResticRepository } from '../../../runbook/restore-spec.ts';
import { instantOf } from '../../../support/time.ts';
import { isWithin } from '../sandbox/launch.ts';
import type { OpenRepository } from './open-repository.ts';
import { damaged, toolFailed } from './repository-problems.ts';
import { resticProblem, runRestic } from './restic.ts';

/** What `restic snapshots --json` says of a snapshot, as far as it is used. */
interface Snapshot {
  readonly id: string;
  readonly short_id: string;
  /** With nanoseconds and the zone of the machine that took it. */
  readonly time: string;
  readonly paths: readonly string[];
  readonly hostname: string;
  readonly tags?: readonly string[];
  /** Since restic 0.17. */
  readonly summary?: { readonly total_bytes_processed?: number };
}

/**
 * Snapshots that may hold the backup: of the wanted host and tags, and of the wanted path or one above or below it. Those
 * of others are left out; one that cannot be read is listed with its reason. Reads only.
 *
 * @throws ProblemError when the repository itself cannot be read, or holds snapshots but none of these
 */
export async function listSnapshots(
  spec: LocalRestore,
  wanted: ResticRepository,
  repository: OpenRepository,
): Promise<RecoveryPointListing> {
  const end = await runRestic(repository, ['snapshots', '--json']);
  const snapshots = end.code === 0 ? parse(end.stdout) : undefined;
  if (!snapshots) throw new ProblemError(await resticProblem(repository, end, 'its snapshots'));
  const { source } = repository;
  const bad = unreadable(end.stderr, source);
  const ours = snapshots.filter((snapshot) => isOurs(snapshot, wanted));
  if (ours.length === 0 && bad.length === 0 && snapshots.length > 0) {
    throw new ProblemError(noneOfOurs(source, snapshots.length));
  }
  const isAmbiguous = ({ paths }: Snapshot): boolean => wanted.path === undefined && paths.length !== 1;
  const ambiguous = ours.filter(isAmbiguous).map((one) => ({ id: one.short_id, problem: severalPaths(one) }));
  const usable = ours.filter((snapshot) => !isAmbiguous(snapshot));
  return {
    points: await Promise.all(usable.map(async (snapshot) => pointOf(snapshot, spec.kind, source))),
    unusable: [...ambiguous, ...bad],
  };
}

/** `null` is what restic prints of an empty repository. */
function parse(stdout: string): readonly Snapshot[] | undefined {
  try {
    return (JSON.parse(stdout) as Snapshot[] | null) ?? [];
  } catch {
    return undefined;
  }
}

function isOurs({ hostname, tags = [], paths }: Snapshot, wanted: ResticRepository): boolean {
  const { path, host } = wanted;
  if (host !== undefined && hostname !== host) return false;
  if (!wanted.tags.every((tag) => tags.includes(tag))) return false;
  return path === undefined || paths.some((one) => isWithin(path, one) || isWithin(one, path));
}

async function pointOf(snapshot: Snapshot, kind: LocalRestore['kind'], source: string): Promise<RecoveryPoint> {
  const capturedAt = instantOf(Date.parse(snapshot.time));
  const location = join(source, 'snapshots', snapshot.id);
  // It is written when all else of the snapshot is.
  const written = await stat(location).then(
    ({ mtimeMs }) => instantOf(Math.floor(mtimeMs)),
    () => capturedAt,
  );
  const bytes = snapshot.summary?.total_bytes_processed;
  return {
    id: snapshot.short_id,
    provider: 'local',
    kind,
    location,
    capturedAt,
    capturedAtSource: 'time of the snapshot; a backup in it may be older',
    availableAt: written < capturedAt ? capturedAt : written,
    consistency: kind === 'postgres-dump' || kind === 'mysql' ? 'application' : 'crash',
    format: 'snapshot of restic',
    engine: { name: kind === 'postgres-dump' || kind === 'postgres' ? 'postgresql' : kind, version: 'unknown' },
    ...(bytes !== undefined && { bytes }),
    tags: snapshot.tags ?? [],
  };
}

/** restic names on stderr what it cannot load, and goes on. */
function unreadable(stderr: string, source: string): { id: string; problem: Problem }[] {
  return Array.from(stderr.matchAll(/^could not load snapshot ([0-9a-f]+): (.*)$/gm), ([, id = '', why = '']) => {
    const what = `snapshot '${id}'`;
    const isProof = why.includes('invalid data returned') || why.includes('ciphertext verification failed');
    const problem = isProof ? damaged(what, source, why) : toolFailed('restic', { code: 1, stderr: why }, what);
    return { id, problem };
  });
}

function severalPaths({ short_id: id, paths }: Snapshot): Problem {
  return {
    code: 'restore/several-paths',
    message: `snapshot '${id}' holds ${paths.length} paths, and the runbook does not say which of them is the backup`,
    hint: "Name it as 'path' of the repository in the runbook.",
    blames: 'environment',
  };
}

function noneOfOurs(source: string, count: number): Problem {
  return {
    code: 'restore/no-such-snapshot',
    message: `none of the ${count} snapshot(s) in '${source}' is of the wanted path, host and tags`,
    hint: "Correct 'path', 'host' or 'tags' of the repository in the runbook; 'restic snapshots' lists what there is.",
    blames: 'environment',
  };
}
