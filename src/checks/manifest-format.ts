import type { Contents } from '../probe/observation.ts';
import type { Instant } from '../support/time.ts';

/** What a restore must contain, as recorded from the living source in one read-only snapshot. */
export interface Manifest {
  readonly manifest: 1;
  readonly database: string;
  readonly moment: {
    readonly at: Instant;
    /** WAL position at the snapshot, as PostgreSQL prints it. */
    readonly lsn: string;
    /** WAL was written while the snapshot was taken: `lsn` is near the moment, and no replay ends in it. */
    readonly approximate?: true;
    /** The recovery point whose end is this very moment, when the recorder knows it. */
    readonly recoveryPointId?: string;
  };
  readonly contents: Contents;
}
