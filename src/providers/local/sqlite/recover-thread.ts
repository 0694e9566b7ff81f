import { parentPort, workerData } from 'node:worker_threads';
import type { Problem } from '../../../diagnostics/problem.ts';
import { type SqliteDatabase, withDatabase } from '../../../probe/sqlite/database.ts';
import { damageOf } from '../../../probe/sqlite/sqlite-errors.ts';
import { boundMemory, takeNoLocks } from '../../../probe/sqlite/take-no-locks.ts';
import { notEnoughSpace } from '../worker/free-space.ts';
import type { RecoverTask, Recovery } from './recover-database.ts';

/* Takes in what a crash left beside a copy, in a thread that can be ended in the middle of it. */

const { file, hasWal } = workerData as RecoverTask;
takeNoLocks();
boundMemory();
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- it is for windows: a thread's port has no origin
parentPort?.postMessage(recover());

function recover(): Recovery {
  try {
    return withDatabase(file, 'recover', recoverIn);
  } catch (error) {
    return { kind: 'refused', problem: problemOf(error as Error) };
  }
}

function recoverIn(database: SqliteDatabase): Recovery {
  // A WAL is only read with the shared memory of several processes, which this library has not, or by one that has all.
  database.row('pragma locking_mode = exclusive');
  database.row('select count(*) from sqlite_schema');
  const checkpoint = database.row('pragma wal_checkpoint');
  database.row('pragma journal_mode = delete');
  const version = database.row('select sqlite_version() as version')?.['version'];
  return {
    kind: 'recovered',
    engineVersion: String(version),
    isWalIgnored: hasWal && Number(checkpoint?.['log'] ?? 0) <= 0,
  };
}

function problemOf(error: Error): Problem {
  const damage = damageOf(error);
  if (damage !== undefined) {
    return {
      code: 'restore/damaged-database',
      message: `the database cannot be opened: SQLite met ${damage}`,
      hint: 'Keep this recovery point for analysis, and restore another one.',
      blames: 'backup',
    };
  }
  if (error.message.startsWith('database or disk is full')) return notEnoughSpace('it ran full');
  return {
    code: 'restore/database-not-opened',
    message: `the database cannot be opened by this SQLite: ${error.message.slice(0, 200)}`,
    hint: 'It may be of a newer SQLite, or need extensions that are not here.',
    blames: 'environment',
  };
}
