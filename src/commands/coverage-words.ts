import { confidenceInWords } from '../catalog/confidence.ts';
import type { LastDrill, PointCount, ResourceCoverage, RunbookCoverage } from '../history/coverage.ts';
import { formatCount } from '../report/format.ts';
import { formatDuration } from '../runbook/duration.ts';
import { type Instant, millisBetween } from '../support/time.ts';

/** Coverage for people: tier by tier where runbooks have one. */
export function coverageInWords(covered: readonly RunbookCoverage[], now: Instant): string {
  const tiers = tiersOf(covered);
  return tiers
    .map(({ tier, runbooks }) => {
      const lines = runbooks.map((one) => runbookInWords(one, now)).join('');
      return tiers.length === 1 && tier === undefined ? lines : `${tierInWords(tier, runbooks, now)}${lines}`;
    })
    .join('\n');
}

/** Coverage as one document. */
export function coverageAsJson(
  covered: readonly { readonly file: string; readonly coverage: RunbookCoverage }[],
  now: Instant,
): object {
  const runbooks = covered.map(({ coverage }) => coverage);
  return {
    at: now,
    tiers: tiersOf(runbooks).map(({ tier, runbooks }) => ({ tier: tier ?? null, ...sumOf(runbooks, now) })),
    runbooks: covered.map(({ coverage, file }) => ({
      runbook: coverage.runbook,
      tier: coverage.tier ?? null,
      file,
      drills: coverage.drills,
      lastDrill: coverage.lastDrill ?? null,
      ...verified(coverage.verifiedAt, now),
      resources: coverage.resources.map((one) => resourceAsJson(one, now)),
    })),
  };
}

function resourceAsJson(one: ResourceCoverage, now: Instant): object {
  const { present, recorded, confidence } = one;
  return {
    resource: one.resource,
    source: one.source,
    drills: one.drills,
    neverDrilled: one.drills === 0,
    lastDrill: one.lastDrill ?? null,
    ...verified(one.lastVerified?.at, now),
    verifiedBy: one.lastVerified?.drillId ?? null,
    stale: one.stale,
    lacksPointsSince: one.lacksPointsSince ?? null,
    candidates: present.points,
    neverDrawn: present.neverDrawn,
    present: { points: present.points, proven: present.proven, share: shareOf(present) },
    recorded: { ...recorded, share: shareOf(recorded) },
    confidence: confidence ? { ...confidence, level: 0.95, inWords: confidenceInWords(confidence) } : null,
  };
}

interface Tier {
  readonly tier: string | undefined;
  readonly runbooks: readonly RunbookCoverage[];
}

/** By name; runbooks without a tier are last. */
function tiersOf(covered: readonly RunbookCoverage[]): readonly Tier[] {
  const names = [...new Set(covered.flatMap(({ tier }) => tier ?? []))].sort();
  return [...names, undefined]
    .map((tier) => ({ tier, runbooks: covered.filter((one) => one.tier === tier) }))
    .filter(({ runbooks }) => runbooks.length > 0);
}

function sumOf(runbooks: readonly RunbookCoverage[], now: Instant) {
  const resources = runbooks.flatMap(({ resources }) => resources);
  const verifiedAts = resources.flatMap(({ lastVerified }) => lastVerified?.at ?? []).sort();
  const present = sum(resources.map(({ present }) => present));
  return {
    resources: resources.length,
    neverDrilled: resources.filter(({ drills }) => drills === 0).length,
    neverVerified: resources.filter(({ lastVerified }) => lastVerified === undefined).length,
    stale: resources.filter(({ stale }) => stale.length > 0).length,
    withoutPoints: resources.filter(({ lacksPointsSince }) => lacksPointsSince !== undefined).length,
    ...verified(verifiedAts.length === resources.length ? verifiedAts[0] : undefined, now),
    present: { ...present, share: shareOf(present) },
  };
}

function sum(counts: readonly PointCount[]): PointCount {
  return {
    points: counts.reduce((total, { points }) => total + points, 0),
    proven: counts.reduce((total, { proven }) => total + proven, 0),
  };
}

function shareOf({ points, proven }: PointCount): number | null {
  return points === 0 ? null : proven / points;
}

function verified(at: Instant | undefined, now: Instant): object {
  return {
    verifiedAt: at ?? null,
    verifiedSecondsAgo: at === undefined ? null : Math.max(0, Math.round(millisBetween(at, now) / 1_000)),
  };
}

function tierInWords(tier: string | undefined, runbooks: readonly RunbookCoverage[], now: Instant): string {
  const { resources, neverDrilled, neverVerified, stale, withoutPoints, present } = sumOf(runbooks, now);
  const told = [
    neverDrilled > 0 ? `${neverDrilled} never drilled` : '',
    neverVerified > neverDrilled ? `${neverVerified} never verified` : '',
    stale > 0 ? `${stale} stale` : '',
    withoutPoints > 0 ? `${withoutPoints} without any recovery point` : '',
    provenInWords(present),
  ].filter((words) => words !== '');
  const name = tier === undefined ? 'no tier' : `tier ${tier}`;
  return `${name}: ${formatCount(resources, 'resource')}${told.length > 0 ? `, ${told.join(', ')}` : ''}\n`;
}

function runbookInWords({ runbook, drills, lastDrill, resources }: RunbookCoverage, now: Instant): string {
  const lines = resources.map((one) => resourceInWords(one, now)).join('');
  if (lastDrill === undefined) {
    return `${runbook}: never drilled\n${resources.some((one) => one.lacksPointsSince !== undefined) ? lines : ''}`;
  }
  return `${runbook}: ${formatCount(drills, 'drill')}, the last one ${lastInWords(lastDrill, now)}\n${lines}`;
}

function resourceInWords(one: ResourceCoverage, now: Instant): string {
  const { resource, lacksPointsSince: lacking, stale, confidence } = one;
  const proven = one.lastVerified
    ? `last verified ${ago(one.lastVerified.at, now)} by ${one.lastVerified.drillId}`
    : 'never verified';
  const drilled = one.lastDrill === undefined ? 'never drilled' : `${formatCount(one.drills, 'drill')}, ${proven}`;
  const never = one.present.neverDrawn.length;
  const points = one.present.points === 0 ? '' : `; ${provenInWords(one.present)}, ${never} never drawn`;
  const below = [
    ...(lacking === undefined ? [] : [`no recovery point can be drawn at all, as seen ${ago(lacking, now)}`]),
    ...stale.map((reason) => `stale: ${reason}`),
    ...(confidence ? [confidenceInWords(confidence)] : []),
  ];
  return [`${resource}: ${drilled}${points}`, ...below.map((line) => `  ${line}`)]
    .map((line) => `  ${line}\n`)
    .join('');
}

function provenInWords({ points, proven }: PointCount): string {
  return points === 0 ? '' : `${proven} of ${formatCount(points, 'recovery point')} proven`;
}

function lastInWords({ drillId, at, verdict }: LastDrill, now: Instant): string {
  return `${ago(at, now)}, ${verdict} (${drillId})`;
}

/** In its two greatest units at most: nobody needs the seconds of a month. */
export function ago(at: Instant | undefined, now: Instant): string {
  const millis = Math.max(0, millisBetween(at ?? now, now));
  const units = formatDuration(millis).match(/\d+[a-z]/g) ?? [];
  return `${units.slice(0, 2).join(' ')} ago`;
}
