import type { RecoveryPoint } from '../catalog/recovery-point.ts';
import { printDiagnostics } from '../diagnostics/print.ts';
import { type RunbookCoverage, coverageOf, drillsByRunbook } from '../history/coverage.ts';
import { pointHistory } from '../history/point-history.ts';
import { cloudWatchTargetOf, putMetrics } from '../publish/cloudwatch.ts';
import { ageOfVerified } from '../publish/metrics.ts';
import { loadFiles } from '../runbook/load-files.ts';
import type { Runbook } from '../runbook/runbook.ts';
import { type Clock, systemClock } from '../support/clock.ts';
import type { Instant } from '../support/time.ts';
import { ago, coverageAsJson, coverageInWords } from './coverage-words.ts';
import { openHistory, tellUnreadable } from './drill-history.ts';
import { type CommandIo, printProblem } from './io.ts';
import { listSource } from './list-source.ts';
import { sandboxFolder } from './read-runbook.ts';
import { openReports } from './reports-place.ts';
import { runbookFiles } from './runbook-files.ts';

export interface CoverageOptions {
  readonly reports: string;
  readonly json?: boolean;
  /** Ask all sources what they hold now; otherwise the last draws tell. */
  readonly live?: boolean;
  /** Send the age of the last verified restore of each runbook that publishes. */
  readonly publish?: boolean;
}

interface Covered {
  readonly runbook: Runbook;
  readonly coverage: RunbookCoverage;
}

/**
 * `drillbook coverage`: what of all runbooks in `runbooks/` is proven, how old and how sound the proof is, and what never
 * was, by the journals of all drills.
 *
 * With `publish` (meant for a daily cron) it sends `DaysSinceVerifiedRestore` of every runbook that publishes to
 * CloudWatch, since drills are rarer than alarms can look back. Of a runbook that was never verified nothing is sent:
 * any number would be made up, and the alarm takes silence for what it is.
 *
 * @returns 0; 2 when a runbook is not valid; 3 when something could not be read, asked or sent
 */
export async function coverageCommand(
  { reports, json = false, live = false, publish = false }: CoverageOptions,
  io: CommandIo,
  clock: Clock = systemClock,
): Promise<number> {
  const now = clock.now();
  const { runbooks, allValid } = await everyRunbook(io);
  const place = await openReports(reports, io);
  if (typeof place === 'number') return place;
  const index = await openHistory(place.folder);
  const allRead = tellUnreadable(index, io);
  const points = pointHistory({ stored: index.points(), drills: index.drills, now });
  const drilled = drillsByRunbook(index.drills);
  const asked = await Promise.all(runbooks.map(async (runbook) => (live ? askSources(runbook, io) : NOT_ASKED)));
  const covered = runbooks.map((runbook, at) => {
    const { held } = asked[at] ?? NOT_ASKED;
    const drills = drilled.get(runbook.name) ?? [];
    const coverage = coverageOf(runbook, { drills, points, now, ...(held && { live: held }) });
    return { runbook, file: runbook.file, coverage };
  });
  if (json) io.stdout(`${JSON.stringify(coverageAsJson(covered, now), undefined, 2)}\n`);
  else
    io.stdout(
      coverageInWords(
        covered.map(({ coverage }) => coverage),
        now,
      ),
    );
  const allSent = !publish || (await publishAges(covered, now, io));
  if (!allValid) return 2;
  return allSent && allRead && asked.every(({ allSaid }) => allSaid) ? 0 : 3;
}

interface Asked {
  /** By resource; one whose source did not say is not among them. */
  readonly held?: ReadonlyMap<string, readonly RecoveryPoint[]>;
  readonly allSaid: boolean;
}

const NOT_ASKED: Asked = { allSaid: true };

async function askSources(runbook: Runbook, io: CommandIo): Promise<Asked> {
  const held = new Map<string, readonly RecoveryPoint[]>();
  for (const spec of runbook.restore) {
    const listing = await listSource(spec, runbook.sandbox, io);
    if ('problem' in listing) printProblem(io, listing.problem);
    else held.set(spec.name, listing.points);
  }
  return { held, allSaid: held.size === runbook.restore.length };
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
