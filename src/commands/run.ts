import pLimit from 'p-limit';
import type { Runbook } from '../runbook/runbook.ts';
import type { Instant, Millis } from '../support/time.ts';
import type { CommandIo } from './io.ts';
import { type PlacedEnd, printEnds } from './print-ends.ts';
import { readRunbooks } from './read-runbook.ts';
import { openReports } from './reports-place.ts';
import { newDrillId, runRunbook } from './run-runbook.ts';
import { abortOnSignals } from './signals.ts';

export interface RunOptions {
  readonly seed?: string;
  readonly disasterAt?: Instant;
  readonly reports: string;
  readonly json?: boolean;
  readonly keepOnFailure?: Millis;
  readonly proveChecks?: boolean;
}

/** `drillbook run`: a drill of one runbook, or of all that a drill's file names, as many at once as it allows. */
export async function runCommand(file: string, options: RunOptions, io: CommandIo): Promise<number> {
  const read = await readRunbooks(file, io);
  if (read === undefined) return 2;
  const reports = await openReports(options.reports, io);
  if (typeof reports === 'number') return reports;
  const underWay = new Set<string>();
  const signals = abortOnSignals(io, () => [...underWay]);
  const { reports: _, json: __, ...asked } = options;
  const limit = pLimit(read.concurrency);
  const runOne = async (runbook: Runbook): Promise<PlacedEnd | undefined> => {
    if (signals.signal.aborted) return undefined;
    const drillId = newDrillId(runbook);
    underWay.add(drillId);
    const placed = await runRunbook({ runbook, reports, abort: signals.signal, drillId, ...asked }, io);
    underWay.delete(drillId);
    return placed;
  };
  try {
    const ends = await Promise.all(read.runbooks.map((runbook) => limit(runOne, runbook)));
    return printEnds(
      ends.filter((end) => end !== undefined),
      options,
      io,
    );
  } finally {
    signals.stop();
  }
}
