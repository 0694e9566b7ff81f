import { type CheckContext, type Judgement } from '../checks/check.ts';
import { judgeCheck, prepareCheck } from '../checks/check-kinds.ts';
import type { Command } from '../drill/decide.ts';
import type { NewEvent } from '../drill/events.ts';
import type { CheckSpec } from '../runbook/check-spec.ts';
import type { Endpoint } from '../providers/resource.ts';
import { judgeUntilPassed } from './judge-until-passed.ts';
import { judgeWithin } from './judge-within.ts';
import { manifestFor } from './manifest-for.ts';
import { awaitReady } from './perform-restore.ts';
import { type Performance, planStep, plannedResource, resourceOfStep } from './performance.ts';
import { withFolder } from './with-folder.ts';
import { withPatience } from './with-patience.ts';

/** Observes, then judges. Whatever keeps a check from being done makes it `errored`, never passed, and stops no other. */
export async function performCheck(
  command: Extract<Command, { kind: 'check' }>,
  performance: Performance,
): Promise<readonly NewEvent[]> {
  const step = planStep(performance.state, command.step);
  if (step.kind !== 'check') throw new Error(`'${command.step}' checks nothing`);
  const { clock, provider } = performance.ports;
  const { check } = step;
  const judgement = await judgeWithin(command.step, performance, async (stop) => {
    const judge = async () => observeAndJudge(check, command.step, { ...performance, signal: stop });
    if (check.retry === undefined) return judge();
    const problemOf = (error: unknown) => provider.classify(error).problem;
    return judgeUntilPassed(check.retry, { clock, stop, problemOf }, judge);
  });
  return judgement === undefined ? [] : [{ type: 'check-judged', step: command.step, judgement }];
}

/** A resource that is looked at elsewhere than where it was restored. */
export interface LookedAtInstead {
  readonly of: string;
  readonly endpoint: Endpoint;
  readonly database: string;
}

/** One look at the resource of a check, or at a copy instead of it, and what is to be made of it. */
export async function observeAndJudge(
  check: CheckSpec,
  step: string,
  performance: Performance,
  instead?: LookedAtInstead,
): Promise<Judgement> {
  const { ports, state, signal } = performance;
  const context = await contextOf(check, step, performance);
  const request = prepareCheck(check, context);
  if ('outcome' in request) return request;
  const ready = await awaitReady(resourceOfStep(state, `restore:${check.of}`), step, performance);
  const elsewhere = instead?.of === check.of ? instead : undefined;
  const endpoint = elsewhere?.endpoint ?? ready.endpoint;
  if (endpoint === undefined) throw new Error(`'${check.of}' is ready, but nowhere`);
  const patient = withPatience(request, step, performance);
  const asked = await withFolder({ check, request: patient, step }, performance, instead);
  const there = elsewhere && 'database' in asked ? { ...asked, database: elsewhere.database } : asked;
  const observation = await ports.probe.observe(endpoint, there, signal);
  signal.throwIfAborted();
  return judgeCheck(check, observation, context);
}

async function contextOf(check: CheckSpec, step: string, performance: Performance): Promise<CheckContext> {
  const { state } = performance;
  const { spec, point } = plannedResource(state, check.of);
  const restore = state.steps.get(`restore:${check.of}`);
  const facts = restore?.kind === 'succeeded' ? restore.facts : undefined;
  const context: CheckContext = {
    restored: facts?.moment ?? { recoveryPointId: point.id, target: spec.recoveryPoint.to },
    capturedAt: point.capturedAt,
  };
  if (check.kind !== 'manifest') return context;
  return { ...context, manifest: await manifestFor(check, step, performance) };
}
