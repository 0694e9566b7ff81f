import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { DrillStarted, Occurrence } from '../drill/events.ts';
import type { TakeOver } from '../journal/drill-lock.ts';
import type { Runbook } from '../runbook/runbook.ts';
import { systemClock } from '../support/clock.ts';
import type { Instant, Millis } from '../support/time.ts';
import type { CommandIo } from './io.ts';
import type { PlacedEnd } from './print-ends.ts';
import type { ReportsPlace } from './reports-place.ts';
import { type DrillEnd, runDrill } from './run-drill.ts';
import { version } from './version.ts';

export interface RunbookRun {
  readonly runbook: Runbook;
  readonly reports: ReportsPlace;
  readonly abort: AbortSignal;
  readonly drillId: string;
  readonly seed?: string;
  readonly disasterAt?: Instant;
  readonly keepOnFailure?: Millis;
  readonly proveChecks?: boolean;
  readonly occurrence?: Occurrence;
  /** Where the drill is begun already: from whom it is taken over. */
  readonly takeOver?: TakeOver;
}

/**
 * Runs a drill of a runbook to its end, and keeps its reports. A drill of that id that is there already is the same one,
 * begun by an engine that was killed: it goes on from where its journal stands, with the runbook as it was then.
 */
export async function runRunbook(run: RunbookRun, io: CommandIo): Promise<PlacedEnd> {
  const { drillId, reports, abort, takeOver = false } = run;
  const folder = join(reports.folder, drillId);
  const opening = await reports
    .openJournal(drillId, { takeOver })
    .catch((error: unknown) => unwritableFolder(folder, error));
  if (opening.kind === 'refused') return { folder, end: { kind: 'stopped', problem: opening.problem } };
  const { journal } = opening;
  const begun = { io, journal, folder, reports: reports.folder, abort };
  const isNew = journal.events.length === 0;
  const end = isNew
    ? await runDrill({ ...begun, purpose: 'run', first: drillStarted(run) })
    : await runDrill({ ...begun, purpose: 'resume' });
  return { folder, end: await keepEnd(reports, drillId, end) };
}

/** Keeps what a drill has left where reports are kept; a problem with that is the drill's, unless it has one already. */
export async function keepEnd(reports: ReportsPlace, drillId: string, end: DrillEnd): Promise<DrillEnd> {
  if (end.kind === 'stopped') return end;
  const problem = await reports.keep(drillId, end.report.finished);
  return problem === undefined || end.problem !== undefined ? end : { ...end, problem };
}

function drillStarted(run: RunbookRun): DrillStarted {
  const { drillId, runbook, seed, disasterAt, keepOnFailure, proveChecks, occurrence } = run;
  return {
    type: 'drill-started',
    schema: 1,
    drillId,
    runbook,
    seed: seed ?? randomBytes(8).toString('hex'),
    seedChosen: seed !== undefined,
    ...(disasterAt && { disasterAt }),
    ...(keepOnFailure !== undefined && { keepOnFailure }),
    ...(proveChecks === true && { proveChecks }),
    ...(occurrence && { occurrence }),
    tool: version(),
  };
}

/** e.g. `bookshop-20261120t030000z-1f2e3d`: sorts by time within a runbook, and is a safe name for anything. */
export function newDrillId({ name }: Pick<Runbook, 'name'>): string {
  const time = systemClock.now().slice(0, 19).replaceAll(/[-:]/g, '').toLowerCase();
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
