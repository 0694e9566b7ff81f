import type { Command } from '../drill/decide.ts';
import type { NewEvent } from '../drill/events.ts';
import { observeAndJudge } from './perform-check.ts';
import { judgeWithin } from './judge-within.ts';
import { type Performance, planStep, resourceOfStep } from './performance.ts';

/**
 * Damages a copy of what was restored and has the check look at it. Done again from the beginning by an engine that
 * resumes. Whatever keeps it from being done leaves the check unproven.
 */
export async function performProof(
  command: Extract<Command, { kind: 'prove-check' }>,
  performance: Performance,
): Promise<readonly NewEvent[]> {
  const { ports, state } = performance;
  const { step } = command;
  const planned = planStep(state, step);
  const { damager } = ports.provider;
  if (planned.kind !== 'proof' || damager === undefined) throw new Error(`'${step}' damages nothing`);
  const { check, damage, of } = planned.claim;
  const resource = resourceOfStep(state, `restore:${of}`);
  const judgement = await judgeWithin(step, performance, async (stop) => {
    const copy = await damager.damage({ resource, database: check.database, damage }, stop);
    try {
      return await observeAndJudge(check, step, { ...performance, signal: stop }, { of, ...copy });
    } finally {
      await damager.discard(resource, new AbortController().signal).catch(() => {});
    }
  });
  return judgement === undefined ? [] : [{ type: 'check-proven', step, judgement }];
}
