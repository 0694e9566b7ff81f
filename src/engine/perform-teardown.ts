import type { Command } from '../drill/decide.ts';
import type { NewEvent } from '../drill/events.ts';
import type { DrillState } from '../drill/state.ts';
import type { Problem } from '../diagnostics/problem.ts';
import type { Resource } from '../providers/resource.ts';
import { type Instant, type Millis, addMillis, millisBetween } from '../support/time.ts';
import { teardownDeadlineOf } from './deadline.ts';
import { type Performance, identityOf, intervalSince, planOf } from './performance.ts';

/** How often something that shows up again after its removal is removed again before it counts as left. */
const MAX_REMOVALS = 3;

/** A removal is asked for again this often: what kept it from beginning, or grew in its place meanwhile, may be gone. */
const ASK_AGAIN_AFTER: Millis = 60_000;

/** Removes one resource and waits until a look no longer finds it. */
export async function performRemove(
  command: Extract<Command, { kind: 'remove' }>,
  performance: Performance,
): Promise<readonly NewEvent[]> {
  const { resource } = command;
  const { ports, state, signal } = performance;
  const deadline = teardownDeadlineOf(state);
  const since = ports.clock.now();
  let askedAt = since;
  try {
    let refusal = await askForRemoval(resource, performance);
    for (;;) {
      const [now] = await ports.provider.look([resource], signal);
      if (now?.kind === 'gone') return [{ type: 'resource-removed', resource }];
      if (ports.clock.now() >= deadline) {
        return [{ type: 'removal-failed', resource, problem: refusal ?? stillThere(resource) }];
      }
      await ports.clock.sleep(intervalSince(since, ports), signal);
      if (now?.kind === 'lost' || millisBetween(askedAt, ports.clock.now()) >= ASK_AGAIN_AFTER) {
        refusal = await askForRemoval(resource, performance);
        askedAt = ports.clock.now();
      }
    }
  } catch (error) {
    return [{ type: 'removal-failed', resource, problem: ports.provider.classify(error).problem }];
  }
}

/** Starts a removal; gives the problem when it cannot begin now but may later. Throws what will not pass. */
async function askForRemoval(resource: Resource, { ports, state, signal }: Performance): Promise<Problem | undefined> {
  const ledger = [...state.ledger.values()].map((entry) => entry.resource);
  try {
    await ports.provider.startRemoval(resource, { kind: 'own-drill', drill: identityOf(state), ledger }, signal);
    return undefined;
  } catch (error) {
    const failure = ports.provider.classify(error);
    if (failure.class === 'transient') return failure.problem;
    throw error;
  }
}

/**
 * Judges the teardown by a fresh listing. What the ledger does not know, or believes removed, is entered and removed
 * again. Where a creating call was never answered or a removal failed, a listing without it says nothing until the thing
 * has been absent for a whole grace.
 */
export async function performSearch({ ports, state, signal }: Performance): Promise<readonly NewEvent[]> {
  const scope = { place: planOf(state).sandbox, drillId: planOf(state).drillId };
  const since = ports.clock.now();
  const isUncertain = state.openIntents.size > 0 || [...state.ledger.values()].some(({ kind }) => kind === 'stuck');
  const grace = isUncertain ? ports.provider.properties.absenceGrace : 0;
  const until: Instant = addMillis(since, grace);
  try {
    for (;;) {
      const listed = (await ports.provider.listMarked(scope, signal)).map(({ resource }) => resource);
      const again = listed.filter((resource) => isWorthRemoving(state, resource));
      if (again.length > 0) return again.map((resource) => ({ type: 'resource-found', resource }));
      if (listed.length > 0) return [{ type: 'teardown-finished', left: listed }];
      if (ports.clock.now() >= until) return [{ type: 'teardown-finished', left: [] }];
      await ports.clock.sleep(intervalSince(since, ports), signal);
    }
  } catch (error) {
    return [
      { type: 'teardown-finished', left: allThatMayBeThere(state), problem: ports.provider.classify(error).problem },
    ];
  }
}

/** Without a listing nothing is known to be gone: neither what was removed nor what an unanswered call may have made. */
function allThatMayBeThere(state: DrillState): readonly Resource[] {
  const { provider } = planOf(state).sandbox;
  const unanswered = [...state.openIntents].map(([token, { step }]): Resource => ({
    provider,
    type: 'unanswered-start',
    id: token,
    name: step,
    token,
  }));
  return [...[...state.ledger.values()].map((entry) => entry.resource), ...unanswered];
}

function isWorthRemoving(state: DrillState, resource: Resource): boolean {
  const entry = state.ledger.get(resource.id);
  return entry === undefined || (entry.kind !== 'stuck' && entry.removals < MAX_REMOVALS);
}

function stillThere(resource: Resource): Problem {
  return {
    code: 'teardown/still-there',
    message: `'${resource.id}' is still there after the time for teardown`,
    hint: "Run 'drillbook teardown' again, or look at what holds it.",
    blames: 'environment',
  };
}
