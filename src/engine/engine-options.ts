import type { Problem } from '../diagnostics/problem.ts';
import type { AbortReason } from '../drill/events.ts';
import type { Millis } from '../support/time.ts';

/** Asks a drill to end early: the first request counts. */
export interface AbortRequest {
  readonly reason: AbortReason;
  readonly problem: Problem;
}

export interface EngineOptions {
  readonly purpose: 'run' | 'resume' | 'teardown';
  /** Aborts with an `AbortRequest` as its reason. */
  readonly abort: AbortSignal;
  /** How long commands under way get to settle after an abort before teardown begins without them. */
  readonly settleWithin: Millis;
}
