import type { Command } from '../drill/decide.ts';
import type { NewEvent } from '../drill/events.ts';
import { observeAndJudge } from './perform-check.ts';
import { judgeWithin } from './judge-within.ts';
import { type Performance, planStep, resourceOfStep } from './performance.ts';

/**
 * Damages a copy of what was restored, or for a control leaves it as it is, and has the check look at it. Done again from
 * the beginning by an engine that resumes. Whatever keeps it from being done leaves the check unproven.
 */
export async function performProof(
  command: Extract<Command, { kind: 'prove-check' }>,
  performance: Performance,
): Promise<readonly NewEvent[]> {
  const { ports, state } = performance;
  const { step } = command;
  const planned = planStep(state, step);
  const { damager } = ports.provider;
  const isControl = planned.kind === 'control';
  if ((planned.kind !== 'proof' && !isControl) || damager === undefined) throw new Error(`'${step}' copies nothing`);
  const { check, of, damage } = isControl ? { ...planned, damage: 'none' as const } : planned.claim;
  const resource = resourceOfStep(state, `restore:${of}`);
  const judgement = await judgeWithin(step, performance, async (stop) => {
    const copy = await damager.damage({ resource, database: check.database, damage }, stop);
    try {
      return await observeAndJudge(check, step, { ...performance, signal: stop }, { of, ...copy });
    } finally {
      await damager.discard(resource, new AbortController().signal).catch(() => {});
    }
  });
  return judgement === undefined ? [] : [{ type: isControl ? 'control-judged' : 'check-proven', step, judgement }];
}
