import type { Confidence } from '../catalog/confidence.ts';
import type { Draw } from '../catalog/recovery-point.ts';
import type { AbortReason } from '../drill/events.ts';
import type { Verdict } from '../drill/verdict.ts';
import type { IsolationLevel, NotifyChannel, Occasion } from '../runbook/runbook.ts';
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
  /** Everything that speaks against a better verdict, the weightiest first; empty for `passed`. */
  readonly reasons: readonly string[];
  /** Absent where no schedule began it. */
  readonly occurrence?: ReportedOccurrence;
  readonly startedAt: Instant;
  /** The moment of the last fact while the drill has not finished. */
  readonly finishedAt: Instant;
  readonly finished: boolean;
  readonly aborted: { readonly reason: AbortReason; readonly at: Instant } | null;
  readonly disasterAt: { readonly at: Instant; readonly source: string } | null;
  readonly rto: RtoOutcome;
  readonly rpo: ObjectiveOutcome;
  /** Where it was restored; absent where a journal lost its beginning. */
  readonly sandbox?: ReportedSandbox;
  readonly recoveryPoints: readonly ReportedRecoveryPoint[];
  /** How far apart the data of each consistency group lies; absent where the runbook has none. */
  readonly groups?: readonly ReportedGroup[];
  readonly isolation: {
    readonly level: IsolationLevel | null;
    readonly required: IsolationLevel;
    readonly proven: boolean;
    readonly proofs: readonly (IsolationProof & { readonly when: string })[];
  };
  readonly timeline: readonly TimelineEntry[];
  readonly checks: readonly ReportedCheck[];
  /** What integrity checks made of damaged copies; absent where that was not asked for. */
  readonly proofs?: readonly ReportedProof[];
  /** One for each check of these proofs. */
  readonly controls?: readonly ReportedControl[];
  /** Absent where the runbook has none. */
  readonly cutover?: ReportedCutover;
  readonly teardown: {
    readonly outcome: 'clean' | 'kept' | 'leaked';
    readonly created: number;
    readonly removed: number;
    readonly left: readonly Resource[];
    readonly keptUntil?: Instant;
  };
  readonly problems: readonly ReportedProblem[];
  /** Who was told, in order; absent where nobody was to be told, or has been yet. */
  readonly notifications?: readonly ReportedNotification[];
  /** What all random draws of each resource say together, this drill's among them; absent where there is none. */
  readonly confidence?: readonly ReportedConfidence[];
  /** What makes the figures special, e.g. `fsync=off`. */
  readonly settings: readonly string[];
  /** Times at which the controller was not running between start and end. */
  readonly interruptions: readonly { readonly from: Instant; readonly until: Instant }[];
  /** Lines of the journal that this report was made from. */
  readonly journalLines: number;
  readonly tool: string;
}

export type { Verdict };

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

/** When a scheduled drill was due, and, where it began later than is tolerated, by how much. */
export interface ReportedOccurrence {
  /** Name of the drill whose schedule it is. */
  readonly drill: string;
  readonly due: Instant;
  readonly lateSeconds?: number;
}

/** The place of a sandbox; all but the provider is told of AWS alone. */
export interface ReportedSandbox {
  readonly provider: string;
  readonly account?: string;
  readonly region?: string;
  /** ARN of the role that everything was done as, when one was assumed. */
  readonly role?: string;
}

interface RtoOutcome extends ObjectiveOutcome {
  readonly until: 'usable' | 'verified';
  readonly usableSeconds: number | null;
  readonly verifiedSeconds: number | null;
  /** What a recovery in earnest takes besides, and no drill measures. */
  readonly excludes: readonly string[];
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
  /** The disaster that this point is measured against. */
  readonly disasterAt: { readonly at: Instant; readonly source: string } | null;
  /** From the data moment to the disaster; negative where the data is newer. */
  readonly lostSeconds: number | null;
}

