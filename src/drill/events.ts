import type { Judgement } from '../checks/check.ts';
import type { Problem } from '../diagnostics/problem.ts';
import type { Plan } from '../plan/plan.ts';
import type { CutoverEvidence } from '../providers/dns-cutover.ts';
import type { IsolationEvidence, Resource, RestoreFacts } from '../providers/resource.ts';
import type { NotifyChannel, Occasion, Runbook } from '../runbook/runbook.ts';
import type { Instant, Millis } from '../support/time.ts';

/**
 * Every fact a journal can hold, past tense. Types are added, meanings never change.
 *
 * A step ends with `step-succeeded` or `step-failed`; one that proves isolation with `isolation-judged`, a check with
 * `check-judged`, whatever the judgement, one that switches DNS with `cutover-done`, one that proves a check on a damaged
 * copy with `check-proven`, its control on an undamaged one with `control-judged`: so one effect has one line.
 */
export type NewEvent =
  | DrillStarted
  | { readonly type: 'engine-started'; readonly purpose: 'run' | 'resume' | 'teardown'; readonly bootId: string }
  | {
      readonly type: 'plan-made';
      readonly plan: Plan;
      /** What the look ahead could not know, or thought might go wrong; absent when it found nothing. */
      readonly warnings?: readonly Problem[];
    }
  | { readonly type: 'drill-refused'; readonly problems: readonly Problem[] }
  | { readonly type: 'step-started'; readonly step: string; readonly attempt: number; readonly token: string }
  | { readonly type: 'resource-created'; readonly step: string; readonly resource: Resource }
  | { readonly type: 'step-interrupted'; readonly step: string; readonly because: string }
  | { readonly type: 'stage-finished'; readonly step: string; readonly stage: string; readonly noticedWithin: Millis }
  | { readonly type: 'isolation-judged'; readonly step: string; readonly evidence: IsolationEvidence }
  | { readonly type: 'check-judged'; readonly step: string; readonly judgement: Judgement }
  /** What a check made of an undamaged copy: where it has not passed, what it makes of damaged ones proves nothing. */
  | { readonly type: 'control-judged'; readonly step: string; readonly judgement: Judgement }
  /** What a check made of a damaged copy: proven when it failed. */
  | { readonly type: 'check-proven'; readonly step: string; readonly judgement: Judgement }
  | { readonly type: 'cutover-done'; readonly step: string; readonly evidence: CutoverEvidence }
  | {
      readonly type: 'step-succeeded';
      readonly step: string;
      readonly facts?: RestoreFacts;
      /** How long before it was noticed the end can have been: the time since the look before. */
      readonly noticedWithin?: Millis;
    }
  | { readonly type: 'step-failed'; readonly step: string; readonly problem: Problem }
  | { readonly type: 'drill-aborted'; readonly reason: AbortReason; readonly problem: Problem }
  | { readonly type: 'drill-kept'; readonly until: Instant }
  | { readonly type: 'teardown-started' }
  | { readonly type: 'removal-started'; readonly resource: Resource; readonly attempt: number }
  | { readonly type: 'resource-removed'; readonly resource: Resource }
  | { readonly type: 'removal-failed'; readonly resource: Resource; readonly problem: Problem }
  | { readonly type: 'resource-found'; readonly resource: Resource }
  | {
      readonly type: 'teardown-finished';
      readonly left: readonly Resource[];
      /** Why nothing better can be said of what is left, when no listing could be had. */
      readonly problem?: Problem;
    }
  | { readonly type: 'drill-finished' }
  | DrawsCounted
  | NotificationJudged;

/** After `drill-finished`: what all random draws of each resource have shown by now, this drill's among them. */
export interface DrawsCounted {
  readonly type: 'draws-counted';
  readonly resources: readonly { readonly resource: string; readonly passed: number; readonly draws: number }[];
}

/** After `drill-finished`: somebody was told of the drill, or could not be. It says nothing about the drill itself. */
export interface NotificationJudged {
  readonly type: 'notification-judged';
  /** Id of the target in the runbook. */
  readonly target: string;
  readonly kind: NotifyChannel['kind'];
  readonly occasion: Occasion;
  readonly outcome: 'sent' | 'failed';
  /** What receivers know it by, the same for every try. */
  readonly delivery: string;
  /** What kept it from being sent. */
  readonly problem?: Problem;
}

/** Journal line 1, written before anything is listed: here the RTO clock starts. */
export interface DrillStarted {
  readonly type: 'drill-started';
  readonly schema: 1;
  readonly drillId: string;
  readonly runbook: Runbook;
  readonly seed: string;
  /** Whether a person gave the seed (such draws prove nothing about the other recovery points). */
  readonly seedChosen: boolean;
  readonly disasterAt?: Instant;
  /** Of a drill that a schedule began. */
  readonly occurrence?: Occurrence;
  /** How long the sandbox of a drill that did not pass is kept, when asked. */
  readonly keepOnFailure?: Millis;
  /** Whether, after a pass, every integrity check is to be seen to fail on a damaged copy. */
  readonly proveChecks?: true;
  /** Version of drillbook. */
  readonly tool: string;
}

/** The occasion of a scheduled drill: which drill's it was, when it was due, and, where it began too late, how late. */
export interface Occurrence {
  readonly drill: string;
  readonly due: Instant;
  readonly lateBy?: Millis;
}

/** `interrupted`: a signal. `deadline`: the drill's own. `expired`: the sandbox's. `journal`: it cannot be written. `bug`: drillbook's own. */
export type AbortReason = 'interrupted' | 'deadline' | 'expired' | 'journal' | 'bug' | 'teardown-requested';

/** A fact in its place: `seq` counts from 1, `prev` is the SHA-256 (hex) of the line before, 64 zeros for the first. */
export type DrillEvent = NewEvent & {
  readonly seq: number;
  /** Which engine wrote it; grows with every takeover. */
  readonly epoch: number;
  readonly at: Instant;
  /** Monotonic milliseconds since the machine's boot. */
  readonly mono: Millis;
  readonly prev: string;
};
