import { open, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { Instant } from '../../../support/time.ts';
import type { RestoreContext } from './restore-context.ts';
import { parseReplayLog, readLog, targetNotReached } from './server-log.ts';
import { type StagedWal, archiveEndOf } from './stage-wal.ts';
import { type Ancestor, parseHistory } from './timelines.ts';
import { continuesPast } from './wal-end.ts';
import { type Lsn, formatLsn, segmentName } from './wal-position.ts';
import { gapProblem } from './wal-plan.ts';

/** How far replay came. JSON-serialisable. */
export interface ReplayEnd {
  /** End of the last replayed record; absent after a mere crash recovery. */
  readonly lsn?: string;
  readonly lastTransactionAt?: Instant;
}

/**
 * Proves that the promoted server replayed all that it should: a PostgreSQL that cannot read on promotes early, and
 * looks healthy.
 *
 * What it relies on lies in files (the server's log and the history file of its new timeline), so that a worker that
 * was killed right after the promotion finds it again.
 *
 * @throws ProblemError `restore/replay-ended-early`, `restore/target-not-reached`, `restore/wrong-timeline`, `restore/wal-gap`
 */
export async function judgeReplay({ layout, request }: RestoreContext, staged: StagedWal): Promise<ReplayEnd> {
  const log = parseReplayLog(await readLog(layout.log));
  const last = log.lastTransactionAt === undefined ? {} : { lastTransactionAt: log.lastTransactionAt };
  if (!staged.isArchiveRecovery) return last;
  const left = await promotedFrom(join(layout.data, 'pg_wal'), new Set(staged.histories));
  if (left === undefined) throw new ProblemError(endedEarly('the server did not promote onto a timeline of its own'));
  if (left.timeline !== staged.timeline) throw new ProblemError(otherTimeline(left.timeline, staged.timeline));
  const target = request.spec.recoveryPoint.to;
  if (target.kind !== 'latest' && !log.stoppedAtTarget) {
    throw new ProblemError(
      staged.gap === undefined
        ? targetNotReached('replay ended before the wanted moment was reached')
        : gapProblem(staged.gap),
    );
  }
  const end = archiveEndOf(staged);
  if (target.kind === 'latest' && end !== undefined && left.end < end) {
    const question = { at: left.end, end, segmentBytes: staged.segmentBytes };
    const known = log.lastRecord === undefined ? {} : { lastRecord: log.lastRecord };
    const goesOn = await continuesPast({ ...question, ...known }, (from, length) => readArchive(staged, from, length));
    if (!goesOn)
      throw new ProblemError(endedEarly(`at ${formatLsn(left.end)}, and the archive goes on to ${formatLsn(end)}`));
  }
  return { lsn: formatLsn(left.end), ...last };
}

/** Where the server's own new timeline branched off, by the history file it wrote at its promotion. */
async function promotedFrom(pgWal: string, staged: ReadonlySet<string>): Promise<Ancestor | undefined> {
  const own = (await readdir(pgWal)).filter((name) => /^[0-9A-F]{8}\.history$/.test(name) && !staged.has(name)).sort();
  const newest = own.at(-1);
  return newest === undefined ? undefined : parseHistory(await readFile(join(pgWal, newest), 'utf8')).at(-1);
}

/** The server removes old segments of its own, so the archive is read. */
async function readArchive(
  { archive, segments, segmentBytes, timeline }: StagedWal,
  from: Lsn,
  length: number,
): Promise<Buffer> {
  const number = from / BigInt(segmentBytes);
  const exact = segmentName({ timeline, number }, segmentBytes);
  const name =
    segments.find((name) => name === exact) ?? segments.find((name) => name.slice(8) === exact.slice(8)) ?? exact;
  const handle = await open(join(archive ?? '', name), 'r');
  try {
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, Number(from % BigInt(segmentBytes)));
    return buffer;
  } finally {
    await handle.close();
  }
}

function endedEarly(why: string): Problem {
  return {
    code: 'restore/replay-ended-early',
    message: `replay ended before the end of the WAL archive: ${why}`,
    hint: 'The WAL there is damaged or torn: look at how it was archived, and take a new backup.',
    blames: 'backup',
  };
}

function otherTimeline(reached: number, wanted: number): Problem {
  return {
    code: 'restore/wrong-timeline',
    message: `replay ended on timeline ${reached}, and the archive leads to timeline ${wanted}`,
    hint: "Look at the '.history' files of the archive: one of them is missing or belongs to another cluster.",
    blames: 'backup',
  };
}
