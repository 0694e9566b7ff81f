import type { Draw, RecoveryPoint } from '../catalog/recovery-point.ts';
import type { Claim } from '../checks/damage.ts';
import type { CheckSpec } from '../runbook/check-spec.ts';
import type { RestoreSpec } from '../runbook/restore-spec.ts';
import type { CutoverSpec, IsolationLevel, Objectives, SandboxPlace } from '../runbook/runbook.ts';
import type { Instant, Millis } from '../support/time.ts';

/** What a drill will do: data, made once, journaled, and never made again. */
export interface Plan {
  readonly drillId: string;
  readonly runbook: string;
  /** SHA-256, hex, of the plan without this field. */
  readonly digest: string;
  readonly objectives: Objectives;
  readonly sandbox: SandboxPlan;
  readonly concurrency: number;
  readonly deadlines: { readonly drill: Millis; readonly teardown: Millis };
  readonly resources: readonly PlannedResource[];
  /** Resources that belong to one moment; absent where the runbook has no groups. */
  readonly groups?: readonly PlannedGroup[];
  readonly steps: readonly Step[];
}

export type SandboxPlan = SandboxPlace & {
  readonly expiresAt: Instant;
  readonly minimumIsolation: IsolationLevel;
};

/** A resource of the runbook, with the recovery point drawn for it. */
export interface PlannedResource {
  readonly spec: RestoreSpec;
  readonly point: RecoveryPoint;
  readonly draw: Draw;
  /** When the next recovery point of the source became available; absent for the newest and for a replay to `latest`. */
  readonly supersededAt?: Instant;
}

/** A consistency group, with the moments that its resources are expected to be of. */
export interface PlannedGroup {
  readonly name: string;
  readonly of: readonly string[];
  readonly maxSkew: Millis;
  readonly moments: readonly { readonly resource: string; readonly at: Instant }[];
  /** Between the earliest and the latest of them. */
  readonly expectedSkew: Millis;
}

export type Phase =
  'select' | 'sandbox' | 'isolation' | 'restore' | 'connect' | 'smoke' | 'integrity' | 'prove' | 'cutover' | 'teardown';

export interface StepCommon {
  readonly id: string;
  readonly phase: Phase;
  /** Steps that must have succeeded. */
  readonly needs: readonly string[];
  /** Steps that must have ended, in whatever way. */
  readonly after: readonly string[];
  readonly deadline: Millis;
}

/**
 * `sandbox` makes the isolated place; `isolation` proves it, before anything is restored and, where others could change
 * it meanwhile, at the end; `probe` makes what looks at restored resources where only the sandbox's inside can reach
 * them; `restore` makes a resource live in it; `connect` proves isolation again, from the restored server's own side;
 * `check` observes and judges; `control` has a check look at an undamaged copy, to see it pass, and `proof` at a damaged
 * one, to see it fail; `zone` makes the copy of a DNS zone, in which `cutover` switches records to what was restored and
 * resolves them from inside.
 */
export type Step = StepCommon &
  (
    | { readonly kind: 'sandbox' }
    | { readonly kind: 'isolation' }
    | { readonly kind: 'probe' }
    | { readonly kind: 'restore'; readonly resource: string }
    | { readonly kind: 'connect'; readonly resource: string }
    | { readonly kind: 'check'; readonly check: CheckSpec }
    /** `of`: the resource that is copied. */
    | { readonly kind: 'control'; readonly check: CheckSpec; readonly of: string }
    | { readonly kind: 'proof'; readonly claim: Claim }
    | { readonly kind: 'zone' | 'cutover'; readonly cutover: CutoverSpec }
  );
