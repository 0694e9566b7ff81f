import { resolve } from 'node:path';
import { printDiagnostics } from '../diagnostics/print.ts';
import { cloudWatchTargetOf, putMetrics } from '../publish/cloudwatch.ts';
import { ageOfVerified } from '../publish/metrics.ts';
import { formatDuration } from '../runbook/duration.ts';
import { loadFiles } from '../runbook/load-files.ts';
import type { Runbook } from '../runbook/runbook.ts';
import { type Clock, systemClock } from '../support/clock.ts';
import { type Instant, millisBetween } from '../support/time.ts';
import { listDrillFolders } from './drill-folder.ts';
import { type LastDrill, type ResourceCoverage, type RunbookCoverage, coverageOf, pastDrills } from './drilled.ts';
import { type CommandIo, printProblem } from './io.ts';
import { sandboxFolder } from './read-runbook.ts';
import { runbookFiles } from './runbook-files.ts';

export interface CoverageOptions {
  readonly reports: string;
  readonly json?: boolean;
  /** Send the age of the last verified restore of each runbook that publishes. */
  readonly publish?: boolean;
}

interface Covered {
  readonly runbook: Runbook;
  readonly coverage: RunbookCoverage;
}

/**
 * `drillbook coverage`: what of all runbooks in `runbooks/` was never drilled, by the journals of all drills.
 *
 * With `publish` (meant for a daily cron) it sends `DaysSinceVerifiedRestore` of every runbook that publishes to
 * CloudWatch, since drills are rarer than alarms can look back. Of a runbook that was never verified nothing is sent:
 * any number would be made up, and the alarm takes silence for what it is.
 *
 * @returns 0; 2 when a runbook is not valid; 3 when something could not be sent
 */
export async function coverageCommand(
  { reports, json = false, publish = false }: CoverageOptions,
  io: CommandIo,
  clock: Clock = systemClock,
): Promise<number> {
  const now = clock.now();
  const { runbooks, allValid } = await everyRunbook(io);
  const past = pastDrills(await listDrillFolders(resolve(io.cwd, reports)));
  const covered = runbooks.map((runbook) => ({ runbook, coverage: coverageOf(runbook, past, now) }));
  if (json) io.stdout(`${JSON.stringify(asJson(covered, now), undefined, 2)}\n`);
  else io.stdout(covered.map(({ coverage }) => inWords(coverage, now)).join(''));
  const allSent = !publish || (await publishAges(covered, now, io));
  if (!allValid) return 2;
  return allSent ? 0 : 3;
}

async function everyRunbook(io: CommandIo): Promise<{ runbooks: readonly Runbook[]; allValid: boolean }> {
  const files = await runbookFiles(io);
  if (files.length === 0) io.stderr("no runbook in 'runbooks'\n");
  const loaded = await loadFiles(files, { sandboxFolder: sandboxFolder(io), cwd: io.cwd });
  const diagnostics = loaded.flatMap(({ loaded }) => (loaded.kind === 'invalid' ? loaded.diagnostics : []));
  if (diagnostics.length > 0) io.stderr(printDiagnostics(diagnostics));
  return {
    runbooks: loaded.flatMap(({ loaded }) => (loaded.kind === 'valid' ? loaded.runbooks : [])),
    allValid: diagnostics.length === 0,
  };
}

/** One runbook's figure at a time: that one of them cannot be sent says nothing about the others. */
async function publishAges(covered: readonly Covered[], now: Instant, io: CommandIo): Promise<boolean> {
  let allSent = true;
  for (const { runbook, coverage } of covered) {
    const target = cloudWatchTargetOf(runbook);
    if (target === undefined) continue;
    const points = ageOfVerified(runbook.name, coverage.verifiedAt, now);
    if (points.length === 0) {
      io.stderr(`nothing is sent for '${runbook.name}', which was never verified as a whole\n`);
      continue;
    }
    const problem = await putMetrics(points, target);
    if (problem) printProblem(io, problem);
    else
      io.stderr(
        `sent to '${target.namespace}': '${runbook.name}' was last verified ${ago(coverage.verifiedAt, now)}\n`,
      );
    allSent &&= problem === undefined;
  }
  return allSent;
}

function asJson(covered: readonly Covered[], now: Instant): object {
  return {
    at: now,
    runbooks: covered.map(({ coverage, runbook }) => ({
      runbook: coverage.runbook,
      file: runbook.file,
      drills: coverage.drills,
      lastDrill: coverage.lastDrill ?? null,
      ...verified(coverage.verifiedAt, now),
      resources: coverage.resources.map((one) => ({
        resource: one.resource,
        drills: one.drills,
        lastDrill: one.lastDrill ?? null,
        ...verified(one.lastVerified?.at, now),
        verifiedBy: one.lastVerified?.drillId ?? null,
        candidates: one.candidates,
        neverDrawn: one.neverDrawn,
      })),
    })),
  };
}

function verified(at: Instant | undefined, now: Instant): object {
  return {
    verifiedAt: at ?? null,
    verifiedSecondsAgo: at === undefined ? null : Math.max(0, Math.round(millisBetween(at, now) / 1_000)),
  };
}

function inWords({ runbook, drills, lastDrill, resources }: RunbookCoverage, now: Instant): string {
  if (lastDrill === undefined) return `${runbook}: never drilled\n`;
  const head = `${runbook}: ${counted(drills, 'drill')}, the last one ${lastInWords(lastDrill, now)}\n`;
  return head + resources.map((one) => `  ${resourceInWords(one, now)}\n`).join('');
}

function resourceInWords(one: ResourceCoverage, now: Instant): string {
  if (one.lastDrill === undefined) return `${one.resource}: never drilled`;
  const verified = one.lastVerified
    ? `last verified ${ago(one.lastVerified.at, now)} by ${one.lastVerified.drillId}`
    : 'never verified';
  const points = counted(one.candidates, 'recovery point');
  const never = one.neverDrawn.length === 0 ? '' : `; ${one.neverDrawn.length} of ${points} never drawn`;
  return `${one.resource}: ${counted(one.drills, 'drill')}, ${verified}${never}`;
}

function lastInWords({ drillId, at, verdict }: LastDrill, now: Instant): string {
  return `${ago(at, now)}, ${verdict} (${drillId})`;
}

/** In its two greatest units at most: nobody needs the seconds of a month. */
function ago(at: Instant | undefined, now: Instant): string {
  const millis = Math.max(0, millisBetween(at ?? now, now));
  const units = formatDuration(millis).match(/\d+[a-z]/g) ?? [];
  return `${units.slice(0, 2).join(' ')} ago`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
