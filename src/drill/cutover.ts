import type { CutoverEvidence, SwitchedRecord } from '../providers/dns-cutover.ts';
import type { Millis } from '../support/time.ts';
import { type DrillRecord, ofType } from './record.ts';

/** A DNS cutover against what was agreed for it. */
export interface MeasuredCutover {
  /** `unmeasured` also where nothing was agreed. */
  readonly outcome: 'met' | 'missed' | 'unmeasured';
  readonly target?: Millis;
  /** What was done and seen; absent where the switch did not come to its end. */
  readonly evidence?: CutoverEvidence;
  /** From the call that switched until the records led to what was restored, in the sandbox. */
  readonly switched?: Millis;
  /** That, and the longest that caches of clients in production may keep the old answer. */
  readonly worstCase?: Millis;
  /** The record whose old answer is kept longest. */
  readonly slowest?: SwitchedRecord;
  readonly because?: string;
}

/** How a drill's cutover went; `undefined` where its runbook has none. Measured against the worst case, not the best. */
export function cutoverOf(record: DrillRecord): MeasuredCutover | undefined {
  const spec = record.started?.runbook.cutover;
  if (spec === undefined) return undefined;
  const target = spec.within === undefined ? {} : { target: spec.within };
  const evidence = ofType(record.events, 'cutover-done').at(-1)?.evidence;
  if (evidence === undefined) return { outcome: 'unmeasured', ...target, because: whyNotDone(record) };
  const { made, inSyncTook, resolveTook } = evidence;
  const switched = made.callsTook + inSyncTook + resolveTook;
  const slowest = made.switched.reduce<SwitchedRecord | undefined>(
    (a, b) => (a && a.cachedFor >= b.cachedFor ? a : b),
    undefined,
  );
  const worstCase = switched + (slowest?.cachedFor ?? 0);
  const figures = { ...target, evidence, switched, worstCase, ...(slowest && { slowest }) };
  if (spec.within === undefined) return { outcome: 'unmeasured', ...figures, because: 'nothing was agreed' };
  return { outcome: worstCase <= spec.within ? 'met' : 'missed', ...figures };
}

function whyNotDone({ ends, plan }: DrillRecord): string {
  const failed = ['cutover', 'zone'].flatMap((step) => ends.get(step) ?? []).find(({ type }) => type === 'step-failed');
  if (failed?.type === 'step-failed') return failed.problem.message;
  return plan === undefined ? 'nothing was planned' : 'the drill did not get there';
}
