import type { Observation, ObservationRequest } from '../probe/observation.ts';
import type { RestoredMoment, DataMoment } from '../providers/resource.ts';
import type { Problem } from '../diagnostics/problem.ts';
import type { CheckSpec } from '../runbook/check-spec.ts';
import type { Instant } from '../support/time.ts';
import type { RecordedManifest } from './manifest-format.ts';

/** What a judgement may know besides the observation. */
export interface CheckContext {
  readonly restored: RestoredMoment;
  /** The recovery point's own captured time. */
  readonly capturedAt: Instant;
  /** Read for manifest checks only; a problem says why it could not be. */
  readonly manifest?: RecordedManifest | Problem;
}

/** The end of one check, fit for a journal: counts, hashes and names, never a value of a row or a secret. */
export interface Judgement {
  readonly outcome: 'passed' | 'failed' | 'errored' | 'skipped';
  readonly observed: string;
  readonly expected: string;
  /** Why it was not simply passed. */
  readonly because?: string;
  /** For errored ones: what kept the check from being done. */
  readonly problem?: Problem;
  /** How often it was looked at, where a check that is tried again was not passed at once. */
  readonly tries?: number;
  /** A moment up to which the check saw data. */
  readonly dataMoment?: DataMoment;
}

/** One kind of check: what to look at, and a pure judgement of what was seen. */
export interface CheckKind<Spec extends CheckSpec> {
  /** A judgement instead of a request where looking would be of no use. */
  prepare(spec: Spec, context: CheckContext): ObservationRequest | Judgement;
  judge(spec: Spec, observation: Observation, context: CheckContext): Judgement;
}
