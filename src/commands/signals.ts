import type { AbortRequest } from '../engine/engine-options.ts';
import type { CommandIo } from './io.ts';

const IDLE = 'no drill is under way, and none begins any more';

/**
 * Turns the first SIGINT or SIGTERM into an abort, after which the drill tears itself down. A second one leaves at once
 * and prints the command that finishes the work.
 *
 * @param drillIds the drills that are under way when it is asked
 */
export function abortOnSignals(
  io: CommandIo,
  drillIds: () => readonly string[],
): { signal: AbortSignal; stop(): void } {
  const abort = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    if (!abort.signal.aborted) {
      const does =
        drillIds().length > 0 ? 'what is under way is aborted and torn down; once more leaves at once' : IDLE;
      io.stderr(`\n${name}: ${does}\n`);
      abort.abort(interruptedBy(name));
      return;
    }
    for (const id of drillIds()) io.stderr(`\nleft at once; this finishes the work: drillbook teardown ${id}\n`);
    process.exit(130);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: abort.signal,
    stop() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}

/** Why a drill ends that was interrupted: by a signal, or by what runs it. */
export function interruptedBy(name: string): AbortRequest {
  return {
    reason: 'interrupted',
    problem: {
      code: 'drill/interrupted',
      message: `the drill was interrupted by ${name}`,
      hint: 'Run it again; an interrupted drill proves nothing.',
      blames: 'environment',
    },
  };
}
