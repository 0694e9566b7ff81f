import { afterAll, vi } from 'vitest';

/** The files of a worker share its process: what one has put in the place of the real thing is not there for the next. */
afterAll(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});
