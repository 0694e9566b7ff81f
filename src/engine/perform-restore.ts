import type { Command } from '../drill/decide.ts';
import type { NewEvent } from '../drill/events.ts';
import type { DrillState } from '../drill/state.ts';
import type { ResourceState, StartRequest } from '../providers/provider.ts';
import type { Resource } from '../providers/resource.ts';
import { type Instant, type Millis, millisBetween } from '../support/time.ts';
import type { Problem } from '../diagnostics/problem.ts';
import { ProblemError } from '../diagnostics/problem-error.ts';
import { deadlineOf, deadlinePassed } from './deadline.ts';
import { type Performance, identityOf, intervalSince, planStep, plannedResource } from './performance.ts';

/** How often work that died without an end is begun again. */
const MAX_ATTEMPTS = 3;

/** Starts what a step makes; the provider adopts what an earlier try with the same token made. */
export async function performStart(
  command: Extract<Command, { kind: 'start' }>,
  { ports, state, signal }: Performance,
): Promise<readonly NewEvent[]> {
  try {
    const resource = await ports.provider.start(startRequest(state, command.step, command.token), signal);
    const before = state.steps.get(command.step);
    // What was changed shows some moments later; without a pause its old state would begin the stage again and again.
    if (before?.kind === 'starting' && before.resource)
      await ports.clock.sleep(intervalSince(ports.clock.now(), ports), signal);
    return [{ type: 'resource-created', step: command.step, resource }];
  } catch (error) {
    if (signal.aborted) return [];
    return [{ type: 'step-failed', step: command.step, problem: ports.provider.classify(error).problem }];
  }
}

/** Waits until what a step makes is ready, has failed, or its deadline has passed. */
export async function performAwait(
  command: Extract<Command, { kind: 'await' }>,
  performance: Performance,
): Promise<readonly NewEvent[]> {
  const { step, resource, attempt } = command;
  const { ports } = performance;
  try {
    const settled = await lookUntilSettled(resource, step, performance, ports.provider.properties.absenceGrace);
    const { end, noticedWithin } = settled;
    if (end.kind === 'ready') {
      return [{ type: 'step-succeeded', step, noticedWithin, ...(end.facts && { facts: end.facts }) }];
    }
    if (end.kind === 'staged') return [{ type: 'stage-finished', step, stage: end.stage, noticedWithin }];
    if (end.kind === 'lost' && attempt < MAX_ATTEMPTS)
      return [{ type: 'step-interrupted', step, because: end.because }];
    return [{ type: 'step-failed', step, problem: problemOf(end, resource) }];
  } catch (error) {
    if (performance.signal.aborted) return [];
    return [{ type: 'step-failed', step, problem: performance.ports.provider.classify(error).problem }];
  }
}

/**
 * The ready state of a restored resource that a later step needs; its server is started again if it died meanwhile, as
 * after a restart of the machine (the finished copy is adopted, not restored again).
 *
 * @throws ProblemError when it cannot be had
 */
export async function awaitReady(
  resource: Resource,
  step: string,
  performance: Performance,
): Promise<Extract<ResourceState, { kind: 'ready' }>> {
  const { ports, state, signal } = performance;
  for (let attempt = 1; ; attempt += 1) {
    const { end } = await lookUntilSettled(resource, step, performance);
    if (end.kind === 'ready') return end;
    const isToBeGoneOnWith = end.kind === 'lost' || end.kind === 'staged';
    if (!isToBeGoneOnWith || attempt >= MAX_ATTEMPTS) throw new ProblemError(problemOf(end, resource));
    await ports.provider.start(startRequest(state, `restore:${resource.name}`, resource.token), signal);
  }
}

type Settled = Exclude<ResourceState, { kind: 'pending' }>;

/** @param grace how long after the step began what is not there may still be about to show up */
async function lookUntilSettled(
  resource: Resource,
  step: string,
  performance: Performance,
  grace: Millis = 0,
): Promise<{ readonly end: Settled; readonly noticedWithin: Millis }> {
  const { ports, state, signal } = performance;
  const deadline = deadlineOf(state, step);
  const since = beganAt(state, step) ?? ports.clock.now();
  let lookedAt = since;
  for (;;) {
    const [now] = await ports.provider.look([resource], signal);
    if (now === undefined) throw new Error('a look without an answer');
    const isAwaited = now.kind === 'gone' && millisBetween(since, ports.clock.now()) < grace;
    const noticedWithin = Math.max(0, millisBetween(lookedAt, ports.clock.now()));
    if (now.kind !== 'pending' && !isAwaited) return { end: now, noticedWithin };
    lookedAt = ports.clock.now();
    if (now.kind === 'pending') ports.observer.progress({ step, ...now });
    if (lookedAt >= deadline)
      return { end: { kind: 'failed', problem: deadlinePassed(step, deadline) }, noticedWithin };
    await ports.clock.sleep(intervalSince(since, ports), signal);
    signal.throwIfAborted();
  }
}

function beganAt(state: DrillState, step: string): Instant | undefined {
  const now = state.steps.get(step);
  if (now?.kind === 'running') return now.stageSince;
  return now && 'since' in now ? now.since : undefined;
}

function problemOf(end: Exclude<Settled, { kind: 'ready' }>, { name }: Resource): Problem {
  if (end.kind === 'failed') return end.problem;
  const because = end.kind === 'lost' ? end.because : `it stands again at '${end.kind === 'staged' ? end.stage : ''}'`;
  return {
    code: end.kind === 'gone' ? 'restore/vanished' : 'restore/keeps-dying',
    message: end.kind === 'gone' ? `'${name}' is no longer there` : `the restore of '${name}' died: ${because}`,
    hint: 'Find out who or what ended it (the machine may be out of memory), then run the drill again.',
    blames: 'environment',
  };
}

function startRequest(state: DrillState, stepId: string, token: string): StartRequest {
  const step = planStep(state, stepId);
  const drill = identityOf(state);
  if (step.kind === 'sandbox' || step.kind === 'probe') return { kind: step.kind, drill, token };
  if (step.kind === 'zone') return { kind: 'zone', drill, token, zone: step.cutover.zone };
  if (step.kind !== 'restore') throw new Error(`'${stepId}' makes nothing`);
  const { spec, point } = plannedResource(state, step.resource);
  return { kind: 'restore', drill, token, spec, point };
}
