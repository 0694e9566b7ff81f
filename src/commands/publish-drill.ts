import { lastVerifiedOf } from '../history/coverage.ts';
import { cloudWatchTargetOf, putMetrics } from '../publish/cloudwatch.ts';
import { metricsOf } from '../publish/metrics.ts';
import type { Report } from '../report/report.ts';
import type { Runbook } from '../runbook/runbook.ts';
import type { Instant } from '../support/time.ts';
import { openHistory } from './drill-history.ts';
import { type CommandIo, printProblem } from './io.ts';

export interface EndedDrill {
  readonly runbook: Runbook;
  readonly report: Report;
  /** The folder of all reports, for what earlier drills have verified. */
  readonly reports: string;
}

/**
 * Sends a drill's figures to where its runbook says. What cannot be sent is told on stderr and changes neither verdict
 * nor exit code: the report is the evidence, the figures are a copy.
 */
export async function publishDrill({ runbook, report, reports }: EndedDrill, io: CommandIo): Promise<void> {
  const target = cloudWatchTargetOf(runbook);
  if (target === undefined) return;
  const verifiedAt = await lastVerified({ runbook, report, reports }, io);
  const problem = await putMetrics(metricsOf(report, verifiedAt), target);
  if (problem) printProblem(io, problem);
}

async function lastVerified({ runbook, report, reports }: EndedDrill, io: CommandIo): Promise<Instant | undefined> {
  const { drills, unreadable } = await openHistory(reports);
  const [first] = unreadable;
  if (first === undefined) return lastVerifiedOf(runbook, drills, report.finishedAt);
  printProblem(io, {
    code: 'publish/unreadable-history',
    message: `earlier drills below '${reports}' cannot be read: ${first.code}`,
    hint: 'Make their journals readable; until then only a drill that passes tells when a restore was last verified.',
  });
  return undefined;
}
