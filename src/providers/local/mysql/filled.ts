import type { Problem } from '../../../diagnostics/problem.ts';
import type { Millis } from '../../../support/time.ts';
import type { Engine } from './engine.ts';
import type { ServerPrograms } from './server-binaries.ts';

/** What the restore of one form of backup leaves for the server to be started on. */
export interface Filled {
  readonly programs: ServerPrograms;
  readonly bytes: number;
  readonly warnings: readonly Problem[];
  /** Options that the restored files ask for. */
  readonly layOut: readonly string[];
  /** How far off the recovery point's time can be. */
  readonly capturedError: Millis;
  readonly source: Engine;
  /** Names of the phases, in order. */
  readonly phases: readonly string[];
}
