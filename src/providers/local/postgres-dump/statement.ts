import type { Place } from './dump-problems.ts';
import type { StatementDuty } from './statement-duty.ts';

/** A statement of the script, and what to do with it. */
export interface Statement extends Place {
  readonly text: Buffer;
  readonly duty: StatementDuty;
}
