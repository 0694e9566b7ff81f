import type { Command } from '../drill/decide.ts';
import type { NewEvent } from '../drill/events.ts';
import type { DrillState } from '../drill/state.ts';
import type { Resource } from '../providers/resource.ts';
import { type Instant, addMillis } from '../support/time.ts';
import { awaitRemoval } from './await-removal.ts';
import { teardownDeadlineOf } from './deadline.ts';
import { type Performance, identityOf, intervalSince, planOf } from './performance.ts';

/** How often something that shows up again after its removal is removed again before it counts as left. */
const MAX_REMOVALS = 3;

/** Removes one resource and waits until a look no longer finds it. */
export async function performRemove(
  command: Extract<Command, { kind: 'remove' }>,
  { ports, state, signal }: Performance,
): Promise<readonly NewEvent[]> {
  const { resource } = command;
  const ledger = [...state.ledger.values()].map((entry) => entry.resource);
  const permit = { kind: 'own-drill', drill: identityOf(state), ledger } as const;
  const { provider, clock } = ports;
  const removal = { provider, clock, permit, deadline: teardownDeadlineOf(state), signal };
  const problem = await awaitRemoval(resource, removal);
  return [problem ? { type: 'removal-failed', resource, problem } : { type: 'resource-removed', resource }];
}

/**
 * Judges the teardown by a fresh listing. What the ledger does not know, or believes removed, is entered and removed
 * again. Where a creating call was never answered or a removal failed, a listing without it says nothing until the thing
 * has been absent for a whole grace.
 */
export async function performSearch({ ports, state, signal }: Performance): Promise<readonly NewEvent[]> {
  const { sandbox: place, drillId, steps } = planOf(state);
  const scope = { place, drillId, withoutZones: !steps.some(({ kind }) => kind === 'zone') };
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
