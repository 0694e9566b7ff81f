import type { Report, ReportedCheck, ReportedNotification, ReportedRecoveryPoint, Verdict } from './report.ts';
import { formatCount, formatInstant, formatSeconds } from './format.ts';

/** What a verdict means, for people who have not read the manual. */
export const VERDICT_MEANS: Readonly<Record<Verdict, string>> = {
  passed: 'The backups were restored, checked and measured, and all of it held.',
  failed: 'A backup, or an objective agreed for it, did not hold.',
  inconclusive: 'Nothing was shown to be wrong, but not everything was shown to be right.',
};

/** A figure against its target in words, e.g. `1 m 12 s of 15 m`; never a figure without its error. */
export function objectiveFigure({ measuredSeconds, targetSeconds, errorSeconds }: Report['rpo']): string {
  const measured =
    measuredSeconds === null ? 'not measured' : `${formatSeconds(measuredSeconds)} ${errorInWords(errorSeconds)}`;
  return targetSeconds === null ? `${measured}, no target` : `${measured}, target ${formatSeconds(targetSeconds)}`;
}

/** e.g. `± 0.2 s`. */
export function errorInWords(errorSeconds: number): string {
  return `± ${formatSeconds(errorSeconds)}`;
}

/** Both moments of a recovery, since the RTO counts only one of them. */
export function recoveryMoments({ usableSeconds, verifiedSeconds }: Report['rto']): string {
  const usable = usableSeconds === null ? 'never seen usable' : `usable after ${formatSeconds(usableSeconds)}`;
  const verified = verifiedSeconds === null ? 'not verified' : `verified after ${formatSeconds(verifiedSeconds)}`;
  return `${usable}, ${verified}`;
}

/** e.g. `not included: detection, decision, people, production cutover`. */
export function rtoExcludes({ excludes }: Report['rto']): string {
  return `not included: ${excludes.join(', ')}`;
}

/** How teardown ended, in one sentence without a full stop. */
export function teardownInWords({ outcome, created, removed, left, keptUntil }: Report['teardown']): string {
  const counts = `${formatCount(created, 'resource')} created, ${removed} removed`;
  if (outcome === 'clean') return created === 0 ? 'nothing was created, nothing is left' : `${counts}, nothing is left`;
  if (outcome === 'kept')
    return `${counts}, ${left.length} kept until ${formatInstant(keptUntil ?? 'an unknown time')}`;
  if (left.length === 0) return `${counts}, and whatever a call without an answer may have made`;
  return `${counts}, ${left.length} left`;
}

/** The command that ends what is not clean. */
export function teardownCommand({ drillId, teardown, finished }: Report): string | undefined {
  if (teardown.outcome === 'clean') return undefined;
  return finished ? `drillbook teardown ${drillId}` : `drillbook resume ${drillId}`;
}

/** How a recovery point was drawn, e.g. `3rd of 4 candidates, by strategy random and seed 1`. */
export function drawInWords({ draw, candidates }: ReportedRecoveryPoint): string {
  const place = candidates === 1 ? 'the only candidate' : `candidate ${draw.index + 1} of ${candidates}`;
  const seed = draw.follows ? '' : `, seed '${draw.seed}'`;
  return `${place}, strategy '${draw.strategy}'${seed}`;
}

/** How anyone computes a draw again, with nothing but SHA-256. */
export const DRAW_RECIPE =
  "Sort the candidates by captured time, then id. Their digest is the SHA-256 of the JSON array of the resource's name " +
  'and the ids in that order. For n = 0, 1, …, take the first 13 hex digits of the SHA-256 of the JSON array ' +
  '[seed, digest, n] as a number; the first one below the greatest multiple of the number of candidates within 2^52, ' +
  'modulo that number, is the index (counted from 0).';

/** What a check is worth, e.g. `integrity, only warns`. */
export function purposeInWords({ purpose, severity }: ReportedCheck): string {
  return severity === 'warn' ? `${purpose}, only warns` : purpose;
}

/** What was expected, or a dash. */
export function orDash(text: string): string {
  return text.trim() === '' ? '–' : text;
}

/** Where on AWS it was restored, without a full stop; `undefined` for anywhere else, which needs no words. */
export function awsPlaceInWords({ sandbox }: Report): string | undefined {
  if (sandbox?.account === undefined || sandbox.region === undefined) return undefined;
  const role = sandbox.role === undefined ? '' : `, as role ${sandbox.role}`;
  return `account ${sandbox.account}, region ${sandbox.region}${role}`;
}

/** Whose schedule a drill was begun by, and when it was due, without a full stop; `undefined` where there is none. */
export function occurrenceInWords({ occurrence }: Report): string | undefined {
  if (occurrence === undefined) return undefined;
  const { drill, due, lateSeconds } = occurrence;
  const late = lateSeconds === undefined ? '' : `, began ${formatSeconds(lateSeconds)} late`;
  return `scheduled by '${drill}', due ${formatInstant(due)}${late}`;
}

/** How isolation was proven, in one sentence without a full stop. */
export function isolationInWords({ level, required, proven, proofs }: Report['isolation']): string {
  const levels = `level ${level ?? 'unknown'}, required ${required}`;
  const holding = proofs.filter(({ holds }) => holds).length;
  if (proofs.length === 0) return `not looked at; ${levels}`;
  if (proven) return `proven: ${levels}, ${holding} of ${formatCount(proofs.length, 'proof')} held`;
  if (holding < proofs.length)
    return `broken: ${levels}, only ${holding} of ${formatCount(proofs.length, 'proof')} held`;
  return `not proven to the end: ${levels}, ${formatCount(proofs.length, 'proof')} held, others are missing`;
}

/** Who was told of what, or was not, as a phrase. */
export function notificationInWords({ target, kind, occasion, outcome }: ReportedNotification): string {
  return `'${target}' (${kind}) ${outcome === 'sent' ? 'was told' : 'was not told'} of '${occasion}'`;
}
