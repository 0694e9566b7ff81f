import type { Objectives } from './runbook.ts';

/** Which runbooks are drilled, and with which objectives. */
export interface Drill {
  readonly name: string;
  /** Absolute path of the file it was read from. */
  readonly file: string;
  /** Absolute paths, in the order in which they are drilled. */
  readonly runbooks: readonly string[];
  /** Where given, they stand in for those of the runbooks, one by one. */
  readonly objectives: Objectives;
}
