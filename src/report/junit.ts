import { cutoverFigure } from './cutover-words.ts';
import { escapeXml } from './escape.ts';
import { formatSentence } from './format.ts';
import { groupFigure, groupMoments } from './group-words.ts';
import { controlInWords, proofInWords } from './proof-words.ts';
import type { ObjectiveOutcome, Report, ReportedCheck, ReportedCutover, ReportedGroup } from './report.ts';
import { objectiveFigure, teardownInWords } from './words.ts';

interface TestCase {
  readonly name: string;
  readonly seconds: number;
  readonly result?: {
    readonly tag: 'failure' | 'error' | 'skipped';
    readonly type: string;
    readonly message: string;
    readonly text?: string;
  };
}

interface TestSuite {
  readonly name: string;
  readonly cases: readonly TestCase[];
}

/**
 * `junit.xml`: a suite a resource with its restore and checks, then the drill itself, objectives, isolation and
 * teardown. What could not be judged is an `<error>`, what failed a `<failure>`, so that a build never turns green on
 * a drill that proved nothing; only checks that merely warn end as `<skipped>`.
 */
export function reportJunit(report: Report): string {
  const suites = [
    ...resourceSuites(report),
    ...proofSuites(report),
    drillSuite(report),
    objectiveSuite(report),
    isolationSuite(report),
    teardownSuite(report),
  ];
  const cases = suites.flatMap((suite) => suite.cases);
  const seconds = Math.max(0, (Date.parse(report.finishedAt) - Date.parse(report.startedAt)) / 1_000);
  const attributes = `name=${quoted(`drillbook ${report.runbook}`)} ${countsOf(cases)} time="${seconds.toFixed(3)}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${attributes}>`,
    ...suites.flatMap((suite) => suiteLines(suite, report)),
    '</testsuites>',
    '',
  ].join('\n');
}

function resourceSuites(report: Report): readonly TestSuite[] {
  const names = new Set([
    ...report.recoveryPoints.map(({ resource }) => resource),
    ...report.checks.map((check) => check.of),
  ]);
  return [...names].map((name) => ({
    name,
    cases: [restoreCase(report, name), ...report.checks.filter(({ of }) => of === name).map(checkCase)],
  }));
}

function restoreCase({ timeline, problems, recoveryPoints }: Report, resource: string): TestCase {
  const id = recoveryPoints.find((point) => point.resource === resource)?.id;
  const name = id === undefined ? 'restore' : `restore of ${id}`;
  const span = timeline.find((one) => one.name === `restore:${resource}`);
  if (span?.outcome === 'succeeded') return { name, seconds: span.seconds };
  const problem = problems.find(({ where }) => where === `restore:${resource}`);
  const result = {
    tag: problem?.blames === 'backup' ? 'failure' : 'error',
    type: problem?.code ?? 'not-restored',
    message: problem?.message ?? 'it was not restored',
    text: problem?.hint ?? '',
  } as const;
  return { name, seconds: span?.seconds ?? 0, result };
}

function checkCase(check: ReportedCheck): TestCase {
  const common = { name: `${check.purpose}: ${check.name}`, seconds: check.seconds ?? 0 };
  if (check.outcome === 'passed') return common;
  const message = check.because ?? check.observed;
  const text = `observed: ${check.observed}\nexpected: ${check.expected}`;
  if (check.severity === 'warn')
    return {
      ...common,
      result: { tag: 'skipped', type: 'warning', message: `only warns; ${check.outcome}: ${message}`, text },
    };
  const tag = check.outcome === 'failed' ? 'failure' : check.outcome === 'errored' ? 'error' : 'skipped';
  return { ...common, result: { tag, type: check.outcome, message, text } };
}

/**
 * A check that does not notice what it claims to is an error: it says nothing against the backup. One that only warns, and
 * has, is red on every copy, too.
 */
function proofSuites({ proofs = [], controls = [], checks }: Report): readonly TestSuite[] {
  if (proofs.length === 0) return [];
  const hasWarned = new Set(checks.filter(isWarning).map(({ id }) => id));
  const caseOf = (
    of: string,
    name: string,
    unproven?: { readonly type: string; readonly message: string },
  ): TestCase => {
    if (unproven === undefined) return { name, seconds: 0 };
    return { name, seconds: 0, result: { tag: hasWarned.has(of) ? 'skipped' : 'error', ...unproven } };
  };
  const undamaged = controls.map((control) => {
    const unproven = { type: control.outcome, message: controlInWords(control) };
    const name = `${control.name}: passes on an undamaged copy`;
    return caseOf(control.check, name, control.outcome === 'passed' ? undefined : unproven);
  });
  const damaged = proofs.map((proof) => {
    const unproven = { type: proof.outcome, message: proofInWords(proof) };
    const name = `${proof.name}: notices that ${proof.damage}`;
    return caseOf(proof.check, name, proof.outcome === 'caught' ? undefined : unproven);
  });
  return [{ name: 'checks proven able to fail', cases: [...undamaged, ...damaged] }];
}

