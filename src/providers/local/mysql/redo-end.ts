import type { Problem } from '../../../diagnostics/problem.ts';

/** Up to MariaDB 10.7 the log is copied in blocks of so many bytes, of which the last may be begun only. */
const BLOCK = 512n;

/**
 * Whether all of the log was applied that a backup holds: of a damaged one, mariadb-backup takes the damage for the end,
 * and says 'completed OK!' (measured on 10.11). Nothing is said of tools that tell no end.
 *
 * @param checkpoints text of `xtrabackup_checkpoints`, whose `last_lsn` is where the copied log ends
 * @param output what the tool wrote when it prepared the backup
 */
export function redoProblem(checkpoints: string, output: string): Problem | undefined {
  const wanted = /^last_lsn\s*=\s*(\d+)/m.exec(checkpoints)?.[1];
  const reached = [...output.matchAll(/InnoDB: End of log at LSN=(\d+)/g)].at(-1)?.[1];
  if (wanted === undefined || reached === undefined || BigInt(reached) + BLOCK > BigInt(wanted)) return undefined;
  return {
    code: 'restore/redo-ended-early',
    message: `the backup's log could be applied up to LSN ${reached} alone, and it was taken up to ${wanted}`,
    hint: 'The log in the backup is damaged or cut off, so that it lacks what was written while it was taken: take a new one.',
    blames: 'backup',
  };
}
