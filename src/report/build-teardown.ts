import type { DrillEvent } from '../drill/events.ts';
import { ofType } from '../drill/record.ts';
import { fold } from '../drill/state.ts';
import type { Report } from './report.ts';

/**
 * What the drill made, and what of it is left. A fresh listing at the end of the teardown decides; before that, all
 * that was made and not seen to be gone is left.
 */
export function teardownOf(events: readonly DrillEvent[]): Report['teardown'] {
  const { ledger, openIntents, teardown, keptUntil, left } = fold(events);
  const made = new Set(
    events.flatMap((event) =>
      event.type === 'resource-created' || event.type === 'resource-found' ? [event.resource.id] : [],
    ),
  );
  const removed = new Set(ofType(events, 'resource-removed').map(({ resource }) => resource.id));
  const counts = { created: made.size, removed: removed.size };
  if (teardown === 'finished') return { outcome: left.length === 0 ? 'clean' : 'leaked', ...counts, left };
  const present = [...ledger.values()].filter(({ kind }) => kind !== 'removed').map(({ resource }) => resource);
  const isKept = keptUntil !== undefined && teardown === 'not-started';
  if (isKept) return { outcome: 'kept', ...counts, left: present, keptUntil };
  const isNothingMade = present.length === 0 && openIntents.size === 0;
  return { outcome: isNothingMade ? 'clean' : 'leaked', ...counts, left: present };
}
