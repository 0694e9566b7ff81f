import { type Lsn, historyName, parseLsn, parseSegmentName } from './wal-position.ts';

/** A stretch of one timeline on the way from a backup to a recovery target. */
export interface Stretch {
  readonly timeline: number;
  /** Where its parent was left; absent for the first. */
  readonly begin?: Lsn;
  /** Where the next one branches off; absent for the last. */
  readonly end?: Lsn;
}

/** One line of a history file: the ancestor and where it was left. */
export interface Ancestor {
  readonly timeline: number;
  readonly end: Lsn;
}

/** The ancestors a timeline's history file lists, oldest first (readTimeLineHistory of PostgreSQL's timeline.c). */
export function parseHistory(text: string): Ancestor[] {
  return text.split('\n').flatMap((line) => {
    const parts = /^\s*(\d+)\s+([0-9A-F]+\/[0-9A-F]+)/i.exec(line);
    return parts?.[2] === undefined ? [] : [{ timeline: Number(parts[1]), end: parseLsn(parts[2]) }];
  });
}

/** The newest timeline the way PostgreSQL finds it: the last of the unbroken row of history files above `start`. */
export function newestTimeline(start: number, names: ReadonlySet<string>): number {
  let newest = start;
  while (names.has(historyName(newest + 1))) newest += 1;
  return newest;
}

/**
 * The newest timeline that has WAL from `start` on and that nothing leads to, since its history or that of one before it
 * is missing. PostgreSQL takes no notice of such WAL, and ends where the cluster was promoted (xlogarchive.c archives a
 * history before any segment of its timeline, so an archive that is whole has it).
 */
export function unreachableTimeline(
  newest: number,
  { start, segmentBytes, archived }: { start: Lsn; segmentBytes: number; archived: ReadonlySet<string> },
): number | undefined {
  const beyond = [...archived].flatMap((name) => {
    const segment = parseSegmentName(name, segmentBytes);
    const isLost = segment && segment.timeline > newest && segment.number >= start / BigInt(segmentBytes);
    return isLost ? [segment.timeline] : [];
  });
  return beyond.length === 0 ? undefined : Math.max(...beyond);
}

/** The way from `start` to `target`; `undefined` when `target` does not descend from it. */
export function wayTo(start: number, target: number, history: readonly Ancestor[]): Stretch[] | undefined {
  if (start === target) return [{ timeline: start }];
  const first = history.findIndex(({ timeline }) => timeline === start);
  if (first === -1) return undefined;
  const ancestors = history.slice(first);
  const ends = ancestors.map(({ timeline, end }, index) => {
    const begin = ancestors[index - 1]?.end;
    return { timeline, end, ...(begin === undefined ? {} : { begin }) };
  });
  const last = ancestors.at(-1)?.end;
  return [...ends, { timeline: target, ...(last === undefined ? {} : { begin: last }) }];
}
