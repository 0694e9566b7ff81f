import type { Problem } from '../diagnostics/problem.ts';
import type { Plan, Step } from '../plan/plan.ts';
import type { Resource, RestoreFacts } from '../providers/resource.ts';
import type { Instant } from '../support/time.ts';
import { unreachable } from '../support/unreachable.ts';
import { controlProblem } from './control.ts';
import type { AbortReason, DrillEvent, DrillStarted } from './events.ts';
import { isolationProblem } from './isolation.ts';

/**
 * What is true of one step.
 *
 * waiting → starting → running → succeeded | failed; starting and running go back to `interrupted` when the work on the
 * resource died without an end, and from there to starting with the same token. Running goes back to `starting` with the
 * same token, attempt and resource when a stage has ended.
 */
export type StepState =
  | { readonly kind: 'waiting' }
  | {
      readonly kind: 'starting';
      readonly attempt: number;
      readonly token: string;
      readonly since: Instant;
      /** What an earlier stage has made. */
      readonly resource?: Resource;
    }
  | {
      readonly kind: 'running';
      /** When the present stage began. */
      readonly stageSince: Instant;
      readonly attempt: number;
      readonly token: string;
      readonly since: Instant;
      readonly resource: Resource;
    }
  | {
      readonly kind: 'interrupted';
      readonly attempt: number;
      readonly token: string;
      readonly since: Instant;
      readonly resource: Resource;
    }
  | { readonly kind: 'succeeded'; readonly resource?: Resource; readonly facts?: RestoreFacts }
  | { readonly kind: 'failed'; readonly problem: Problem };

/** What is true of one entry of the ledger of created resources. */
export type LedgerEntry = {
  readonly resource: Resource;
  /** Removals that have ended, in whatever way. */
  readonly removals: number;
} & (
  | { readonly kind: 'present' }
  | { readonly kind: 'removing'; readonly attempt: number }
  | { readonly kind: 'removed' }
  | { readonly kind: 'stuck'; readonly problem: Problem }
);

/** Everything that a drill knows of itself: a fold of its journal. */
export interface DrillState {
  readonly started?: DrillStarted & { readonly at: Instant };
  /** When the engine that is at work now began; deadlines of steps count from it after a resume. */
  readonly engineSince?: Instant;
  readonly plan?: Plan;
  readonly refused: boolean;
  readonly steps: ReadonlyMap<string, StepState>;
  /** By resource id, in the order of creation. */
  readonly ledger: ReadonlyMap<string, LedgerEntry>;
  /** Creating calls whose answer never came, by token. */
  readonly openIntents: ReadonlyMap<string, { readonly step: string }>;
  /** Checks that were judged anything but passed. */
  readonly unpassedChecks: number;
  /** Of those: checks without which the drill cannot pass. */
  readonly unpassedRequired: number;
  readonly aborted?: { readonly reason: AbortReason; readonly problem: Problem };
  readonly keptUntil?: Instant;
  readonly teardown: 'not-started' | 'under-way' | 'finished';
  /** When the latest teardown began. */
  readonly teardownSince?: Instant;
  readonly left: readonly Resource[];
  readonly finished: boolean;
}

const initialState: DrillState = {
  refused: false,
  steps: new Map(),
  ledger: new Map(),
  openIntents: new Map(),
  unpassedChecks: 0,
  unpassedRequired: 0,
  teardown: 'not-started',
  left: [],
  finished: false,
};

/** The state after all events of a journal. */
export function fold(events: readonly DrillEvent[]): DrillState {
  return events.reduce(apply, initialState);
}

/** The state after one more event. */
export function apply(state: DrillState, event: DrillEvent): DrillState {
  switch (event.type) {
    case 'drill-started':
      return { ...state, started: event };
    case 'engine-started':
      return { ...state, engineSince: event.at };
    case 'plan-made':
      return {
        ...state,
        plan: event.plan,
        steps: new Map(event.plan.steps.map(({ id }) => [id, { kind: 'waiting' }])),
      };
    case 'drill-refused':
      return { ...state, refused: true };
    case 'drill-aborted':
      return { ...state, aborted: { reason: event.reason, problem: event.problem } };
    case 'drill-kept':
      return { ...state, keptUntil: event.until };
    case 'drill-finished':
      return { ...state, finished: true };
    case 'draws-counted':
    case 'notification-judged':
      return state;
    case 'step-started':
    case 'resource-created':
    case 'step-interrupted':
    case 'stage-finished':
    case 'isolation-judged':
    case 'check-judged':
    case 'control-judged':
    case 'check-proven':
    case 'cutover-done':
    case 'step-succeeded':
    case 'step-failed':
      return applyToStep(state, event);
    case 'teardown-started':
    case 'removal-started':
    case 'resource-removed':
    case 'removal-failed':
    case 'resource-found':
    case 'teardown-finished':
      return applyToTeardown(state, event);
    default:
      return unreachable(event);
  }
}

type StepEvent = Extract<DrillEvent, { readonly step: string }>;

function applyToStep(state: DrillState, event: StepEvent): DrillState {
  const before = state.steps.get(event.step);
  switch (event.type) {
    case 'step-started': {
      const since = before && 'since' in before ? before.since : event.at;
      const created = isCreating(stepOf(state, event.step)) && !(before && 'resource' in before);
      const next = withStep(state, event.step, { kind: 'starting', attempt: event.attempt, token: event.token, since });
      return created ? { ...next, openIntents: withKey(state.openIntents, event.token, { step: event.step }) } : next;
    }
    case 'resource-created':
      return withCreated(state, event);
    case 'step-interrupted':
      return before?.kind === 'running' ? withStep(state, event.step, { ...before, kind: 'interrupted' }) : state;
    case 'stage-finished':
      return before?.kind === 'running' ? withStep(state, event.step, { ...before, kind: 'starting' }) : state;
    case 'isolation-judged':
    case 'check-judged':
    case 'control-judged':
    case 'check-proven':
      return applyJudgement(state, event);
    case 'cutover-done':
      return withStep(state, event.step, { kind: 'succeeded' });
    case 'step-succeeded':
      return withStep(state, event.step, succeeded(before, event.facts));
    case 'step-failed':
      return withStep(state, event.step, { kind: 'failed', problem: event.problem });
    default:
      return unreachable(event);
  }
}

