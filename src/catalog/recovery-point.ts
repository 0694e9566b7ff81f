import type { Instant } from '../support/time.ts';
import type { Problem } from '../diagnostics/problem.ts';

/** Something that can be restored. JSON-serialisable; holds no secret. */
export interface RecoveryPoint {
  /** Stable and unique within its source. */
  readonly id: string;
  readonly provider: string;
  readonly kind: string;
  /** Where the provider finds it: a path, an ARN. */
  readonly location: string;
  /** The last moment whose data it is known to hold. */
  readonly capturedAt: Instant;
  /** What `capturedAt` was read from, e.g. `backup stop time in '….backup'`. */
  readonly capturedAtSource: string;
  /** When it could first have been used for a recovery. */
  readonly availableAt: Instant;
  readonly consistency: 'application' | 'crash';
  /** e.g. `base backup (tar.gz)`. */
  readonly format: string;
  readonly engine: { readonly name: string; readonly version: string };
  /** Size as stored. */
  readonly bytes?: number;
  readonly tags: readonly string[];
  /** What a restore on RDS needs to know besides. */
  readonly rds?: RdsRecoveryPoint;
}

/** A snapshot or a point in time of an RDS instance, as its service describes it. */
export interface RdsRecoveryPoint {
  readonly type: 'automated' | 'manual' | 'shared' | 'backup-service' | 'point-in-time';
  /** `DbiResourceId` of the instance it was taken from: names are used again after a deletion, this is not. */
  readonly sourceResourceId: string;
  readonly sourceIdentifier: string;
  /** ARN of the snapshot; absent for a point in time. */
  readonly snapshotArn?: string;
  /** The moment to restore to; absent for a snapshot. */
  readonly restoreTime?: Instant;
  /** RDS's own word for the engine, e.g. `postgres`, `mysql`, `mariadb`. */
  readonly engine: string;
  readonly engineVersion: string;
  readonly allocatedGib: number;
  readonly storageType: string;
  /** Provisioned IOPS, where the storage type has them (`io1`, `io2`). */
  readonly iops?: number;
  readonly encrypted: boolean;
  readonly kmsKeyId?: string;
  /** Class of the living source, when it was to be seen. */
  readonly sourceClass?: string;
  readonly optionGroup?: string;
  /** When its service removes it. */
  readonly expiresAt?: Instant;
}

/** Everything a source holds, the unusable too, each with its reason. */
export interface RecoveryPointListing {
  readonly points: readonly RecoveryPoint[];
  readonly unusable: readonly { readonly id: string; readonly problem: Problem }[];
}

/** How a recovery point was chosen, with all that anyone needs to compute it again. */
export interface Draw {
  readonly resource: string;
  readonly strategy: string;
  readonly seed: string;
  /** The eligible points, by captured time and id: the order in which the draw counts them. */
  readonly candidates: readonly { readonly id: string; readonly capturedAt: Instant }[];
  readonly excluded: readonly { readonly id: string; readonly because: string }[];
  /** SHA-256, hex, of resource name and ids in order. */
  readonly candidatesDigest: string;
  readonly index: number;
  /** Of a draw that followed another resource of its consistency group; absent where the draw was its own. */
  readonly follows?: FollowedDraw;
}

/** What a draw followed: with the candidates of the whole group, all that is needed to choose again. */
export interface FollowedDraw {
  /** The resource whose own draw led. */
  readonly anchor: string;
  /** The moment that the anchor's restore reaches. */
  readonly anchorAt: Instant;
  /** The moment that a restore of any candidate reaches, where that is another one than its captured time. */
  readonly reaches?: Instant;
}
