import { dirname, relative } from 'node:path';
import { isVerified } from '../publish/metrics.ts';
import { buildReport } from '../report/build-report.ts';
import type { Report, Verdict } from '../report/report.ts';
import type { RestoreSpec, Runbook } from '../runbook/runbook.ts';
import { type Instant, type Millis, addMillis, millisBetween } from '../support/time.ts';
import type { DrillFolder } from './drill-folder.ts';
import { version } from './version.ts';

/** A drill that has been, as its journal tells it. */
export interface PastDrill {
  readonly report: Report;
  /** The runbook as it was then. */
  readonly runbook: Runbook;
  /** Whether every line of the journal is as its engine wrote it; what is not proves nothing. */
  readonly trusted: boolean;
}

/** How well a runbook has been drilled. */
export interface RunbookCoverage {
  readonly runbook: string;
  readonly drills: number;
  readonly lastDrill?: LastDrill;
  /** When the resource that waits longest was last verified; absent while any of them never was. */
  readonly verifiedAt?: Instant;
  readonly resources: readonly ResourceCoverage[];
}

export interface ResourceCoverage {
  readonly resource: string;
  /** Drills of a runbook that held it, those that never got to draw a recovery point too. */
  readonly drills: number;
  readonly lastDrill?: LastDrill;
  /** The last drill that restored it, verified it and left nothing. */
  readonly lastVerified?: { readonly drillId: string; readonly at: Instant };
  /** Of the recovery points that the last draw could have chosen, those that no drill ever drew. */
  readonly neverDrawn: readonly string[];
  /** How many the last draw could have chosen. */
  readonly candidates: number;
}

export interface LastDrill {
  readonly drillId: string;
  readonly at: Instant;
  readonly verdict: Verdict;
}

/** How far two machines' clocks may lie apart; a verified restore later than that from now is not believed. */
const CLOCK_SLACK: Millis = 5 * 60_000;

/** The drills of these folders, oldest first; those whose journal lost its beginning belong to no runbook. */
export function pastDrills(folders: readonly DrillFolder[]): readonly PastDrill[] {
  return folders
    .flatMap(({ text, state: { started } }): readonly PastDrill[] => {
      if (started === undefined) return [];
      const report = buildReport(text.events, { tool: version() });
      return [{ report, runbook: started.runbook, trusted: text.bad === undefined }];
    })
    .sort((a, b) => millisBetween(b.report.startedAt, a.report.startedAt));
}

/** What has been drilled of a runbook as it is now, and what was never. */
export function coverageOf(runbook: Runbook, past: readonly PastDrill[], now: Instant): RunbookCoverage {
  const drills = past.filter((drill) => drill.runbook.name === runbook.name);
  const resources = runbook.restore.map((spec) => resourceCoverage({ runbook, spec, drills, now }));
  const verified = resources.flatMap(({ lastVerified }) => lastVerified?.at ?? []);
  const [oldest] = verified.length === resources.length ? verified.sort() : [];
  return {
    runbook: runbook.name,
    drills: drills.length,
    ...lastOf(drills),
    ...(oldest !== undefined && { verifiedAt: oldest }),
    resources,
  };
}

interface ResourceLook {
  readonly runbook: Runbook;
  readonly spec: RestoreSpec;
  readonly drills: readonly PastDrill[];
  readonly now: Instant;
}

function resourceCoverage({ runbook, spec, drills, now }: ResourceLook): ResourceCoverage {
  const own = drills.filter((drill) =>
    drill.runbook.restore.some((was) => isSame([drill.runbook, was], [runbook, spec])),
  );
  const points = own.flatMap(({ report }) => report.recoveryPoints.filter(({ resource }) => resource === spec.name));
  const drawn = new Set(points.map(({ id }) => id));
  const candidates = points.at(-1)?.draw.candidates ?? [];
  const verified = own.findLast((drill) => verifiedAt(drill, spec.name, now) !== undefined);
  const at = verified && verifiedAt(verified, spec.name, now);
  return {
    resource: spec.name,
    drills: own.length,
    ...lastOf(own),
    ...(verified && at !== undefined && { lastVerified: { drillId: verified.report.drillId, at } }),
    neverDrawn: candidates.map(({ id }) => id).filter((id) => !drawn.has(id)),
    candidates: candidates.length,
  };
}

function lastOf(drills: readonly PastDrill[]): { lastDrill?: LastDrill } {
  const last = drills.at(-1)?.report;
  return last ? { lastDrill: { drillId: last.drillId, at: last.startedAt, verdict: last.verdict } } : {};
}

/** When the drill verified the resource; a teardown that ended days later makes the evidence no younger. */
function verifiedAt({ report, trusted }: PastDrill, resource: string, now: Instant): Instant | undefined {
  const isRestored = report.recoveryPoints.some((point) => point.resource === resource);
  if (!trusted || !isRestored || !isVerified(report)) return undefined;
  const at = addMillis(report.startedAt, (report.rto.verifiedSeconds ?? 0) * 1_000);
  return millisBetween(at, now) < -CLOCK_SLACK ? undefined : at;
}

type Placed = readonly [Runbook, RestoreSpec];

/** A name that now stands for another source has never been verified; a checkout that lies elsewhere changes nothing. */
function isSame([was, then]: Placed, [is, now]: Placed): boolean {
  if (then.name !== now.name || then.kind !== now.kind) return false;
  if (then.source === now.source) return true;
  if (now.kind !== 'postgres') return false;
  return relative(dirname(was.file), then.source) === relative(dirname(is.file), now.source);
}
