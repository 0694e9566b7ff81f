import type { RestoreFacts } from '../providers/resource.ts';
import type { Problem } from '../diagnostics/problem.ts';
import { checkStepId } from '../plan/build-plan.ts';
import type { Plan } from '../plan/plan.ts';
import type { CheckSpec } from '../runbook/check-spec.ts';
import type { DrillEvent, NewEvent } from './events.ts';
import { isolationProblem } from './isolation.ts';

/** The events of one type. */
export type EventOf<Type extends NewEvent['type']> = Extract<DrillEvent, { readonly type: Type }>;

/** A journal sorted for those who judge it: every fact under the thing it speaks of. Any prefix of a journal has one. */
export interface DrillRecord {
  readonly events: readonly DrillEvent[];
  readonly started?: EventOf<'drill-started'>;
  readonly plan?: Plan;
  readonly refusals: readonly Problem[];
  readonly aborted?: EventOf<'drill-aborted'>;
  /** By step. A check is judged once; were it judged again, the first judgement stands. */
  readonly judgements: ReadonlyMap<string, EventOf<'check-judged'>>;
  /** By step; the last one stands, since a restore that was begun anew is proven anew. */
  readonly isolation: ReadonlyMap<string, EventOf<'isolation-judged'>>;
  /** How steps ended that are not ended by a judgement; the last end stands. */
  readonly ends: ReadonlyMap<string, EventOf<'step-succeeded'> | EventOf<'step-failed'>>;
}

/** Sorts the events of a journal. */
export function recordOf(journal: readonly DrillEvent[]): DrillRecord {
  const events = ofDrill(journal);
  const started = ofType(events, 'drill-started')[0];
  const plan = ofType(events, 'plan-made')[0]?.plan;
  const aborted = ofType(events, 'drill-aborted')[0];
  return {
    events,
    ...(started && { started }),
    ...(plan && { plan }),
    ...(aborted && { aborted }),
    refusals: ofType(events, 'drill-refused').flatMap(({ problems }) => problems),
    judgements: new Map([...ofType(events, 'check-judged')].reverse().map((event) => [event.step, event])),
    isolation: new Map(ofType(events, 'isolation-judged').map((event) => [event.step, event])),
    ends: new Map(
      events
        .filter((event) => event.type === 'step-succeeded' || event.type === 'step-failed')
        .map((event) => [event.step, event]),
    ),
  };
}

/** The events that tell of the drill itself: what is said of it afterwards changes nothing that it measured. */
export function ofDrill(events: readonly DrillEvent[]): readonly DrillEvent[] {
  return events.filter(({ type }) => type !== 'notification-judged' && type !== 'draws-counted');
}

/** The events of one type, in order. */
export function ofType<Type extends NewEvent['type']>(
  events: readonly DrillEvent[],
  type: Type,
): readonly EventOf<Type>[] {
  return events.filter((event): event is EventOf<Type> => event.type === type);
}

/** All checks of the drill: those of the plan, and those of the runbook that the plan does not hold (yet). */
export function checksOf({ plan, started }: DrillRecord): readonly CheckSpec[] {
  const planned = (plan?.steps ?? []).flatMap((step) => (step.kind === 'check' ? [step.check] : []));
  const others = (started?.runbook.checks ?? []).filter(({ id }) => !planned.some((one) => one.id === id));
  return [...planned, ...others];
}

/** Checks whose failure fails the drill, and without which it cannot pass. */
export function requiredChecksOf(record: DrillRecord): readonly CheckSpec[] {
  return checksOf(record).filter(({ severity }) => severity === 'fail');
}

/** The judgement of a check, when there is one. */
export function judgementOf(record: DrillRecord, check: CheckSpec): EventOf<'check-judged'> | undefined {
  return record.judgements.get(checkStepId(check.id));
}

/** Whether a check was green on what was restored. */
export function hasPassed(record: DrillRecord, check: CheckSpec): boolean {
  return judgementOf(record, check)?.judgement.outcome === 'passed';
}

/** How the restore of a resource ended; `undefined` while it has not. */
export function restoreEndOf(
  record: DrillRecord,
  resource: string,
): EventOf<'step-succeeded'> | EventOf<'step-failed'> | undefined {
  const step = record.plan?.steps.find((one) => one.kind === 'restore' && one.resource === resource);
  return step && record.ends.get(step.id);
}

/** What the restore of a resource found out; `undefined` unless it succeeded and said so. */
export function factsOf(record: DrillRecord, resource: string): RestoreFacts | undefined {
  const end = restoreEndOf(record, resource);
  return end?.type === 'step-succeeded' ? end.facts : undefined;
}

/** Why the isolation that a step had to prove is not proven; `undefined` when it is. What was not judged is not proven. */
export function isolationProblemOf({ isolation, plan }: DrillRecord, step: string): Problem | undefined {
  const judged = isolation.get(step);
  if (judged === undefined) return ISOLATION_NOT_JUDGED;
  return isolationProblem(judged.evidence, plan?.sandbox.minimumIsolation ?? 'L2');
}

const ISOLATION_NOT_JUDGED: Problem = {
  code: 'isolation/not-judged',
  message: 'isolation was not looked at',
  hint: 'See in the other problems what kept the drill from getting there.',
  blames: 'environment',
};

const OUTCOME_IN_WORDS = {
  passed: 'passed',
  failed: 'failed',
  errored: 'could not be done',
  skipped: 'was skipped',
} as const;

/** What became of a check, as the end of a sentence. */
export function outcomeInWords(record: DrillRecord, check: CheckSpec): string {
  const outcome = judgementOf(record, check)?.judgement.outcome;
  return outcome === undefined ? 'was not done' : OUTCOME_IN_WORDS[outcome];
}
