import type { RecoveryPointListing } from '../../catalog/recovery-point.ts';
import type { Mark } from '../../drill/guard.ts';
import type { Instant, Millis } from '../../support/time.ts';
import type { Preflight } from '../provider.ts';
import type { Resource, RestoreFacts } from '../resource.ts';

/** What happens to one call on the world, as a test wants it. */
export type Fault =
  | { readonly kind: 'none' }
  /** The call has no effect and fails. */
  | { readonly kind: 'refused'; readonly class: 'transient' | 'denied' | 'permanent' }
  /** The call has its effect, and its answer never comes: the caller sees a transient error. */
  | { readonly kind: 'lost-answer' };

/** How a restore goes once it has been started. */
export interface Course {
  readonly takes: Millis;
  readonly end: 'ready' | 'failed' | 'stuck';
  /** How often the work dies without an end before it gets there. */
  readonly deaths: number;
  /** Stages before the last one, each of which takes as long. */
  readonly stages?: number;
}

/** One thing in the world. */
export interface MemoryThing {
  readonly resource: Resource;
  readonly mark?: Mark;
  readonly createdAt: Instant;
  readonly course: Course;
  startedAt: Instant;
  deathsLeft: number;
  stagesLeft: number;
  /** When a removal that was asked for will be done. */
  goneAt?: Instant;
  finishedCopies: number;
}

/** A small world in memory in which drills can be run, watched and disturbed. */
export interface MemoryWorld {
  readonly account: string;
  readonly listings: ReadonlyMap<string, RecoveryPointListing>;
  readonly things: Map<string, MemoryThing>;
  /** Asked before each call; `call` is the method's name. */
  readonly faultOf: (call: string) => Fault;
  readonly courseOf: (name: string) => Course;
  readonly factsOf: (name: string, pointId: string) => RestoreFacts;
  /** What a look ahead at any plan finds. */
  readonly preflight: Preflight;
  /** How long a creating call's thing stays out of listings. */
  readonly listedAfter: Millis;
  readonly removalTakes: Millis;
  /** Ids whose removal is accepted and never done. */
  readonly unremovable: ReadonlySet<string>;
  readonly isolationHolds: boolean;
  /** Every destructive or creating effect, for tests to assert on. */
  readonly effects: { readonly kind: 'created' | 'removal-started'; readonly id: string }[];
}

/** A world without faults, in which everything takes a second. */
export function memoryWorld(settings: Partial<MemoryWorld> = {}): MemoryWorld {
  return {
    account: 'memory',
    listings: new Map(),
    things: new Map(),
    faultOf: () => ({ kind: 'none' }),
    courseOf: () => ({ takes: 1_000, end: 'ready', deaths: 0 }),
    factsOf: (_name, pointId) => ({
      moment: { recoveryPointId: pointId, target: { kind: 'backup-end' } },
      dataMoments: [],
      engineVersion: '18.4',
      bytesRestored: 1,
      spans: [],
      settings: [],
      warnings: [],
    }),
    preflight: { refusals: [], warnings: [] },
    listedAfter: 0,
    removalTakes: 500,
    unremovable: new Set(),
    isolationHolds: true,
    effects: [],
    ...settings,
  };
}
