import { constants } from 'node:fs';
import { chown, copyFile, mkdir, open, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { RecoveryTarget } from '../../../runbook/restore-spec.ts';
import { readBackupHistory, walFolderOf } from './backup-history.ts';
import { parseBackupManifest } from './backup-manifest.ts';
import { spaceProblem } from '../worker/free-space.ts';
import { needsArchiveRecovery } from './neutralise.ts';
import { type ReplayStart, ownWalNames, readReplayStart } from './replay-start.ts';
import type { RestoreContext } from './restore-context.ts';
import { newestTimeline, parseHistory, unreachableTimeline, wayTo } from './timelines.ts';
import { type Lsn, formatLsn, historyName, parseLsn, parseSegmentName } from './wal-position.ts';
import { type WalPlan, planWal } from './wal-plan.ts';

/** What was put into the copy's `pg_wal`. JSON-serialisable. */
export interface StagedWal {
  readonly archive?: string;
  readonly segments: readonly string[];
  readonly histories: readonly string[];
  readonly segmentBytes: number;
  /** Where the archive's unbroken row of segments ends. */
  readonly archiveEnd?: string;
  readonly gap?: string;
  /** The timeline on which replay must end. */
  readonly timeline: number;
  /** Whether the server recovers by the archive's rules, and so ends on a timeline of its own. */
  readonly isArchiveRecovery: boolean;
  readonly maxPreparedTransactions: number;
  readonly maxLocksPerTransaction: number;
}

/**
 * Lays the WAL that replay needs into the copy's own `pg_wal`, where the server reads it as its own file.
 *
 * Copies, never links: the archive may belong to another user, and a server that cannot read a segment takes it for
 * the end of the archive and promotes early.
 *
 * @throws ProblemError `restore/wal-…` when the archive cannot be read, has a gap, or is of another cluster
 */
export async function stageWal(context: RestoreContext): Promise<StagedWal> {
  const { request, layout, signal } = context;
  const archive = await walFolderOf(request.spec);
  const archived = new Set(
    archive === undefined ? [] : await readdir(archive).catch((error: unknown) => fail(unreadable(archive, error))),
  );
  const own = await ownWalNames(layout);
  const start = await readReplayStart(layout);
  const target = request.spec.recoveryPoint.to;
  const histories = [...archived].filter((name) => /^[0-9A-F]{8}\.history$/.test(name));
  const timeline =
    target.kind === 'backup-end' ? start.timeline : newestTimeline(start.timeline, new Set([...histories, ...own]));
  const { segmentBytes } = start.control;
  const lost = unreachableTimeline(timeline, { start: start.lsn, segmentBytes, archived });
  if (target.kind === 'latest' && lost !== undefined) fail(historyMissing(timeline, lost));
  const plan = await choose(context, { start, timeline, archived, own, archive });
  const full = await spaceProblem(layout.folder, plan.fromArchive.length * segmentBytes);
  if (full) fail(full);
  await mkdir(join(layout.data, 'pg_wal'), { recursive: true, mode: 0o700 });
  // Without an archive there is nothing to go on to, whatever forks the archive knows.
  const wanted = target.kind === 'backup-end' ? [] : histories;
  const names = [...wanted, ...plan.fromArchive];
  for (const [index, name] of names.entries()) {
    signal.throwIfAborted();
    context.progress({ detail: `staging WAL (${index + 1} of ${names.length} files)` });
    const from = join(archive ?? '', name);
    await assertSegment(from, name, start.control);
    const to = join(layout.data, 'pg_wal', name);
    await copyFile(from, to, constants.COPYFILE_FICLONE).catch((error: unknown) =>
      fail(copyProblem(from, error) ?? error),
    );
    await takeOwnership(to);
  }
  return {
    ...(archive === undefined ? {} : { archive }),
    segments: plan.fromArchive,
    histories: wanted,
    segmentBytes,
    ...(plan.archiveEnd === undefined ? {} : { archiveEnd: formatLsn(plan.archiveEnd) }),
    ...(plan.gap === undefined ? {} : { gap: plan.gap }),
    timeline,
    isArchiveRecovery: needsArchiveRecovery({ hasLabel: start.hasLabel, hasArchive: archive !== undefined, target }),
    maxPreparedTransactions: start.control.maxPreparedTransactions,
    maxLocksPerTransaction: start.control.maxLocksPerTransaction,
  };
}

async function choose(
  { form, layout, request }: RestoreContext,
  wal: {
    start: ReplayStart;
    timeline: number;
    archived: ReadonlySet<string>;
    own: ReadonlySet<string>;
    archive: string | undefined;
  },
): Promise<WalPlan> {
  const { start, timeline, archived, own, archive } = wal;
  const target: RecoveryTarget = request.spec.recoveryPoint.to;
  const history =
    timeline === start.timeline ? '' : await readHistory([archive, join(layout.data, 'pg_wal')], timeline);
  const way = wayTo(start.timeline, timeline, parseHistory(history));
  if (!way) return fail(notDescendant(start.timeline, timeline));
  const required = await requiredEnd(form.manifest, archive, start);
  const isCompressed = [...archived].some((name) => /^[0-9A-F]{24}\.(gz|lz4|zst|bz2|xz)$/.test(name));
  if (isCompressed) return fail(compressedArchive(archive ?? ''));
  const planned = planWal({
    way,
    start: start.lsn,
    ...(required === undefined ? {} : { required }),
    toTheEnd: target.kind === 'latest',
    segmentBytes: start.control.segmentBytes,
    archived,
    own,
  });
  return 'problem' in planned ? fail(planned.problem) : planned.plan;
}

/** Where the backup itself ends: its manifest says so, or the archive's record of it. */
async function requiredEnd(
  manifest: string | undefined,
  archive: string | undefined,
  start: ReplayStart,
): Promise<Lsn | undefined> {
  if (!start.hasLabel || start.startFile === undefined) return undefined;
  const listed = manifest === undefined ? undefined : parseBackupManifest(await readFile(manifest));
  const ranges = listed && 'manifest' in listed ? listed.manifest.walRanges : [];
  const last = ranges
    .map(({ end }) => end)
    .sort((a, b) => (a < b ? -1 : 1))
    .at(-1);
  return last ?? (await readBackupHistory(archive)).get(start.startFile, start.lsn)?.label.stopLsn;
}

/** A segment in an archive must be whole, of this cluster, and stand where its name says (xlog_internal.h). */
async function assertSegment(
  file: string,
  name: string,
  { segmentBytes, systemIdentifier }: { segmentBytes: number; systemIdentifier: bigint },
): Promise<void> {
  const segment = parseSegmentName(name, segmentBytes);
  if (!segment) return;
  const header = Buffer.alloc(40);
  let size = 0;
  try {
    const handle = await open(file, 'r');
    try {
      size = (await handle.stat()).size;
      await handle.read(header, 0, header.length, 0);
    } finally {
      await handle.close();
    }
  } catch (error) {
    fail(unreadable(file, error));
  }
  if (size !== segmentBytes) fail(damagedSegment(name, `has ${size} bytes instead of ${segmentBytes}`));
  const isAtItsPlace = header.readBigUInt64LE(8) === segment.number * BigInt(segmentBytes);
  const hasLongHeader = (header.readUInt16LE(2) & 2) !== 0;
  if (!isAtItsPlace || !hasLongHeader) fail(damagedSegment(name, 'does not begin as a segment of that name must'));
  if (header.readBigUInt64LE(24) !== systemIdentifier) fail(otherCluster(name));
}

async function readHistory(folders: readonly (string | undefined)[], timeline: number): Promise<string> {
  for (const folder of folders) {
    if (folder === undefined) continue;
    const text = await readFile(join(folder, historyName(timeline)), 'utf8').catch(() => undefined);
    if (text !== undefined) return text;
  }
  return '';
}

/** Where a row of staged segments ends, as a position. */
export function archiveEndOf(staged: StagedWal): Lsn | undefined {
  return staged.archiveEnd === undefined ? undefined : parseLsn(staged.archiveEnd);
}

function fail(reason: unknown): never {
  throw reason instanceof Error ? reason : new ProblemError(reason as Problem);
}

/** A full disk is for the worker to tell; any other error here is one of reading. */
function copyProblem(file: string, error: unknown): Problem | undefined {
  return (error as NodeJS.ErrnoException).code === 'ENOSPC' ? undefined : unreadable(file, error);
}

function unreadable(path: string, error: unknown): Problem {
  return {
    code: 'restore/wal-archive-unreadable',
    message: `'${path}' in the WAL archive cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`,
    hint: "Let the user that runs drillbook read the whole archive, or correct 'wal' in the runbook.",
    blames: 'environment',
  };
}

function damagedSegment(name: string, why: string): Problem {
  return {
    code: 'restore/wal-segment-damaged',
    message: `WAL segment '${name}' ${why}`,
    hint: 'Look at how the archive is written: an archive_command must put a segment in place only when it is whole.',
    blames: 'backup',
  };
}

function otherCluster(name: string): Problem {
  return {
    code: 'restore/wal-of-another-cluster',
    message: `WAL segment '${name}' is of another cluster than the backup`,
    hint: "Give each cluster an archive of its own, and name this one's in the runbook.",
    blames: 'backup',
  };
}

function notDescendant(from: number, to: number): Problem {
  return {
    code: 'restore/wrong-timeline',
    message: `timeline ${to}, the newest in the archive, does not descend from the backup's timeline ${from}`,
    hint: 'Take a new backup after each promotion, or recover this one to its own end.',
    blames: 'backup',
  };
}

function historyMissing(reached: number, lost: number): Problem {
  return {
    code: 'restore/wal-history-missing',
    message: `the archive holds WAL of timeline ${lost}, and no '.history' file that leads to it from timeline ${reached}`,
    hint: "Find the file: without it nothing can be recovered that was written after the promotion. Let no cleaning of the archive remove '.history' files.",
    blames: 'backup',
  };
}

function compressedArchive(folder: string): Problem {
  return {
    code: 'restore/unsupported-compression',
    message: `'${folder}' holds compressed WAL segments, which are not supported`,
    hint: "Decompress the segments into another folder and name it as 'wal' in the runbook.",
    blames: 'environment',
  };
}

/**
 * Makes a copy the copier's own. As root, `copyFile` keeps the owner from Node 22 on (measured on 22.23 and 24.21, not on
 * 20.20), and in a sandbox's user namespace another owner's file cannot be read.
 */
async function takeOwnership(file: string): Promise<void> {
  if (process.getuid?.() === 0) await chown(file, 0, process.getgid?.() ?? 0);
}
