import type { PlannedResource } from '../plan/plan.ts';
import type { CheckSpec } from '../runbook/check-spec.ts';
import { type MeasuredGroup, groupsOf } from './consistency.ts';
import { damageInWords } from '../checks/damage.ts';
import { unreachable } from '../support/unreachable.ts';
import { cutoverOf } from './cutover.ts';
import type { DrillEvent } from './events.ts';
import { type Measured, type MeasuredObjectives, objectivesOf } from './objectives.ts';
import { type Proof, proofsOf } from './proofs.ts';
import {
  type DrillRecord,
  checksOf,
  hasPassed,
  isolationProblemOf,
  judgementOf,
  outcomeInWords,
  recordOf,
  requiredChecksOf,
  restoreEndOf,
} from './record.ts';

export type Verdict = 'passed' | 'failed' | 'inconclusive';

/** A verdict and all that speaks for it. Reasons are lower case, without a full stop, the weightiest first. */
export interface Judged {
  readonly verdict: Verdict;
  /** One sentence that says why. */
  readonly because: string;
  /** Why the backups, or what was agreed about them, did not hold. */
  readonly failures: readonly string[];
  /** Why the drill proves nothing, or not all. */
  readonly gaps: readonly string[];
  /** Checks of severity warn that did not pass: shown, but not counted. */
  readonly warnings: readonly string[];
}

/**
 * What the events of a journal prove. Fails closed: `passed` only when nothing is missing.
 *
 * `failed` when a required check failed, an objective was missed, the data of a group lies too far apart or a recovery
 * point was proven bad; else `inconclusive` when anything planned was not restored, not done, not measured or not
 * isolated, or the drill was aborted or has not finished; else `passed`. Teardown is judged beside it.
 */
export function verdictOf(events: readonly DrillEvent[]): Judged {
  const record = recordOf(events);
  const objectives = objectivesOf(events);
  const groups = groupsOf(record);
  const slowCutover = cutoverOf(record)?.outcome === 'missed' ? ['the DNS cutover can take longer than agreed'] : [];
  const failures = [
    ...badBackups(record),
    ...failedChecks(record),
    ...missedObjectives(objectives),
    ...groups.filter(({ outcome }) => outcome === 'missed').map(apart),
    ...slowCutover,
  ];
  const otherGaps = [
    ...gapsOfDrill(record),
    ...gapsOfResources(record),
    ...gapsOfChecks(record),
    ...gapsOfCutover(record),
    ...unmeasured(record, objectives),
    ...groups.filter(({ outcome }) => outcome === 'unmeasured').map(unmeasuredSkew),
  ];
  const isSound = failures.length === 0 && otherGaps.length === 0;
  const unproven = proofsOf(record).flatMap((proof) => gapOfProof(record, proof, isSound));
  // A check without a control lacks it for each of its damages.
  const gaps = [...otherGaps, ...new Set(unproven)];
  const warnings = checksOf(record)
    .filter((check) => check.severity === 'warn' && !hasPassed(record, check))
    .map((check) => `${wordsOf(check)} ${outcomeInWords(record, check)}, but only warns`);
  const verdict = failures.length > 0 ? 'failed' : gaps.length > 0 ? 'inconclusive' : 'passed';
  const reasons = verdict === 'failed' ? failures : gaps;
  const because = verdict === 'passed' ? whatPassed(record, { objectives, groups, warnings }) : sentence(reasons);
  return { verdict, because, failures, gaps, warnings };
}

function badBackups({ ends, refusals }: DrillRecord): readonly string[] {
  const failed = [...ends.values()].flatMap((end) => (end.type === 'step-failed' ? [end.problem] : []));
  return [...refusals, ...failed].filter(({ blames }) => blames === 'backup').map(({ message }) => message);
}

function failedChecks(record: DrillRecord): readonly string[] {
  return requiredChecksOf(record).flatMap((check) => {
    const judgement = judgementOf(record, check)?.judgement;
    if (judgement?.outcome !== 'failed') return [];
    return [`${wordsOf(check)} failed: ${judgement.because ?? judgement.observed}`];
  });
}

function missedObjectives({ rto, rpo }: MeasuredObjectives): readonly string[] {
  const isMissed = ({ outcome }: Measured) => outcome === 'missed';
  return [...(isMissed(rto) ? ['the RTO was missed'] : []), ...(isMissed(rpo) ? ['the RPO was missed'] : [])];
}

function gapsOfDrill({ started, plan, refusals, aborted, events }: DrillRecord): readonly string[] {
  return [
    ...(started === undefined ? ['the journal does not hold the start of a drill'] : []),
    ...refusals.map(({ message }) => `the drill was refused: ${message}`),
    ...(aborted ? [`the drill was aborted: ${aborted.problem.message}`] : []),
    ...(events.some(({ type }) => type === 'drill-finished') ? [] : ['the drill has not finished']),
    ...(started !== undefined && plan === undefined && refusals.length === 0 ? ['nothing was planned'] : []),
    ...(plan?.resources.length === 0 ? ['nothing was planned to be restored'] : []),
    ...(started?.runbook.restore ?? [])
      .filter(({ name }) => plan !== undefined && !plan.resources.some(({ spec }) => spec.name === name))
      .map(({ name }) => `'${name}' was not planned to be restored`),
  ];
}

function gapsOfResources(record: DrillRecord): readonly string[] {
  const resources = record.plan?.resources ?? [];
  const first = (record.plan?.steps ?? []).filter(({ kind }) => kind === 'isolation');
  const before = first.length === 0 ? ['isolation'] : first.map(({ id }) => id);
  const unproven = before.flatMap((step) => isolationProblemOf(record, step)?.message ?? []);
  return [...(resources.length === 0 ? [] : unproven), ...resources.flatMap((one) => gapsOfResource(record, one))];
}

