import type { Draw } from '../catalog/recovery-point.ts';
import type { IsolationLevel } from '../runbook/runbook.ts';
import type { IsolationProof, Resource } from '../providers/resource.ts';
import type { Problem } from '../diagnostics/problem.ts';
import type { Instant } from '../support/time.ts';

/** The whole of a drill as people read it; `report.json`, version 1. It outlives drillbook as evidence. */
export interface Report {
  readonly schema: 1;
  readonly drillId: string;
  readonly runbook: string;
  readonly owner?: string;
  readonly planDigest: string | null;
  readonly seed: string;
  readonly seedChosen: boolean;
  readonly verdict: Verdict;
  /** One sentence that says why the verdict is what it is. */
  readonly because: string;
  readonly startedAt: Instant;
  readonly finishedAt: Instant;
  readonly disasterAt: { readonly at: Instant; readonly source: string } | null;
  readonly rto: RtoOutcome;
  readonly rpo: ObjectiveOutcome;
  readonly recoveryPoints: readonly ReportedRecoveryPoint[];
  readonly isolation: {
    readonly level: IsolationLevel | null;
    readonly required: IsolationLevel;
    readonly proven: boolean;
    readonly proofs: readonly (IsolationProof & { readonly when: string })[];
  };
  readonly timeline: readonly TimelineEntry[];
  readonly checks: readonly ReportedCheck[];
  readonly teardown: {
    readonly outcome: 'clean' | 'kept' | 'leaked';
    readonly created: number;
    readonly removed: number;
    readonly left: readonly Resource[];
    readonly keptUntil?: Instant;
  };
  readonly problems: readonly Problem[];
  /** What makes the figures special, e.g. `fsync=off`. */
  readonly settings: readonly string[];
  /** Times at which the controller was not running between start and end. */
  readonly interruptions: readonly { readonly from: Instant; readonly until: Instant }[];
  readonly tool: string;
}

export type Verdict = 'passed' | 'failed' | 'inconclusive';

/** An objective against what was measured. Without a target: `unmeasured`, with the reason. */
export interface ObjectiveOutcome {
  readonly outcome: 'met' | 'missed' | 'unmeasured';
  readonly targetSeconds: number | null;
  readonly measuredSeconds: number | null;
  /** What the measurement was read from. */
  readonly source: string;
  /** How far off it can be. */
  readonly errorSeconds: number;
  readonly because?: string;
}

export interface RtoOutcome extends ObjectiveOutcome {
  readonly until: 'usable' | 'verified';
  readonly usableSeconds: number | null;
  readonly verifiedSeconds: number | null;
}

export interface ReportedRecoveryPoint {
  readonly resource: string;
  readonly id: string;
  readonly capturedAt: Instant;
  readonly capturedAtSource: string;
  readonly format: string;
  readonly engine: string;
  /** How many were eligible. */
  readonly candidates: number;
  readonly draw: Draw;
  readonly bytesRestored: number | null;
  readonly dataMoment: { readonly at: Instant; readonly source: string } | null;
}

export interface TimelineEntry {
  readonly phase: string;
  /** What within the phase: a step's id, or a part of a restore. */
  readonly name: string;
  readonly startedAt: Instant;
  readonly seconds: number;
  readonly outcome: 'succeeded' | 'failed' | 'interrupted';
}

export interface ReportedCheck {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly purpose: 'smoke' | 'integrity';
  readonly severity: 'fail' | 'warn';
  readonly of: string;
  readonly outcome: 'passed' | 'failed' | 'errored' | 'skipped';
  readonly observed: string;
  readonly expected: string;
  readonly seconds: number | null;
  readonly because?: string;
}
