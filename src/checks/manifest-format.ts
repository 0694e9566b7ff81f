import type { Contents, TreeEntry } from '../probe/observation.ts';
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

/** What a restore of files must contain: all files, and nothing else. */
export interface FilesManifest {
  readonly manifest: 1;
  readonly kind: 'files';
  readonly moment: {
    /** When it was recorded; a list of checksums does not say. */
    readonly at?: Instant;
    /** The recovery point that it describes, when that is known: it is compared with no other. */
    readonly recoveryPointId?: string;
  };
  readonly entries: readonly ListedFile[];
  /** Path of the list itself, where it lies among the files: it cannot hold its own checksum. */
  readonly listedIn?: string;
}

/** A list of checksums knows neither sizes nor permissions. */
export type ListedFile = Pick<TreeEntry, 'path' | 'sha256'> & Partial<TreeEntry>;

export type RecordedManifest = Manifest | FilesManifest;

/** What is known of a list of checksums by the place where it lies. */
export interface ListOrigin {
  readonly recoveryPointId?: string;
  /** Its path among the files that it lists. */
  readonly path?: string;
}