function gapsOfResource(record: DrillRecord, { spec }: PlannedResource): readonly string[] {
  const end = restoreEndOf(record, spec.name);
  if (end === undefined) return [`'${spec.name}' was not restored`];
  if (end.type === 'step-failed') return [`'${spec.name}' could not be restored: ${end.problem.message}`];
  const connect = record.plan?.steps.find((step) => step.kind === 'connect' && step.resource === spec.name);
  const unproven = isolationProblemOf(record, connect?.id ?? '');
  const isChecked = requiredChecksOf(record).some(
    (check) => check.of === spec.name && check.purpose === 'integrity' && hasPassed(record, check),
  );
  return [
    ...(unproven ? [`'${spec.name}': ${unproven.message}`] : []),
    ...(isChecked ? [] : [`no integrity check of '${spec.name}' passed`]),
  ];
}

/** Checks that were not done lack a common cause, which is told elsewhere: together they are one reason. */
function gapsOfChecks(record: DrillRecord): readonly string[] {
  const required = requiredChecksOf(record);
  const undone = required.filter((check) => judgementOf(record, check) === undefined);
  const unsure = required.flatMap((check) => {
    const judgement = judgementOf(record, check)?.judgement;
    if (judgement === undefined || judgement.outcome === 'passed' || judgement.outcome === 'failed') return [];
    const why = judgement.because ?? judgement.problem?.message;
    return [`${wordsOf(check)} ${outcomeInWords(record, check)}${why === undefined ? '' : `: ${why}`}`];
  });
  const [first] = undone;
  if (first === undefined) return unsure;
  return [
    ...unsure,
    undone.length === 1 ? `${wordsOf(first)} was not done` : `${undone.length} required checks were not done`,
  ];
}

/** What was planned is owed, like everything else. */
function gapsOfCutover(record: DrillRecord): readonly string[] {
  const cutover = record.plan && cutoverOf(record);
  if (cutover === undefined || cutover.evidence !== undefined) return [];
  return [`the DNS cutover was not done${cutover.because === undefined ? '' : `: ${cutover.because}`}`];
}

/** Only an objective with a target is owed. */
function unmeasured({ started }: DrillRecord, { rto, rpo }: MeasuredObjectives): readonly string[] {
  const targets = started?.runbook.objectives;
  const of = (name: string, { outcome, because }: Measured) =>
    outcome === 'unmeasured' ? [`the ${name} is unmeasured: ${because ?? 'nothing says why'}`] : [];
  return [...(targets?.rto ? of('RTO', rto) : []), ...(targets?.rpo ? of('RPO', rpo) : [])];
}

/**
 * Of a drill that does not pass anyway, proofs are not made: that is no reason of its own. Nor is it that a check which only
 * warns has no control, where it was not green on what was restored either.
 */
function gapOfProof(record: DrillRecord, proof: Proof, isSound: boolean): readonly string[] {
  const check = wordsOf(proof.check);
  const damage = damageInWords(proof.damage);
  switch (proof.outcome) {
    case 'caught':
      return [];
    case 'missed':
      return [`${check} stayed green on a copy although ${damage}`];
    case 'errored':
      return [`${check} is not proven able to fail: ${proof.judgement.because ?? proof.judgement.observed}`];
    case 'no-control':
      return hasPassed(record, proof.check) ? [`${check} is not proven able to fail: ${proof.because}`] : [];
    case 'not-made':
      return isSound ? [`${check} is not proven able to fail: ${proof.because}`] : [];
    default:
      return unreachable(proof);
  }
}

function apart({ name, measured = 0, limit }: MeasuredGroup): string {
  return `the data of group '${name}' is not of one moment: it lies ${measured / 1_000} s apart, at most ${limit / 1_000} s are allowed`;
}

function unmeasuredSkew({ name, because }: MeasuredGroup): string {
  return `it is unmeasured how far apart the data of group '${name}' lies: ${because ?? 'nothing says why'}`;
}

function wordsOf({ purpose, name, of }: CheckSpec): string {
  return `${purpose} check '${name}' of '${of}'`;
}

function sentence(reasons: readonly string[]): string {
  const [first = '', ...others] = reasons;
  const more = others.length === 0 ? '' : ` (and ${others.length} more reason${others.length === 1 ? '' : 's'})`;
  return `${first.charAt(0).toUpperCase()}${first.slice(1)}${more}.`;
}

interface Passed {
  readonly objectives: MeasuredObjectives;
  readonly groups: readonly MeasuredGroup[];
  readonly warnings: readonly string[];
}

function whatPassed(record: DrillRecord, { objectives: { rto, rpo }, groups, warnings }: Passed): string {
  const restored = record.plan?.resources.length ?? 0;
  const checks = requiredChecksOf(record).length;
  const met = [rto.outcome === 'met' ? 'RTO' : '', rpo.outcome === 'met' ? 'RPO' : ''].filter((name) => name !== '');
  const were = met.length === 1 ? 'was' : 'were';
  const objectives = met.length === 0 ? '; no objective was set' : `, and ${met.join(' and ')} ${were} met`;
  const together = groups.map(({ name }) => `; group '${name}' is of one moment`).join('');
  const warned = warnings.length === 0 ? '' : `; ${warnings.length} warning${warnings.length === 1 ? '' : 's'}`;
  const what = `${restored} recovery point${restored === 1 ? ' was' : 's were'} restored in isolation`;
  const passed = checks === 1 ? 'its one required check passed' : `all ${checks} required checks passed`;
  return `${what}, ${passed}${objectives}${together}${warned}.`;
}
