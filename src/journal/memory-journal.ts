import type { DrillEvent } from '../drill/events.ts';
import type { Clock } from '../support/clock.ts';
import { sha256Hex } from '../support/sha256-hex.ts';
import { type Journal, NO_PREVIOUS } from './journal.ts';

/** A journal that is gone with the process: for tests, and for a teardown whose own journal cannot be read or written. */
export function memoryJournal(clock: Clock, events: readonly DrillEvent[] = []): Journal {
  const held = [...events];
  const epoch = (held.at(-1)?.epoch ?? 0) + 1;
  return {
    events,
    async append(event) {
      const last = held.at(-1);
      const prev = last === undefined ? NO_PREVIOUS : sha256Hex(JSON.stringify(last));
      const at = clock.now();
      const kept: DrillEvent = { ...event, seq: held.length + 1, epoch, at, mono: clock.monotonic(), prev };
      held.push(kept);
      return Promise.resolve(kept);
    },
    async close() {
      return Promise.resolve();
    },
  };
}
