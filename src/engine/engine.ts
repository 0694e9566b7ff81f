import { type Command, decide, isForward, keyOf } from '../drill/decide.ts';
import type { Problem } from '../diagnostics/problem.ts';
import type { NewEvent } from '../drill/events.ts';
import type { DrillState } from '../drill/state.ts';
import { perform, intentOf } from './perform.ts';
import type { EngineOptions } from './engine-options.ts';
import type { EnginePorts } from './ports.ts';
import { watchDeadlines } from './watch-deadlines.ts';
import { type Recorder, recorderOf } from './recorder.ts';

/** What came of a command: facts, or the error of a bug. */
type Settled = { readonly command: Command } & ({ readonly events: readonly NewEvent[] } | { readonly bug: unknown });

/**
 * Runs a drill to its end from wherever its journal stands: asks what is to be done, does it, journals what came of it.
 * Running, resuming and tearing down are this one loop.
 *
 * @throws the error of a bug, after what the drill made is removed: a bug leaves no copy of production behind
 */
export async function runEngine(ports: EnginePorts, options: EngineOptions): Promise<DrillState> {
  const recorder = recorderOf(ports, ports.journal.events);
  await recorder.record({ type: 'engine-started', purpose: options.purpose, bootId: ports.bootId });
  if (options.purpose === 'teardown') await reopenTeardown(recorder);
  const watch = watchDeadlines(recorder, ports.clock, options);
  const inFlight = new Map<string, { command: Command; settled: Promise<Settled> }>();
  const bugs: unknown[] = [];
  try {
    for (;;) {
      await watch.recordAbort();
      const mayStart = !recorder.state().aborted || watch.givenUp() || ![...inFlight.values()].some(isForwardOne);
      if (mayStart) await startAll({ ports, recorder, inFlight, signal: watch.forward });
      const forgotten = watch.givenUp() ? [...inFlight.values()].filter(isForwardOne) : [];
      for (const { command } of forgotten) inFlight.delete(keyOf(command));
      if (inFlight.size === 0) {
        if (decide(recorder.state()).length > 0) continue;
        if (bugs.length > 0) throw bugs[0];
        return recorder.state();
      }
      const done = await Promise.race([...[...inFlight.values()].map(({ settled }) => settled), watch.changed()]);
      if (done === undefined) continue;
      inFlight.delete(keyOf(done.command));
      if ('bug' in done) await abortByBug(done, bugs, recorder);
      else for (const event of done.events) await recorder.record(event);
    }
  } finally {
    watch.stop();
  }
}

/** A bug in the drill proper ends it, but not its teardown; one in the teardown ends all. */
async function abortByBug(
  { command, bug }: { readonly command: Command; readonly bug: unknown },
  bugs: unknown[],
  recorder: Recorder,
): Promise<void> {
  if (!isForward(command)) throw bug;
  bugs.push(bug);
  if (!recorder.state().aborted) await recorder.record({ type: 'drill-aborted', reason: 'bug', problem: OF_A_BUG });
}

const OF_A_BUG: Problem = {
  code: 'drill/bug',
  message: 'the drill was ended by an error in drillbook itself',
  hint: 'Report it as a bug; DRILLBOOK_DEBUG=1 shows where it happened.',
  blames: 'environment',
};

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
    const settled = performed.then(
      (events) => ({ command, events }),
      (bug: unknown) => ({ command, bug }),
    );
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
