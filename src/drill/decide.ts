import type { Step } from '../plan/plan.ts';
import type { Resource } from '../providers/resource.ts';
import { type Instant, addMillis, epochMillisOf, instantOf } from '../support/time.ts';
import type { DrillState, LedgerEntry, StepState } from './state.ts';

/**
 * What is to be done next, as data. Commands given together are independent. Whoever performs them journals what came
 * of it, and asks again; a command that has not ended is given again, so every one of them may run twice.
 */
export type Command =
  | { readonly kind: 'select' }
  | { readonly kind: 'start'; readonly step: string; readonly attempt: number; readonly token: string }
  | { readonly kind: 'await'; readonly step: string; readonly attempt: number; readonly resource: Resource }
  | { readonly kind: 'prove-isolation'; readonly step: string; readonly resource?: string }
  | { readonly kind: 'check'; readonly step: string }
  | { readonly kind: 'prove-check'; readonly step: string }
  | { readonly kind: 'cut-over'; readonly step: string }
  | { readonly kind: 'keep'; readonly until: Instant }
  | { readonly kind: 'begin-teardown' }
  | { readonly kind: 'remove'; readonly resource: Resource; readonly attempt: number }
  | { readonly kind: 'search-for-left' }
  | { readonly kind: 'finish' };

/** A key that is the same for the same command, given twice. */
export function keyOf(command: Command): string {
  if (command.kind === 'remove') return `remove ${command.resource.id} ${command.attempt}`;
  return 'step' in command ? `${command.kind} ${command.step}` : command.kind;
}

/** Whether a command belongs to the drill proper, which an abort ends, and not to its teardown, which nothing ends. */
export function isForward(command: Command): boolean {
  return ['select', 'start', 'await', 'prove-isolation', 'check', 'prove-check', 'cut-over'].includes(command.kind);
}

/** The commands that a drill in this state wants performed; none when it has finished. */
export function decide(state: DrillState): readonly Command[] {
  if (state.finished || state.started === undefined) return [];
  if (state.teardown === 'under-way') return teardownCommands(state);
  if (state.teardown === 'finished' || state.keptUntil !== undefined) return [{ kind: 'finish' }];
  if (state.aborted === undefined && !state.refused) {
    if (state.plan === undefined) return [{ kind: 'select' }];
    const forward = forwardCommands(state);
    if (forward.length > 0) return forward;
  }
  return [endOfForward(state)];
}

/** The token of what a step creates: the same for every attempt, so that a repeat adopts. */
function tokenOf(drillId: string, step: string): string {
  return `${drillId}/${step}`;
}

function forwardCommands(state: DrillState): readonly Command[] {
  const steps = state.plan?.steps ?? [];
  const active = steps.filter((step) => isActive(state.steps.get(step.id)));
  const room = Math.max(0, (state.plan?.concurrency ?? 1) - active.length);
  const ready = steps.filter((step) => isReady(state, step)).slice(0, room);
  return [...active, ...ready].map((step) => commandOf(state, step));
}

function isActive(step: StepState | undefined): boolean {
  return step?.kind === 'starting' || step?.kind === 'running' || step?.kind === 'interrupted';
}

function isReady(state: DrillState, step: Step): boolean {
  return (
    state.steps.get(step.id)?.kind === 'waiting' &&
    // Nothing is proven about the checks of a drill that does not pass anyway.
    (step.phase !== 'prove' || state.unpassedRequired === 0) &&
    step.needs.every((id) => state.steps.get(id)?.kind === 'succeeded') &&
    step.after.every((id) => hasEnded(state, id))
  );
}

/** A step has also ended when it can never run, because something it needs has failed or will never run. */
function hasEnded(state: DrillState, id: string): boolean {
  const kind = state.steps.get(id)?.kind;
  return kind === 'succeeded' || kind === 'failed' || isBlocked(state, id);
}

function isBlocked(state: DrillState, id: string): boolean {
  if (state.steps.get(id)?.kind !== 'waiting') return false;
  const needs = state.plan?.steps.find((step) => step.id === id)?.needs ?? [];
  return needs.some((need) => state.steps.get(need)?.kind === 'failed' || isBlocked(state, need));
}

function commandOf(state: DrillState, step: Step): Command {
  const now = state.steps.get(step.id);
  if (step.kind === 'isolation') return { kind: 'prove-isolation', step: step.id };
  if (step.kind === 'connect') return { kind: 'prove-isolation', step: step.id, resource: step.resource };
  if (step.kind === 'check') return { kind: 'check', step: step.id };
  if (step.kind === 'control' || step.kind === 'proof') return { kind: 'prove-check', step: step.id };
  if (step.kind === 'cutover') return { kind: 'cut-over', step: step.id };
  if (now?.kind === 'running') return { kind: 'await', step: step.id, attempt: now.attempt, resource: now.resource };
  const token = tokenOf(state.plan?.drillId ?? '', step.id);
  const attempt = now?.kind === 'interrupted' ? now.attempt + 1 : now?.kind === 'starting' ? now.attempt : 1;
  return { kind: 'start', step: step.id, attempt, token };
}

function endOfForward(state: DrillState): Command {
  if (state.ledger.size === 0 && state.openIntents.size === 0) return { kind: 'finish' };
  const until = keepUntil(state);
  return until === undefined ? { kind: 'begin-teardown' } : { kind: 'keep', until };
}

/** Only a drill that was asked to, ran to its end and did not pass is kept, and never past its sandbox's expiry. */
function keepUntil({ started, plan, steps, aborted, unpassedChecks, engineSince }: DrillState): Instant | undefined {
  const asked = started?.keepOnFailure;
  if (asked === undefined || plan === undefined || aborted !== undefined || engineSince === undefined) return undefined;
  const passed = unpassedChecks === 0 && [...steps.values()].every((step) => step.kind === 'succeeded');
  if (passed) return undefined;
  const wanted = addMillis(engineSince, asked);
  return instantOf(Math.min(epochMillisOf(wanted), epochMillisOf(plan.sandbox.expiresAt)));
}

function teardownCommands(state: DrillState): readonly Command[] {
  const entries = [...state.ledger.values()];
  const open = entries.filter(isOpen);
  if (open.length === 0) return [{ kind: 'search-for-left' }];
  return open
    .filter(({ resource }) => !open.some((other) => dependsOn(state, other.resource, resource)))
    .map((entry) => ({ kind: 'remove', resource: entry.resource, attempt: attemptOf(entry) }));
}

function isOpen(entry: LedgerEntry): boolean {
  return entry.kind === 'present' || entry.kind === 'removing';
}

function attemptOf(entry: LedgerEntry): number {
  return entry.kind === 'removing' ? entry.attempt : entry.removals + 1;
}

/** Whether `dependent` must be gone before `base` may go. Everything lies in the sandbox. */
function dependsOn(state: DrillState, dependent: Resource, base: Resource): boolean {
  if (dependent.id === base.id) return false;
  if (base.type === 'sandbox') return dependent.type !== 'sandbox';
  const spec = state.plan?.resources.find((one) => one.spec.name === dependent.name)?.spec;
  return spec?.needs.includes(base.name) ?? false;
}
