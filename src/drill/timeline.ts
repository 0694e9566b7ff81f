import type { Phase, Step } from '../plan/plan.ts';
import { type Instant, type Millis, addMillis } from '../support/time.ts';
import { elapsedBetween } from './elapsed.ts';
import type { DrillEvent } from './events.ts';
import { type DrillRecord, type EventOf, isolationProblemOf, ofType, recordOf } from './record.ts';

/** Something that took time. `took` is never negative: it is monotonic time, or wall time over a restart. */
export interface Span {
  readonly phase: Phase;
  /** A step's id, or the name of a part of a restore. */
  readonly name: string;
  /** For a part of a restore: its step. */
  readonly partOf?: string;
  readonly startedAt: Instant;
  readonly took: Millis;
  /** `interrupted`: it was begun and never ended. */
  readonly outcome: 'succeeded' | 'failed' | 'interrupted';
}

/** Spans of select, of every step that was begun (a restore's own parts behind it) and of teardown, in that order. */
export function timelineOf(events: readonly DrillEvent[]): readonly Span[] {
  const record = recordOf(events);
  const steps = record.plan?.steps ?? [];
  return [...selectSpan(record), ...steps.flatMap((step) => stepSpans(record, step)), ...teardownSpans(record)];
}

function selectSpan({ events, started }: DrillRecord): readonly Span[] {
  if (started === undefined) return [];
  const end = events.find((event) => ['plan-made', 'drill-refused', 'drill-aborted'].includes(event.type));
  const outcome = end === undefined ? 'interrupted' : end.type === 'plan-made' ? 'succeeded' : 'failed';
  return [spanOf(events, { phase: 'select', name: 'select', from: started, to: end, outcome })];
}

function stepSpans(record: DrillRecord, step: Step): readonly Span[] {
  const { events } = record;
  const ended = endOf(record, step.id);
  const from = ofType(events, 'step-started').find((event) => event.step === step.id) ?? beginOf(record, step, ended);
  if (from === undefined) return [];
  const outcome = ended?.outcome ?? 'interrupted';
  const to = ended?.event ?? events.find(({ type, seq }) => seq > from.seq && endsSteps(type));
  const whole = spanOf(events, { phase: step.phase, name: step.id, from, to, outcome });
  const facts = ended?.event.type === 'step-succeeded' ? ended.event.facts : undefined;
  const parts = (facts?.spans ?? []).map(({ name, startedAt, took }): Span => ({
    phase: step.phase,
    name,
    partOf: step.id,
    startedAt,
    took,
    outcome,
  }));
  return [whole, ...parts];
}

function endsSteps(type: DrillEvent['type']): boolean {
  return type === 'drill-aborted' || type === 'teardown-started';
}

type StepEnd =
  | EventOf<'step-succeeded'>
  | EventOf<'step-failed'>
  | EventOf<'check-judged'>
  | EventOf<'isolation-judged'>
  | EventOf<'control-judged'>
  | EventOf<'check-proven'>
  | EventOf<'cutover-done'>;

function endOf(record: DrillRecord, id: string): { event: StepEnd; outcome: 'succeeded' | 'failed' } | undefined {
  const judged = record.judgements.get(id);
  if (judged) {
    const isBad = judged.judgement.outcome === 'failed' || judged.judgement.outcome === 'errored';
    return { event: judged, outcome: isBad ? 'failed' : 'succeeded' };
  }
  const end = record.ends.get(id);
  if (end) return { event: end, outcome: end.type === 'step-succeeded' ? 'succeeded' : 'failed' };
  const control = ofType(record.events, 'control-judged').findLast(({ step }) => step === id);
  if (control) return { event: control, outcome: control.judgement.outcome === 'passed' ? 'succeeded' : 'failed' };
  const seen = ofType(record.events, 'check-proven').findLast(({ step }) => step === id);
  // The check has to fail there.
  if (seen) return { event: seen, outcome: seen.judgement.outcome === 'failed' ? 'succeeded' : 'failed' };
  const done = ofType(record.events, 'cutover-done').findLast(({ step }) => step === id);
  if (done) return { event: done, outcome: 'succeeded' };
  const proven = record.isolation.get(id);
  return proven && { event: proven, outcome: isolationProblemOf(record, id) === undefined ? 'succeeded' : 'failed' };
}

/** A step whose begin was not written down began when the last of those it waited for had ended. */
function beginOf(record: DrillRecord, step: Step, ended: { event: StepEnd } | undefined): DrillEvent | undefined {
  if (ended === undefined) return undefined;
  const earlier = [...step.needs, ...step.after].flatMap((id) => endOf(record, id)?.event ?? []);
  return (
    earlier.reduce<DrillEvent | undefined>((last, event) => (last && last.seq > event.seq ? last : event), undefined) ??
    ended.event
  );
}

function teardownSpans({ events }: DrillRecord): readonly Span[] {
  const begins = ofType(events, 'teardown-started');
  return begins.flatMap((from, index) => {
    const next = begins[index + 1];
    const end = ofType(events, 'teardown-finished').find(({ seq }) => seq > from.seq && seq < (next?.seq ?? Infinity));
    const outcome = end === undefined ? 'interrupted' : end.left.length === 0 ? 'succeeded' : 'failed';
    return [spanOf(events, { phase: 'teardown', name: 'teardown', from, to: end ?? next, outcome })];
  });
}

/** Without an end the span reaches to the last thing the journal knows. */
function spanOf(
  events: readonly DrillEvent[],
  span: Pick<Span, 'phase' | 'name' | 'outcome'> & { from: DrillEvent; to: DrillEvent | undefined },
): Span {
  const { from, to = events.at(-1) ?? from, ...rest } = span;
  const { wall, mono } = elapsedBetween(events, from, to);
  return { ...rest, startedAt: from.at, took: Math.max(0, mono ?? wall) };
}

/** When a span ended. */
export function endOfSpan({ startedAt, took }: Pick<Span, 'startedAt' | 'took'>): Instant {
  return addMillis(startedAt, took);
}
