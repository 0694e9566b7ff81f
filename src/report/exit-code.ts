import type { Report, Verdict } from './report.ts';

export interface Ending {
  readonly verdict: Verdict;
  readonly teardown: Report['teardown']['outcome'];
  /** Whether a signal ended the drill. */
  readonly interrupted: boolean;
  /** Whether drillbook itself broke. */
  readonly bug?: boolean;
}

/** Where several exit codes apply, the first of these counts. */
const WORST_FIRST: readonly number[] = [4, 70, 130, 1, 2, 3, 0];

/**
 * The exit code of a drill: 4 something is left, 70 bug, 130 interrupted and torn down, 1 failed, 3 inconclusive,
 * 0 passed and clean. A drill that was kept on purpose has its verdict's code, which is never 0.
 */
export function exitCodeOf({ verdict, teardown, interrupted, bug = false }: Ending): number {
  if (teardown === 'leaked') return 4;
  if (bug) return 70;
  if (interrupted) return 130;
  if (verdict === 'failed') return 1;
  if (verdict === 'inconclusive') return 3;
  return teardown === 'clean' ? 0 : 4;
}

/** The exit code of several drills together. A code that is none of ours is a bug. */
export function worstExitCode(a: number, b: number): number {
  const [x, y] = [a, b].map((code) => (WORST_FIRST.includes(code) ? code : 70));
  return WORST_FIRST.find((code) => code === x || code === y) ?? 70;
}
