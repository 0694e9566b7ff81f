import { type Command, decide, isForward, keyOf } from '../drill/decide.ts';
import type { NewEvent } from '../drill/events.ts';
import type { DrillState } from '../drill/state.ts';
import { perform, intentOf } from './perform.ts';
import type { EngineOptions } from './engine-options.ts';
import type { EnginePorts } from './ports.ts';
import { watchDeadlines } from './watch-deadlines.ts';
import { type Recorder, recorderOf } from './recorder.ts';

interface Settled {
  readonly command: Command;
  readonly events: readonly NewEvent[];
}

/**
 * Runs a drill to its end from wherever its journal stands: asks what is to be done, does it, journals what came of it.
 * Running, resuming and tearing down are this one loop.
 */
export async function runEngine(ports: EnginePorts, options: EngineOptions): Promise<DrillState> {
  const recorder = recorderOf(ports, ports.journal.events);
  await recorder.record({ type: 'engine-started', purpose: options.purpose, bootId: ports.bootId });
  if (options.purpose === 'teardown') await reopenTeardown(recorder);
  const watch = watchDeadlines(recorder, ports.clock, options);
  const inFlight = new Map<string, { command: Command; settled: Promise<Settled> }>();
  try {
    for (;;) {
      await watch.recordAbort();
      const mayStart = !recorder.state().aborted || watch.givenUp() || ![...inFlight.values()].some(isForwardOne);
      if (mayStart) await startAll({ ports, recorder, inFlight, signal: watch.forward });
      const forgotten = watch.givenUp() ? [...inFlight.values()].filter(isForwardOne) : [];
      for (const { command } of forgotten) inFlight.delete(keyOf(command));
      if (inFlight.size === 0) {
        if (decide(recorder.state()).length === 0) return recorder.state();
        continue;
      }
      const done = await Promise.race([...[...inFlight.values()].map(({ settled }) => settled), watch.changed()]);
      if (done === undefined) continue;
      inFlight.delete(keyOf(done.command));
      for (const event of done.events) await recorder.record(event);
    }
  } finally {
    watch.stop();
  }
}

function isForwardOne({ command }: { command: Command }): boolean {
  return isForward(command);
}

interface Starting {
  readonly ports: EnginePorts;
  readonly recorder: Recorder;
  readonly inFlight: Map<string, { command: Command; settled: Promise<Settled> }>;
  readonly signal: AbortSignal;
}

/** Begins every command that is not under way; one whose intent cannot be journaled is not begun. */
async function startAll({ ports, recorder, inFlight, signal }: Starting): Promise<void> {
  for (const command of decide(recorder.state())) {
    if (inFlight.has(keyOf(command))) continue;
    const intent = intentOf(command, recorder.state());
    if (intent) await recorder.record(intent);
    if (isForward(command) && recorder.state().aborted) return;
    const mine = isForward(command) ? signal : new AbortController().signal;
    const performed = perform(command, { ports, state: recorder.state(), signal: mine });
    const settled = performed.then((events) => ({ command, events }));
    // Whoever awaits it gets the bug; one that nobody awaits any more must not end the process before teardown.
    settled.catch(() => {});
    inFlight.set(keyOf(command), { command, settled });
  }
}

/** A drill that has ended, but kept or left something, is opened for one more teardown. */
async function reopenTeardown(recorder: Recorder): Promise<void> {
  const { finished, left, keptUntil, teardown } = recorder.state();
  if (finished && (left.length > 0 || (keptUntil !== undefined && teardown === 'not-started'))) {
    await recorder.record({ type: 'teardown-started' });
  }
}
