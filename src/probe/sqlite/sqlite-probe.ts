import { access } from 'node:fs/promises';
import type { Problem } from '../../diagnostics/problem.ts';
import type { SqliteEndpoint } from '../../providers/resource.ts';
import { builtFile } from '../../support/built-file.ts';
import { isOfDatabase, notOffered } from '../not-offered.ts';
import type { Observation, ObservationRequest } from '../observation.ts';
import type { Probe } from '../probe.ts';
import type { SqliteRequest } from './observe.ts';
import { runThread } from './run-thread.ts';
import { outOfMemory } from './sqlite-errors.ts';

const OBSERVE_THREAD = builtFile(import.meta.url, './observe-thread.js');

/**
 * Looks at a restored SQLite database, read-only, each time in a thread of its own: however long SQLite takes, the runner
 * goes on, and an abort ends it at once.
 */
export const sqliteProbe: Probe<SqliteEndpoint> = {
  async observe({ file }, request, signal) {
    if (!isOffered(request)) return notOffered(request, 'a SQLite database');
    if (!(await isThere(file))) return { kind: 'unobservable', problem: gone(file) };
    try {
      return await runThread<Observation>(OBSERVE_THREAD, { file, request }, signal);
    } catch (error) {
      if (signal.aborted) return { kind: 'unobservable', problem: gaveUp() };
      if ((error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY') {
        return { kind: 'unobservable', problem: outOfMemory('the restored database') };
      }
      throw error;
    }
  },
};

function isOffered(request: ObservationRequest): request is SqliteRequest {
  return request.kind === 'references' || (isOfDatabase(request) && request.kind !== 'login');
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

function gone(file: string): Problem {
  return {
    code: 'check/database-missing',
    message: `unable to look at the restored database: '${file}' is not there, or cannot be reached`,
    hint: 'Look whether something else removed it while the drill was under way.',
    blames: 'environment',
  };
}

function gaveUp(): Problem {
  return {
    code: 'check/gave-up',
    message: 'gave up looking at the restored database: the time for it was over',
    hint: 'Give the check more time, or let it read less.',
    blames: 'environment',
  };
}
