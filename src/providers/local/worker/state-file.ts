import { systemClock } from '../../../support/clock.ts';
import { writeWholeFile } from '../../../support/whole-file.ts';
import type { ResourceState } from '../../provider.ts';
import type { Progress } from './worker-context.ts';

/** Keeps the file true that tells others how a restore stands. */
export interface StateFile {
  /** Written now and then only: it is for people's eyes. */
  pending(progress: Progress): void;
  /** Written for certain, and after everything else. */
  settle(state: ResourceState): Promise<void>;
}

const WRITE_EVERY = 250;

/** Opens a state file; whatever was in it stays until the first report. */
export function openStateFile(file: string): StateFile {
  let writing = Promise.resolve();
  let writtenAt = -WRITE_EVERY;
  let isSettled = false;
  const write = (state: ResourceState): Promise<void> => {
    const written = writing.then(() => writeWholeFile(file, JSON.stringify(state)));
    writing = written.catch(() => {});
    return written;
  };
  return {
    pending(progress) {
      const now = systemClock.monotonic();
      if (isSettled || now - writtenAt < WRITE_EVERY) return;
      writtenAt = now;
      // What cannot be written now is overtaken by the next report.
      write({ kind: 'pending', ...progress }).catch(() => {});
    },
    async settle(state) {
      isSettled = true;
      await write(state);
    },
  };
}
