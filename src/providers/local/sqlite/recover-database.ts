import { stat } from 'node:fs/promises';
import type { Problem } from '../../../diagnostics/problem.ts';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { runThread } from '../../../probe/sqlite/run-thread.ts';
import { builtFile } from '../../../support/built-file.ts';
import { lookAtDatabase } from './database-files.ts';
import { unusableBecause } from './unusable-database.ts';

/** What the thread is given: a copy that it may write. */
export interface RecoverTask {
  readonly file: string;
  readonly hasWal: boolean;
}

/** What became of a copy; posted by the thread. */
export type Recovery =
  | { readonly kind: 'recovered'; readonly engineVersion: string; readonly isWalIgnored: boolean }
  | { readonly kind: 'refused'; readonly problem: Problem };

/** A copy that is one whole file, with nothing beside it. */
export interface Recovered {
  readonly bytes: number;
  /** Version of the SQLite that recovered it. */
  readonly engineVersion: string;
  readonly warnings: readonly Problem[];
}

const RECOVER_THREAD = builtFile(import.meta.url, './recover-thread.js');

/**
 * Makes one whole file of a copied database: rolls back what was under way, takes in its WAL. Repeatable at any point.
 *
 * @throws ProblemError for what the backup does not allow
 */
export async function recoverDatabase(file: string, signal: AbortSignal): Promise<Recovered> {
  await assertUsable(file);
  const task: RecoverTask = { file, hasWal: await isThere(`${file}-wal`) };
  const recovery = await runThread<Recovery>(RECOVER_THREAD, task, signal);
  if (recovery.kind === 'refused') throw new ProblemError(recovery.problem);
  const files = await lookAtDatabase(file);
  // A library that leaves a journal has not rolled it back, and would show what never was.
  if (files.journal || files.wal) throw new Error(`'${file}' still has a journal after its recovery`);
  await assertUsable(file);
  return {
    bytes: files.bytes,
    engineVersion: recovery.engineVersion,
    warnings: recovery.isWalIgnored ? [walIgnored(file)] : [],
  };
}

/** Asked before, for SQLite's own words are fewer; and after, when nothing beside it can bring what is missing. */
async function assertUsable(file: string): Promise<void> {
  const unusable = await unusableBecause(await lookAtDatabase(file));
  if (unusable) throw new ProblemError(unusable);
}

function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    ({ size }) => size > 0,
    () => false,
  );
}

function walIgnored(file: string): Problem {
  return {
    code: 'restore/wal-ignored',
    message: `'${file}-wal' holds no whole transaction of this database, so nothing of it was taken in`,
    hint: 'Copy a database and its -wal at one moment; one of them may be of another time or cut off.',
    blames: 'environment',
  };
}
