import { type MeasuredCutover, cutoverOf } from '../drill/cutover.ts';
import type { DrillRecord } from '../drill/record.ts';
import type { CutoverEvidence } from '../providers/dns-cutover.ts';
import type { Millis } from '../support/time.ts';
import type { ReportedCutover } from './report.ts';

const SOURCE =
  "the runner's monotonic clock, from the call to Route 53 until the sandbox's resolver answered; caches: the records of the zone itself";

/** What the report says of the DNS cutover; `undefined` where the runbook has none. */
export function reportedCutover(record: DrillRecord): ReportedCutover | undefined {
  const measured = cutoverOf(record);
  if (measured === undefined) return undefined;
  const { outcome, target, switched, worstCase, evidence, because } = measured;
  return {
    outcome,
    targetSeconds: secondsOrNull(target),
    switchedSeconds: secondsOrNull(switched),
    parts: evidence ? partsOf(evidence) : null,
    errorSeconds: Math.ceil(evidence?.error ?? 0) / 1_000,
    worstCaseSeconds: secondsOrNull(worstCase),
    source: SOURCE,
    zone: evidence?.made.zone.name ?? record.started?.runbook.cutover?.zone ?? '',
    records: recordsOf(measured),
    copied: evidence?.made.copied ?? 0,
    differences: evidence?.made.differences ?? [],
    ...(because !== undefined && { because }),
  };
}

function recordsOf({ evidence }: MeasuredCutover): ReportedCutover['records'] {
  return (evidence?.made.switched ?? []).map(({ name, address, cachedFor, cachedBecause }) => ({
    name,
    leadsTo: address,
    addresses: evidence?.resolved.find((one) => one.name === name)?.addresses ?? [],
    cachedSeconds: secondsOf(cachedFor),
    cachedBecause,
  }));
}

function partsOf({ made, inSyncTook, resolveTook }: CutoverEvidence): ReportedCutover['parts'] {
  return { api: secondsOf(made.callsTook), inSync: secondsOf(inSyncTook), resolved: secondsOf(resolveTook) };
}

function secondsOrNull(millis: Millis | undefined): number | null {
  return millis === undefined ? null : secondsOf(millis);
}

function secondsOf(millis: Millis): number {
  return Math.round(millis) / 1_000;
}
