import type { DrillEvent, NewEvent } from '../drill/events.ts';
import { type DrillState, apply, fold } from '../drill/state.ts';
import { JournalUnwritable } from '../journal/journal.ts';
import type { EnginePorts } from './ports.ts';

/** The journal and the fold of it, kept together. */
export interface Recorder {
  state(): DrillState;
  /**
   * Journals an event and folds it. When the journal cannot be written, the drill is aborted and the event is folded in
   * memory alone, so that teardown still goes on.
   */
  record(event: NewEvent): Promise<void>;
}

/** @throws JournalUnwritable when another engine has taken over: then this one must not touch anything any more */
export function recorderOf(
  { journal, clock, observer }: Pick<EnginePorts, 'journal' | 'clock' | 'observer'>,
  before: readonly DrillEvent[],
): Recorder {
  let state = fold(before);
  let last = before.at(-1);
  let isWritable = true;
  const accept = (event: DrillEvent) => {
    last = event;
    state = apply(state, event);
    observer.event(event, state);
  };
  const inMemory = (event: NewEvent): DrillEvent => ({
    ...event,
    seq: (last?.seq ?? 0) + 1,
    epoch: last?.epoch ?? 1,
    at: clock.now(),
    mono: clock.monotonic(),
    prev: '',
  });
  return {
    state: () => state,
    async record(event) {
      if (!isWritable) return accept(inMemory(event));
      try {
        accept(await journal.append(event));
      } catch (error) {
        if (!(error instanceof JournalUnwritable) || error.why === 'taken-over') throw error;
        isWritable = false;
        if (state.teardown === 'not-started' && !state.aborted) accept(inMemory(journalAbort));
        accept(inMemory(event));
      }
    },
  };
}

const journalAbort: NewEvent = {
  type: 'drill-aborted',
  reason: 'journal',
  problem: {
    code: 'journal/unwritable',
    message: 'the journal cannot be written, so nothing more is created and teardown begins',
    hint: 'Free space on the disk that holds the reports, or give another folder with --reports.',
    blames: 'environment',
  },
};
