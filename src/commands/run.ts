import { randomBytes } from 'node:crypto';
import { resolve, join } from 'node:path';
import { openFileJournal } from '../journal/file-journal.ts';
import type { Runbook } from '../runbook/runbook.ts';
import { systemClock } from '../support/clock.ts';
import type { Instant, Millis } from '../support/time.ts';
import type { CommandIo } from './io.ts';
import { type PlacedEnd, printEnds } from './print-ends.ts';
import { readRunbooks } from './read-runbook.ts';
import { runDrill } from './run-drill.ts';
import { abortOnSignals } from './signals.ts';
import { version } from './version.ts';

export interface RunOptions {
  readonly seed?: string;
  readonly disasterAt?: Instant;
  readonly reports: string;
  readonly json?: boolean;
  readonly keepOnFailure?: Millis;
}

/** `drillbook run`: a drill of one runbook, or of all that a drill's file names, one after the other. */
export async function runCommand(file: string, options: RunOptions, io: CommandIo): Promise<number> {
  const runbooks = await readRunbooks(file, io);
  if (runbooks === undefined) return 2;
  const ends: PlacedEnd[] = [];
  for (const runbook of runbooks) {
    const placed = await runOne(runbook, options, io);
    ends.push(placed);
    if (placed.end.kind === 'ended' && placed.end.interrupted) break;
  }
  return printEnds(ends, options, io);
}

async function runOne(runbook: Runbook, options: RunOptions, io: CommandIo): Promise<PlacedEnd> {
  const reports = resolve(io.cwd, options.reports);
  const drillId = newDrillId(runbook, systemClock.now());
  const folder = join(reports, drillId);
  const opening = await openFileJournal(folder, { clock: systemClock }).catch((error: unknown) =>
    unwritableFolder(folder, error),
  );
  if (opening.kind === 'refused') return { folder, end: { kind: 'stopped', problem: opening.problem } };
  const signals = abortOnSignals(io, () => drillId);
  try {
    const first = drillStarted({ drillId, runbook, options });
    const { journal } = opening;
    const end = await runDrill({ io, journal, folder, reports, purpose: 'run', abort: signals.signal, first });
    return { folder, end };
  } finally {
    signals.stop();
  }
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
