import { type DrillState, stepOf } from '../drill/state.ts';
import type { Plan, PlannedResource, Step } from '../plan/plan.ts';
import type { DrillIdentity } from '../providers/provider.ts';
import type { Resource } from '../providers/resource.ts';
import { type Instant, type Millis, epochMillisOf, millisBetween } from '../support/time.ts';
import type { EnginePorts } from './ports.ts';

/** What a performance may know: the state at the moment the command was given. */
export interface Performance {
  readonly ports: EnginePorts;
  readonly state: DrillState;
  /** Aborts when the drill is aborted; a performance of teardown never sees it abort. */
  readonly signal: AbortSignal;
}

/** The drill as a provider needs to know it. */
export function identityOf(state: DrillState): DrillIdentity {
  const plan = planOf(state);
  if (state.started === undefined) throw new Error('a plan without a start');
  const sources = [
    ...plan.resources.flatMap(({ point }) => (point.rds ? [point.rds.sourceResourceId] : [])),
    ...plan.steps.flatMap((step) => (step.kind === 'zone' ? [step.cutover.zone] : [])),
  ];
  return { drillId: plan.drillId, startedAt: state.started.at, sandbox: plan.sandbox, sources };
}

/**
 * How long to wait until the next look at work that began then. Looks are taken at whole multiples of their interval, so
 * that those of work that goes on side by side fall together, and a provider can answer them at once.
 */
export function intervalSince(since: Instant, { clock, provider }: Pick<EnginePorts, 'clock' | 'provider'>): Millis {
  const now = clock.now();
  const interval = provider.properties.pollInterval(Math.max(0, millisBetween(since, now)));
  return interval - (epochMillisOf(now) % interval);
}

/** The plan of a drill that is past its planning. */
export function planOf({ plan }: DrillState): Plan {
  if (plan === undefined) throw new Error('a step without a plan');
  return plan;
}

/** The plan's step of a command. */
export function planStep(state: DrillState, id: string): Step {
  const step = stepOf(state, id);
  if (step === undefined) throw new Error(`a command for '${id}', which the plan does not know`);
  return step;
}

/** The planned resource of that name. */
export function plannedResource(state: DrillState, name: string): PlannedResource {
  const resource = planOf(state).resources.find((one) => one.spec.name === name);
  if (resource === undefined) throw new Error(`a step for '${name}', which the plan does not know`);
  return resource;
}

/** What a step has made. */
export function resourceOfStep(state: DrillState, step: string): Resource {
  const made = madeBy(state, step);
  if (made === undefined) throw new Error(`'${step}' has made nothing`);
  return made;
}

/** What a step has made, when there is such a step and it has. */
export function madeBy(state: DrillState, step: string): Resource | undefined {
  const now = state.steps.get(step);
  return now && 'resource' in now ? now.resource : undefined;
}
