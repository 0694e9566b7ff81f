import type { Command } from '../drill/decide.ts';
import type { NewEvent } from '../drill/events.ts';
import type { DrillState } from '../drill/state.ts';
import { unreachable } from '../support/unreachable.ts';
import { awaitReady, performAwait, performStart } from './perform-restore.ts';
import { performCutover } from './perform-cutover.ts';
import { performCheck } from './perform-check.ts';
import { performProof } from './perform-proof.ts';
import { performRemove, performSearch } from './perform-teardown.ts';
import { performSelect } from './perform-select.ts';
import { type Performance, madeBy, resourceOfStep } from './performance.ts';

/** What is journaled before a command is performed, so that what it makes is looked for even if its answer never comes. */
export function intentOf(command: Command, state: DrillState): NewEvent | undefined {
  if (command.kind === 'remove') {
    const entry = state.ledger.get(command.resource.id);
    if (entry?.kind === 'removing') return undefined;
    return { type: 'removal-started', resource: command.resource, attempt: command.attempt };
  }
  if (!('step' in command) || command.kind === 'await') return undefined;
  if (state.steps.get(command.step)?.kind === 'starting') return undefined;
  const [attempt, token] = command.kind === 'start' ? [command.attempt, command.token] : [1, command.step];
  return { type: 'step-started', step: command.step, attempt, token };
}

/** Has the effect of a command and tells what came of it, as facts to be journaled. Every effect may run twice. */
export async function perform(command: Command, performance: Performance): Promise<readonly NewEvent[]> {
  switch (command.kind) {
    case 'select':
      return performSelect(performance);
    case 'start':
      return performStart(command, performance);
    case 'await':
      return performAwait(command, performance);
    case 'prove-isolation':
      return performIsolation(command, performance);
    case 'check':
      return performCheck(command, performance);
    case 'prove-check':
      return performProof(command, performance);
    case 'cut-over':
      return performCutover(command, performance);
    case 'keep':
      return [{ type: 'drill-kept', until: command.until }];
    case 'begin-teardown':
      return [{ type: 'teardown-started' }];
    case 'remove':
      return performRemove(command, performance);
    case 'search-for-left':
      return performSearch(performance);
    case 'finish':
      return [{ type: 'drill-finished' }];
    default:
      return unreachable(command);
  }
}

async function performIsolation(
  command: Extract<Command, { kind: 'prove-isolation' }>,
  performance: Performance,
): Promise<readonly NewEvent[]> {
  const { ports, state, signal } = performance;
  const sandbox = resourceOfStep(state, 'sandbox');
  try {
    const restored = command.resource === undefined ? undefined : resourceOfStep(state, `restore:${command.resource}`);
    if (restored) await awaitReady(restored, command.step, performance);
    const zone = madeBy(state, 'zone');
    const evidence = await ports.provider.proveIsolation(sandbox, restored, signal, zone);
    return [{ type: 'isolation-judged', step: command.step, evidence }];
  } catch (error) {
    if (signal.aborted) return [];
    return [{ type: 'step-failed', step: command.step, problem: ports.provider.classify(error).problem }];
  }
}
