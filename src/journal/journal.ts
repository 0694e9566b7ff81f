import type { DrillEvent, NewEvent } from '../drill/events.ts';

/** The truth about one drill: its events, in order, never changed. */
export interface Journal {
  /** The events it held when it was opened, without those an engine wrote after it had been taken over. */
  readonly events: readonly DrillEvent[];
  /**
   * Resolves when the event is on disk, to the event in its place. Calls are kept in order.
   *
   * @throws JournalUnwritable when it cannot be kept: the disk is full, or another engine has taken over.
   */
  append(event: NewEvent): Promise<DrillEvent>;
  /** Lets go of the lock; nothing may be appended afterwards. */
  close(): Promise<void>;
}

/** The journal cannot hold another event; whoever gets this creates nothing more. */
export class JournalUnwritable extends Error {
  readonly why: 'disk' | 'taken-over';

  constructor(why: 'disk' | 'taken-over', cause?: unknown) {
    super(why === 'disk' ? 'the journal cannot be written' : 'another engine has taken the drill over', { cause });
    this.why = why;
  }
}

/** `prev` of the first event. */
export const NO_PREVIOUS = '0'.repeat(64);