function isWarning({ severity, outcome }: ReportedCheck): boolean {
  return severity === 'warn' && outcome !== 'passed';
}

function drillSuite({ verdict, because, reasons }: Report): TestSuite {
  const tag = verdict === 'failed' ? 'failure' : 'error';
  const result = { tag, type: verdict, message: because, text: reasons.join('\n') } as const;
  return { name: 'drill', cases: [{ name: 'verdict', seconds: 0, ...(verdict !== 'passed' && { result }) }] };
}

function objectiveSuite({ rto, rpo, groups = [], cutover }: Report): TestSuite {
  const cases = [objectiveCase('RTO', rto), objectiveCase('RPO', rpo), ...groups.map(groupCase)];
  return { name: 'objectives', cases: cutover === undefined ? cases : [...cases, cutoverCase(cutover)] };
}

function objectiveCase(name: string, objective: ObjectiveOutcome): TestCase {
  const { outcome, because, targetSeconds, measuredSeconds } = objective;
  const common = { name, seconds: measuredSeconds ?? 0 };
  if (outcome === 'met') return common;
  const message = `${objectiveFigure(objective)}${because === undefined ? '' : `: ${because}`}`;
  const tag = outcome === 'missed' ? 'failure' : targetSeconds === null ? 'skipped' : 'error';
  return { ...common, result: { tag, type: outcome, message } };
}

function groupCase(group: ReportedGroup): TestCase {
  const common = { name: `group ${group.name} is of one moment`, seconds: 0 };
  const { outcome, because } = group;
  if (outcome === 'met') return common;
  const message = `${groupFigure(group)}${because === undefined ? '' : `: ${because}`}`;
  const result = { tag: outcome === 'missed' ? 'failure' : 'error', type: outcome, message } as const;
  return { ...common, result: { ...result, text: groupMoments(group).join('\n') } };
}

/** What was switched, but against no target, is told and no more; what was not switched is an error either way. */
function cutoverCase(cutover: ReportedCutover): TestCase {
  const { outcome, switchedSeconds } = cutover;
  const common = { name: 'DNS cutover', seconds: switchedSeconds ?? 0 };
  if (outcome === 'met') return common;
  const tag = outcome === 'missed' ? 'failure' : switchedSeconds === null ? 'error' : 'skipped';
  return { ...common, result: { tag, type: outcome, message: cutoverFigure(cutover) } };
}

function isolationSuite({ isolation }: Report): TestSuite {
  const proofs = isolation.proofs.map(({ claim, when, holds, observed, method, expected }): TestCase => {
    const text = `method: ${method}\nexpected: ${expected}\nobserved: ${observed}`;
    const result = { tag: 'error', type: 'not-isolated', message: observed, text } as const;
    return { name: `${claim}, ${when}`, seconds: 0, ...(!holds && { result }) };
  });
  const message = `level ${isolation.level ?? 'unknown'}, required ${isolation.required}`;
  const whole: TestCase = {
    name: 'isolation is proven',
    seconds: 0,
    ...(!isolation.proven && { result: { tag: 'error', type: 'not-proven', message } as const }),
  };
  return { name: 'isolation', cases: [whole, ...proofs] };
}

function teardownSuite({ teardown }: Report): TestSuite {
  const { outcome, left } = teardown;
  const message = formatSentence(teardownInWords(teardown));
  const text = left.map(({ id }) => id).join('\n');
  const result = { tag: outcome === 'kept' ? 'skipped' : 'error', type: outcome, message, text } as const;
  return { name: 'teardown', cases: [{ name: 'nothing is left', seconds: 0, ...(outcome !== 'clean' && { result }) }] };
}

function countsOf(cases: readonly TestCase[]): string {
  const count = (tag: string) => cases.filter(({ result }) => result?.tag === tag).length;
  return `tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}" skipped="${count('skipped')}"`;
}

function suiteLines({ name, cases }: TestSuite, report: Report): readonly string[] {
  const seconds = cases.reduce((sum, one) => sum + one.seconds, 0).toFixed(3);
  const timestamp = report.startedAt.slice(0, 19);
  return [
    `  <testsuite name=${quoted(name)} ${countsOf(cases)} time="${seconds}" timestamp=${quoted(timestamp)}>`,
    ...cases.flatMap((one) => caseLines(one, `${report.runbook}.${name}`)),
    '  </testsuite>',
  ];
}

function caseLines({ name, seconds, result }: TestCase, classname: string): readonly string[] {
  const attributes = `classname=${quoted(classname)} name=${quoted(name)} time="${seconds.toFixed(3)}"`;
  if (result === undefined) return [`    <testcase ${attributes}/>`];
  const { tag, type, message, text = '' } = result;
  const typed = tag === 'skipped' ? '' : ` type=${quoted(type)}`;
  return [
    `    <testcase ${attributes}>`,
    `      <${tag} message=${quoted(message)}${typed}>${escapeXml(text)}</${tag}>`,
    '    </testcase>',
  ];
}

function quoted(text: string): string {
  return `"${escapeXml(text).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;')}"`;
}