/** Resources that belong to one moment, against how far apart their data may lie. */
export interface ReportedGroup {
  readonly name: string;
  readonly of: readonly string[];
  readonly outcome: 'met' | 'missed' | 'unmeasured';
  readonly limitSeconds: number;
  /** Between the earliest and the latest moment; absent where not all were restored. */
  readonly measuredSeconds?: number;
  readonly errorSeconds?: number;
  /** What was to be expected of the recovery points that were chosen; absent where nothing was planned. */
  readonly expectedSeconds?: number;
  readonly moments: readonly { readonly resource: string; readonly at: Instant; readonly source: string }[];
  readonly because?: string;
}

export interface TimelineEntry {
  readonly phase: string;
  /** What within the phase: a step's id, or a part of a restore. */
  readonly name: string;
  /** For a part of a restore: its step. */
  readonly partOf?: string;
  readonly startedAt: Instant;
  readonly seconds: number;
  readonly outcome: 'succeeded' | 'failed' | 'interrupted';
}

/** A DNS cutover that was tried in a copy of the zone. The outcome is that of the worst case. */
export interface ReportedCutover {
  readonly outcome: 'met' | 'missed' | 'unmeasured';
  readonly targetSeconds: number | null;
  /** From the call that switched until the records led to what was restored; null where they never did. */
  readonly switchedSeconds: number | null;
  /** Of that: the calls, until Route 53 had it in effect everywhere, until it was resolved in the sandbox. */
  readonly parts: { readonly api: number; readonly inSync: number; readonly resolved: number } | null;
  readonly errorSeconds: number;
  /** With the longest that caches may keep what production answered. */
  readonly worstCaseSeconds: number | null;
  readonly source: string;
  readonly zone: string;
  readonly records: readonly {
    readonly name: string;
    readonly leadsTo: string;
    readonly addresses: readonly string[];
    readonly cachedSeconds: number;
    readonly cachedBecause: string;
  }[];
  readonly copied: number;
  /** Records that are not in the copy as they are in the zone. */
  readonly differences: readonly { readonly name: string; readonly type: string; readonly because: string }[];
  readonly because?: string;
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

/** What a check made of an undamaged copy of what was restored: it has to pass. */
export interface ReportedControl {
  /** Id of the check. */
  readonly check: string;
  readonly name: string;
  /** The resource that was copied. */
  readonly of: string;
  readonly outcome: 'passed' | 'failed' | 'errored' | 'skipped' | 'not-made';
  readonly observed?: string;
  readonly because?: string;
}

/** A damage to a copy of what was restored, and whether the check that claims to notice it did. */
export interface ReportedProof {
  /** Id of the check. */
  readonly check: string;
  readonly name: string;
  /** The resource whose copy was damaged. */
  readonly of: string;
  /** What was done to the copy, as a sentence without a full stop. */
  readonly damage: string;
  /**
   * `caught`: the check failed, as it must. `missed`: it stayed green. `no-control`: not tried, since the check does not pass
   * on an undamaged copy either.
   */
  readonly outcome: 'caught' | 'missed' | 'errored' | 'no-control' | 'not-made';
  readonly observed?: string;
  readonly because?: string;
}

/** At least `lowerBound` (0 to 1) of all recovery points restore, with 95 % confidence. */
export interface ReportedConfidence extends Confidence {
  readonly resource: string;
}

/** A problem and where it arose: in a step, or in removing a resource. */
export interface ReportedProblem extends Problem {
  readonly where?: string;
  /** It stopped nothing. */
  readonly warning: boolean;
}

/** Somebody who was told of the drill, or could not be. It changes nothing else in the report. */
export interface ReportedNotification {
  /** Id of the target in the runbook. */
  readonly target: string;
  readonly kind: NotifyChannel['kind'];
  readonly occasion: Occasion;
  readonly outcome: 'sent' | 'failed';
  readonly because?: string;
}
