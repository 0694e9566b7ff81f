import { randomBytes } from 'node:crypto';
import { resolve, join } from 'node:path';
import { openFileJournal } from '../journal/file-journal.ts';
import { exitCodeOf, worstExitCode } from '../report/exit-code.ts';
import { reportJson } from '../report/json.ts';
import type { Runbook } from '../runbook/runbook.ts';
import { systemClock } from '../support/clock.ts';
import type { Instant, Millis } from '../support/time.ts';
import { type CommandIo, printProblem } from './io.ts';
import { readRunbook } from './read-runbook.ts';
import { type DrillEnd, runDrill } from './run-drill.ts';
import { abortOnSignals } from './signals.ts';
import { summaryOf } from './summary.ts';
import { version } from './version.ts';

export interface RunOptions {
  readonly seed?: string;
  readonly disasterAt?: Instant;
  readonly reports: string;
  readonly json?: boolean;
  readonly keepOnFailure?: Millis;
}

/** `drillbook run`: one drill of a runbook, from the draw to the report. */
export async function runCommand(file: string, options: RunOptions, io: CommandIo): Promise<number> {
  const startedAt = systemClock.now();
  const runbook = await readRunbook(file, io);
  if (runbook === undefined) return 2;
  const reports = resolve(io.cwd, options.reports);
  const drillId = newDrillId(runbook, startedAt);
  const folder = join(reports, drillId);
  const opening = await openFileJournal(folder, { clock: systemClock }).catch((error: unknown) =>
    unwritableFolder(folder, error),
  );
  if (opening.kind === 'refused') {
    printProblem(io, opening.problem);
    return 3;
  }
  const signals = abortOnSignals(io, () => drillId);
  try {
    const first = drillStarted({ drillId, runbook, options });
    const run = {
      io,
      journal: opening.journal,
      folder,
      reports,
      purpose: 'run',
      abort: signals.signal,
      first,
    } as const;
    return printEnd(await runDrill(run), { ...options, folder }, io);
  } finally {
    signals.stop();
  }
}

/** Prints how a drill ended, as a summary or as its report in JSON, and gives the exit code. */
export function printEnd(end: DrillEnd, { json, folder }: { json?: boolean; folder: string }, io: CommandIo): number {
  if (end.kind === 'stopped') {
    printProblem(io, end.problem);
    return 3;
  }
  if (end.problem) printProblem(io, end.problem);
  io.stdout(json ? reportJson(end.report) : summaryOf(end.report, folder, io));
  const { verdict, teardown } = end.report;
  const code = exitCodeOf({ verdict, teardown: teardown.outcome, interrupted: end.interrupted });
  // A drill that left no evidence has proven nothing.
  return end.problem ? worstExitCode(code, 3) : code;
}

function drillStarted({ drillId, runbook, options }: { drillId: string; runbook: Runbook; options: RunOptions }) {
  return {
    type: 'drill-started',
    schema: 1,
    drillId,
    runbook,
    seed: options.seed ?? randomBytes(8).toString('hex'),
    seedChosen: options.seed !== undefined,
    ...(options.disasterAt && { disasterAt: options.disasterAt }),
    ...(options.keepOnFailure !== undefined && { keepOnFailure: options.keepOnFailure }),
    tool: version(),
  } as const;
}

/** e.g. `bookshop-20261120t030000z-1f2e3d`: sorts by time within a runbook, and is a safe name for anything. */
function newDrillId({ name }: Runbook, startedAt: Instant): string {
  const time = startedAt.slice(0, 19).replaceAll(/[-:]/g, '').toLowerCase();
  return `${name}-${time}z-${randomBytes(3).toString('hex')}`;
}

function unwritableFolder(folder: string, error: unknown) {
  if (!(error instanceof Error) || !('code' in error)) throw error;
  const problem = {
    code: 'reports/unwritable',
    message: `nothing can be written to '${folder}': ${String(error.code)}`,
    hint: 'A drill without a journal is not begun; make the folder writable, or name another one with --reports.',
    blames: 'environment',
  } as const;
  return { kind: 'refused', problem } as const;
}
