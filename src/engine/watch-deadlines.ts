import { setMaxListeners } from 'node:events';
import type { Problem } from '../diagnostics/problem.ts';
import type { NewEvent } from '../drill/events.ts';
import type { DrillState } from '../drill/state.ts';
import type { Clock } from '../support/clock.ts';
import { type Instant, addMillis, millisBetween } from '../support/time.ts';
import type { AbortRequest, EngineOptions } from './engine-options.ts';
import type { Recorder } from './recorder.ts';

/** Watches for whatever ends a drill early: a request, the drill's deadline, its sandbox's expiry. */
export interface DeadlineWatch {
  /** Aborts when the drill is aborted: what restores and checks look at. */
  readonly forward: AbortSignal;
  /** Journals an abort that has come up since, once. */
  recordAbort(): Promise<void>;
  /** Resolves to `undefined` when there may be something new to do. */
  changed(): Promise<undefined>;
  /** Whether an aborted drill has waited long enough for its commands to settle. */
  givenUp(): boolean;
  stop(): void;
}

export function watchDeadlines(recorder: Recorder, clock: Clock, options: EngineOptions): DeadlineWatch {
  const forward = new AbortController();
  // Every call of every step under way may listen to it, and Node takes more than ten listeners for a leak.
  setMaxListeners(0, forward.signal);
  const stopped = new AbortController();
  let [givenUp, isTimed] = [false, false];
  let isPoked = options.abort.aborted;
  let wake = () => {};
  const poke = () => {
    isPoked = true;
    wake();
  };
  options.abort.addEventListener('abort', poke, { once: true });
  const alarm = (at: Instant, ring: () => void) => {
    void clock.sleep(Math.max(0, millisBetween(clock.now(), at)), stopped.signal).then(() => {
      if (!stopped.signal.aborted) ring();
    });
  };
  return {
    forward: forward.signal,
    async recordAbort() {
      isPoked = false;
      const state = recorder.state();
      if (!isTimed && state.plan) {
        isTimed = true;
        alarm(forwardDeadline(state).at, poke);
      }
      const abort = state.aborted || isPastForward(state) ? undefined : abortOf(state, clock.now(), options.abort);
      if (abort) await recorder.record(abort);
      if (!recorder.state().aborted || forward.signal.aborted) return;
      forward.abort();
      alarm(addMillis(clock.now(), options.settleWithin), () => {
        givenUp = true;
        poke();
      });
    },
    changed: async () =>
      new Promise((resolve) => {
        wake = () => resolve(undefined);
        if (isPoked) wake();
      }),
    givenUp: () => givenUp,
    stop() {
      stopped.abort();
      options.abort.removeEventListener('abort', poke);
    },
  };
}

function isPastForward(state: DrillState): boolean {
  return state.teardown !== 'not-started' || state.keptUntil !== undefined || state.finished;
}

function abortOf(state: DrillState, now: Instant, requested: AbortSignal): NewEvent | undefined {
  if (requested.aborted) return { type: 'drill-aborted', ...(requested.reason as AbortRequest) };
  if (state.plan === undefined) return undefined;
  const { at, reason } = forwardDeadline(state);
  return now < at ? undefined : { type: 'drill-aborted', reason, problem: pastDeadline(reason, at) };
}

/** The earlier of the drill's own deadline and the moment at which its teardown must begin to end before the expiry. */
function forwardDeadline({ started, engineSince, plan }: DrillState): { at: Instant; reason: 'deadline' | 'expired' } {
  if (plan === undefined || started === undefined) throw new Error('no deadline before a plan');
  const own = addMillis(engineSince ?? started.at, plan.deadlines.drill);
  const expiry = addMillis(plan.sandbox.expiresAt, -plan.deadlines.teardown);
  return own < expiry ? { at: own, reason: 'deadline' } : { at: expiry, reason: 'expired' };
}

function pastDeadline(reason: 'deadline' | 'expired', at: Instant): Problem {
  return {
    code: `drill/${reason}`,
    message:
      reason === 'deadline' ? `the drill had not ended by its deadline, ${at}` : `the sandbox's time was up at ${at}`,
    hint: "Raise 'limits.drill' or 'sandbox.expiresAfter' in the runbook if the drill needs longer.",
    blames: 'environment',
  };
}
