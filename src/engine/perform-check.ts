import { type CheckContext, type Judgement } from '../checks/check.ts';
import { judgeCheck, prepareCheck } from '../checks/check-kinds.ts';
import type { Command } from '../drill/decide.ts';
import type { NewEvent } from '../drill/events.ts';
import type { CheckSpec } from '../runbook/check-spec.ts';
import { deadlineOf, deadlinePassed } from './deadline.ts';
import { awaitReady } from './perform-restore.ts';
import { type Performance, planStep, plannedResource, resourceOfStep } from './performance.ts';

/** Observes, then judges. Whatever keeps a check from being done makes it `errored`, never passed, and stops no other. */
export async function performCheck(
  command: Extract<Command, { kind: 'check' }>,
  performance: Performance,
): Promise<readonly NewEvent[]> {
  const { ports, state, signal } = performance;
  const step = planStep(state, command.step);
  if (step.kind !== 'check') throw new Error(`'${command.step}' checks nothing`);
  const deadline = new AbortController();
  const stop = AbortSignal.any([signal, deadline.signal]);
  const until = deadlineOf(state, command.step);
  const timer = ports.clock.sleep(Date.parse(until) - Date.parse(ports.clock.now()), stop).then(() => deadline.abort());
  try {
    const judgement = await observeAndJudge(step.check, command.step, { ...performance, signal: stop });
    if (signal.aborted) return [];
    return [{ type: 'check-judged', step: command.step, judgement }];
  } catch (error) {
    if (signal.aborted) return [];
    const problem = deadline.signal.aborted
      ? deadlinePassed(command.step, until)
      : ports.provider.classify(error).problem;
    return [{ type: 'check-judged', step: command.step, judgement: erroredBy(problem) }];
  } finally {
    deadline.abort();
    await timer;
  }
}

async function observeAndJudge(check: CheckSpec, step: string, performance: Performance): Promise<Judgement> {
  const { ports, state, signal } = performance;
  const context = await contextOf(check, performance);
  const request = prepareCheck(check, context);
  if ('outcome' in request) return request;
  const { endpoint } = await awaitReady(resourceOfStep(state, `restore:${check.of}`), step, performance);
  if (endpoint === undefined) throw new Error(`'${check.of}' is ready, but nowhere`);
  const observation = await ports.probe.observe(endpoint, request, signal);
  signal.throwIfAborted();
  return judgeCheck(check, observation, context);
}

async function contextOf(check: CheckSpec, { ports, state }: Performance): Promise<CheckContext> {
  const { spec, point } = plannedResource(state, check.of);
  const restore = state.steps.get(`restore:${check.of}`);
  const facts = restore?.kind === 'succeeded' ? restore.facts : undefined;
  const context: CheckContext = {
    restored: facts?.moment ?? { recoveryPointId: point.id, target: spec.recoveryPoint.to },
    capturedAt: point.capturedAt,
  };
  if (check.kind !== 'manifest') return context;
  const file = check.file.replaceAll('{recoveryPoint}', point.id);
  return { ...context, manifest: await ports.readManifest(file) };
}

function erroredBy(problem: NonNullable<Judgement['problem']>): Judgement {
  return { outcome: 'errored', observed: 'nothing', expected: 'an observation', because: problem.message, problem };
}
