import type { Problem } from '../../../diagnostics/problem.ts';
import type { Stretch } from './timelines.ts';
import { type Lsn, parseSegmentName, segmentName } from './wal-position.ts';

/** What is known before WAL is chosen. */
export interface WalQuestion {
  readonly way: readonly Stretch[];
  /** Where replay begins. */
  readonly start: Lsn;
  /** Up to here WAL is needed in any case: the backup's end, where it is known. */
  readonly required?: Lsn;
  /** Whether replay is to go on to the last segment there is, so that a hole before it is a loss. */
  readonly toTheEnd: boolean;
  readonly segmentBytes: number;
  /** Names in the archive, and in the backup's own `pg_wal`. */
  readonly archived: ReadonlySet<string>;
  readonly own: ReadonlySet<string>;
}

/** Which segments replay will read. */
export interface WalPlan {
  /** Those to be taken from the archive, in order. */
  readonly fromArchive: readonly string[];
  /** Where the last of them ends; absent when there are none. */
  readonly archiveEnd?: Lsn;
  /** The first one that is missing though later ones are there. */
  readonly gap?: string;
}

/** Chooses the unbroken row of segments from the start, as PostgreSQL itself would find them. */
export function planWal(question: WalQuestion): { readonly plan: WalPlan } | { readonly problem: Problem } {
  const { start, required, segmentBytes, archived, own } = question;
  const size = BigInt(segmentBytes);
  const fromArchive: string[] = [];
  let archiveEnd: Lsn | undefined;
  let number = start / size;
  for (; ; number += 1n) {
    const names = candidates(question, number);
    const name = names.find((name) => archived.has(name)) ?? names.find((name) => own.has(name));
    if (name === undefined) break;
    if (!archived.has(name)) continue;
    fromArchive.push(name);
    archiveEnd = (number + 1n) * size;
  }
  const missing = candidates(question, number)[0] ?? '';
  const isGap = hasLater(question, number);
  const isRequired = required !== undefined && required > number * size;
  if (isGap && (isRequired || question.toTheEnd)) return { problem: gapProblem(missing) };
  if (isRequired)
    return { problem: missingWal(`WAL segment '${missing}', which the backup needs, is neither in it nor archived`) };
  return {
    plan: { fromArchive, ...(archiveEnd === undefined ? {} : { archiveEnd }), ...(isGap ? { gap: missing } : {}) },
  };
}

/** Replay lacks WAL that the backup cannot do without. */
export function missingWal(message: string): Problem {
  return {
    code: 'restore/wal-missing',
    message,
    hint: 'Keep the WAL of each backup: take it with pg_basebackup --wal-method=stream, or keep the archive from its start on.',
    blames: 'backup',
  };
}

/** A hole in the archive: everything after it is lost. */
export function gapProblem(missing: string): Problem {
  return {
    code: 'restore/wal-gap',
    message: `WAL segment '${missing}' is missing from the archive, though later ones are there`,
    hint: 'Find the segment, or take a new backup: nothing after the gap can be recovered from this one.',
    blames: 'backup',
  };
}

/** The names a segment may have on this way, the newest timeline first: at a fork both sides hold it. */
function candidates({ way, segmentBytes }: WalQuestion, number: bigint): string[] {
  const size = BigInt(segmentBytes);
  return way
    .filter(
      ({ begin, end }) =>
        (begin === undefined || begin / size <= number) && (end === undefined || number <= end / size),
    )
    .map(({ timeline }) => segmentName({ timeline, number }, segmentBytes))
    .reverse();
}

function hasLater(question: WalQuestion, number: bigint): boolean {
  return [...question.archived].some((name) => {
    const segment = parseSegmentName(name, question.segmentBytes);
    return segment !== undefined && segment.number > number && candidates(question, segment.number).includes(name);
  });
}