type JudgementEvent = Extract<
  StepEvent,
  { readonly type: 'isolation-judged' | 'check-judged' | 'control-judged' | 'check-proven' }
>;

function applyJudgement(state: DrillState, event: JudgementEvent): DrillState {
  switch (event.type) {
    case 'isolation-judged': {
      const minimum = state.plan?.sandbox.minimumIsolation ?? 'L2';
      const problem = isolationProblem(event.evidence, minimum);
      return withStep(state, event.step, problem ? { kind: 'failed', problem } : { kind: 'succeeded' });
    }
    case 'check-judged': {
      const unpassed = event.judgement.outcome === 'passed' ? 0 : 1;
      const step = stepOf(state, event.step);
      const required = step?.kind === 'check' && step.check.severity === 'warn' ? 0 : unpassed;
      return {
        ...withStep(state, event.step, { kind: 'succeeded' }),
        unpassedChecks: state.unpassedChecks + unpassed,
        unpassedRequired: state.unpassedRequired + required,
      };
    }
    case 'control-judged': {
      const step = stepOf(state, event.step);
      const problem = step?.kind === 'control' ? controlProblem(step.check, event.judgement) : undefined;
      return withStep(state, event.step, problem ? { kind: 'failed', problem } : { kind: 'succeeded' });
    }
    case 'check-proven': {
      const unproven = event.judgement.outcome === 'failed' ? 0 : 1;
      return {
        ...withStep(state, event.step, { kind: 'succeeded' }),
        unpassedChecks: state.unpassedChecks + unproven,
      };
    }
    default:
      return unreachable(event);
  }
}

function withCreated(state: DrillState, event: Extract<StepEvent, { readonly type: 'resource-created' }>): DrillState {
  const { step, resource, at } = event;
  const before = state.steps.get(step);
  const removals = state.ledger.get(resource.id)?.removals ?? 0;
  const ledger = withKey(state.ledger, resource.id, { kind: 'present', resource, removals });
  const openIntents = withoutKey(state.openIntents, resource.token);
  if (before?.kind !== 'starting') return { ...state, ledger, openIntents };
  return { ...withStep(state, step, { ...before, kind: 'running', resource, stageSince: at }), ledger, openIntents };
}

function succeeded(before: StepState | undefined, facts: RestoreFacts | undefined): StepState {
  const resource = before && 'resource' in before ? before.resource : undefined;
  return { kind: 'succeeded', ...(resource && { resource }), ...(facts && { facts }) };
}

type TeardownEvent = Extract<
  DrillEvent,
  {
    readonly type:
      | 'teardown-started'
      | 'removal-started'
      | 'resource-removed'
      | 'removal-failed'
      | 'resource-found'
      | 'teardown-finished';
  }
>;

function applyToTeardown(state: DrillState, event: TeardownEvent): DrillState {
  if (event.type === 'teardown-started') {
    const ledger = unstuck(state.ledger);
    return { ...state, teardown: 'under-way', teardownSince: event.at, left: [], finished: false, ledger };
  }
  if (event.type === 'teardown-finished') return { ...state, teardown: 'finished', left: event.left };
  return { ...state, ledger: withKey(state.ledger, event.resource.id, entryAfter(state, event)) };
}

type LedgerEvent = Exclude<TeardownEvent, { readonly type: 'teardown-started' | 'teardown-finished' }>;

function entryAfter(state: DrillState, event: LedgerEvent): LedgerEntry {
  const { resource } = event;
  const removals = state.ledger.get(resource.id)?.removals ?? 0;
  switch (event.type) {
    case 'removal-started':
      return { kind: 'removing', resource, removals, attempt: event.attempt };
    case 'resource-removed':
      return { kind: 'removed', resource, removals: removals + 1 };
    case 'removal-failed':
      return { kind: 'stuck', resource, removals: removals + 1, problem: event.problem };
    case 'resource-found':
      return { kind: 'present', resource, removals };
    default:
      return unreachable(event);
  }
}

/** A later teardown tries again what an earlier one could not remove. */
function unstuck(ledger: DrillState['ledger']): DrillState['ledger'] {
  return new Map(
    [...ledger].map(([id, entry]) => [
      id,
      entry.kind === 'stuck' ? { kind: 'present', resource: entry.resource, removals: 0 } : entry,
    ]),
  );
}

/** The plan's step of that id. */
export function stepOf(state: DrillState, id: string): Step | undefined {
  return state.plan?.steps.find((step) => step.id === id);
}

/** Whether a step makes something that has to be removed again. */
function isCreating(step: Step | undefined): boolean {
  return step !== undefined && ['sandbox', 'probe', 'restore', 'zone'].includes(step.kind);
}

function withStep(state: DrillState, id: string, step: StepState): DrillState {
  return { ...state, steps: withKey(state.steps, id, step) };
}

function withKey<V>(map: ReadonlyMap<string, V>, key: string, value: V): ReadonlyMap<string, V> {
  return new Map(map).set(key, value);
}

function withoutKey<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  return new Map([...map].filter(([one]) => one !== key));
}
