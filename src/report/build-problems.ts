import type { Problem } from '../diagnostics/problem.ts';
import { controlProblem } from '../drill/control.ts';
import { controlsOf } from '../drill/proofs.ts';
import {
  type DrillRecord,
  checksOf,
  factsOf,
  hasPassed,
  isolationProblemOf,
  judgementOf,
  ofType,
} from '../drill/record.ts';
import { checkStepId } from '../plan/build-plan.ts';
import type { ReportedProblem } from './report.ts';

/** Every problem of a drill in the order of its parts, with where it arose; the same thing is said once. */
export function problemsOf(record: DrillRecord): readonly ReportedProblem[] {
  const { aborted, refusals } = record;
  const all = [
    ...refusals.map((problem) => reported(problem)),
    ...stepProblems(record),
    ...checkProblems(record),
    ...controlProblems(record),
    ...(aborted ? [reported(aborted.problem)] : []),
    ...teardownProblems(record),
    ...warnings(record),
  ];
  return all.filter((one, index) => all.findIndex((other) => keyOf(other) === keyOf(one)) === index);
}

/** Fields are named one by one, so that nothing else that a problem may carry ever gets into a report. */
function reported({ code, message, hint, blames }: Problem, where?: string, warning = false): ReportedProblem {
  return { code, message, hint, blames, ...(where !== undefined && { where }), warning };
}

function keyOf({ code, message, where }: ReportedProblem): string {
  return JSON.stringify([code, message, where]);
}

function stepProblems(record: DrillRecord): readonly ReportedProblem[] {
  return (record.plan?.steps ?? []).flatMap(({ id }) => {
    const end = record.ends.get(id);
    if (end?.type === 'step-failed') return [reported(end.problem, id)];
    const unproven = record.isolation.has(id) ? isolationProblemOf(record, id) : undefined;
    return unproven ? [reported(unproven, id)] : [];
  });
}

function checkProblems(record: DrillRecord): readonly ReportedProblem[] {
  return checksOf(record).flatMap((check) => {
    const problem = judgementOf(record, check)?.judgement.problem;
    return problem ? [reported(problem, checkStepId(check.id), check.severity === 'warn')] : [];
  });
}

/** A check that only warns, and has, has no control: that is told already. */
function controlProblems(record: DrillRecord): readonly ReportedProblem[] {
  return controlsOf(record).flatMap((control) => {
    const isTold = !hasPassed(record, control.check);
    if (isTold || !('judgement' in control)) return [];
    const problem = controlProblem(control.check, control.judgement);
    return problem ? [reported(problem, control.step)] : [];
  });
}

/** A removal that failed and then succeeded is no problem any more. */
function teardownProblems({ events }: DrillRecord): readonly ReportedProblem[] {
  const failed = ofType(events, 'removal-failed').filter(
    (failure) =>
      !ofType(events, 'resource-removed').some(
        ({ resource, seq }) => resource.id === failure.resource.id && seq > failure.seq,
      ),
  );
  const unlisted = ofType(events, 'teardown-finished').at(-1)?.problem;
  return [
    ...failed.map(({ problem, resource }) => reported(problem, `removal of '${resource.name}'`)),
    ...(unlisted ? [reported(unlisted, 'teardown')] : []),
  ];
}

function warnings(record: DrillRecord): readonly ReportedProblem[] {
  const ahead = ofType(record.events, 'plan-made')[0]?.warnings ?? [];
  const found = (record.plan?.resources ?? []).flatMap(({ spec }) =>
    (factsOf(record, spec.name)?.warnings ?? []).map((problem) => reported(problem, `restore:${spec.name}`, true)),
  );
  return [...ahead.map((problem) => reported(problem, undefined, true)), ...found];
}
