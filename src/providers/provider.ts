import type { RecoveryPoint, RecoveryPointListing } from '../catalog/recovery-point.ts';
import type { Problem } from '../diagnostics/problem.ts';
import type { Plan, SandboxPlan } from '../plan/plan.ts';
import type { RestoreSpec } from '../runbook/restore-spec.ts';
import type { SandboxPlace } from '../runbook/runbook.ts';
import type { Instant, Millis } from '../support/time.ts';
import type { Damager } from './damager.ts';
import type { DnsCutover } from './dns-cutover.ts';
import type { Endpoint, IsolationEvidence, Resource, RestoreFacts } from './resource.ts';

/** The drill on whose behalf a provider acts; enough to compute names, marks and expiry. */
export interface DrillIdentity {
  readonly drillId: string;
  readonly startedAt: Instant;
  readonly sandbox: SandboxPlan;
  /** The provider's ids of everything that the plan's recovery points were taken from: never to be changed. */
  readonly sources: readonly string[];
}

/** Make the sandbox itself, what probes in it, an empty copy of a DNS zone for it, or restore a recovery point into it. */
export type StartRequest = { readonly drill: DrillIdentity; readonly token: string } & (
  | { readonly kind: 'sandbox' }
  | { readonly kind: 'probe' }
  | { readonly kind: 'zone'; readonly zone: string }
  | { readonly kind: 'restore'; readonly spec: RestoreSpec; readonly point: RecoveryPoint }
);

/**
 * What a look at a resource shows. `lost`: the work on it died without an end; start again with the same token.
 * `staged`: a stage of its making has ended well, and starting again with the same token begins the next one.
 */
export type ResourceState =
  | {
      readonly kind: 'pending';
      readonly detail: string;
      readonly bytesDone?: number;
      readonly bytesTotal?: number;
    }
  | { readonly kind: 'ready'; readonly endpoint?: Endpoint; readonly facts?: RestoreFacts }
  | { readonly kind: 'failed'; readonly problem: Problem }
  | { readonly kind: 'lost'; readonly because: string }
  | { readonly kind: 'staged'; readonly stage: string }
  | { readonly kind: 'gone' };

/** Why a removal is asked for; the guard of drill/guard.ts decides, on facts the provider reads freshly. */
export type RemovalPermit =
  | { readonly kind: 'own-drill'; readonly drill: DrillIdentity; readonly ledger: readonly Resource[] }
  | { readonly kind: 'expired'; readonly now: Instant; readonly margin: Millis };

/** Something that carries a drill's mark, as a fresh listing shows it. */
export interface MarkedResource {
  readonly resource: Resource;
  readonly drillId: string;
  readonly expiresAt: Instant;
}

/** What an error means: whether to try again, and how to tell people. */
export interface Failure {
  readonly class: 'transient' | 'not-found' | 'denied' | 'invalid' | 'permanent';
  readonly problem: Problem;
  /** No answer came at all: the other end may not be there. */
  readonly isUnreachable?: true;
}

/** What a look ahead found in the way of a plan. */
export interface Preflight {
  /** Any of these, and the drill is not begun: nothing is made. */
  readonly refusals: readonly Problem[];
  /** What could not be known beforehand, or may yet go wrong. */
  readonly warnings: readonly Problem[];
}

/**
 * A place where backups are restored. Calls start work and return; the engine waits, retries, times out and records.
 * A provider holds no state of its own, never sleeps, never logs, never reads the environment.
 */
export interface Provider {
  readonly kind: string;
  readonly properties: {
    /** How long a resource may stay out of listings after its creating call took effect. */
    readonly absenceGrace: Millis;
    /** How long to wait until the next look at work that has taken `elapsed`; what that adds to a figure is its error. */
    readonly pollInterval: (elapsed: Millis) => Millis;
  };
  /** All recovery points of a source, whatever their number; reads only. */
  listRecoveryPoints(spec: RestoreSpec, signal: AbortSignal): Promise<RecoveryPointListing>;
  /** Whether what a plan needs is there, asked before anything is made; reads only. */
  readonly preflight?: (plan: Plan, signal: AbortSignal) => Promise<Preflight>;
  /** Same token, same resource: a repeated call adopts what the first one made, and restarts work that died. */
  start(request: StartRequest, signal: AbortSignal): Promise<Resource>;
  /** The states of the resources, in the order asked for. */
  look(resources: readonly Resource[], signal: AbortSignal): Promise<readonly ResourceState[]>;
  /**
   * Tries to get out of the sandbox (before a restore), or out of a restored resource's own surroundings. `zone`: the one
   * copy of a DNS zone that the drill has made, when it has.
   */
  proveIsolation(
    sandbox: Resource,
    restored: Resource | undefined,
    signal: AbortSignal,
    zone?: Resource,
  ): Promise<IsolationEvidence>;
  /** Absent where copies of what was restored cannot be damaged. */
  readonly damager?: Damager;
  /** Absent where there is no DNS to switch. */
  readonly dns?: DnsCutover;
  /** Starts removing. What is already gone is fine. Refuses (throws, class `denied`) what the guard does not allow. */
  startRemoval(resource: Resource, permit: RemovalPermit, signal: AbortSignal): Promise<void>;
  /**
   * All that carries the mark of one drill, or of any, whatever the journal says; freshly listed. `withoutZones`: the
   * drill's plan makes none, so that nothing is asked of DNS.
   */
  listMarked(
    scope: { readonly place: SandboxPlace; readonly drillId?: string; readonly withoutZones?: boolean },
    signal: AbortSignal,
  ): Promise<readonly MarkedResource[]>;
  /** What an error thrown by the methods above means. */
  classify(error: unknown): Failure;
}
