import type { Problem } from '../diagnostics/problem.ts';
import type { DrillEvent, NewEvent } from '../drill/events.ts';
import { fold } from '../drill/state.ts';
import { runEngine } from '../engine/engine.ts';
import type { EngineOptions } from '../engine/engine-options.ts';
import { JournalUnwritable, type Journal } from '../journal/journal.ts';
import type { Report } from '../report/report.ts';
import type { Runbook } from '../runbook/runbook.ts';
import type { CommandIo } from './io.ts';
import { countDraws } from './count-draws.ts';
import { notifyOfDrill } from './notify-drill.ts';
import { progressPrinter } from './progress.ts';
import { publishDrill } from './publish-drill.ts';
import { wireEngine } from './wire.ts';
import { writeReports } from './write-reports.ts';

/** How long commands under way get to settle after an abort. */
const SETTLE_WITHIN = 20_000;

export type DrillEnd =
  | { readonly kind: 'ended'; readonly report: Report; readonly interrupted: boolean; readonly problem?: Problem }
  | { readonly kind: 'stopped'; readonly problem: Problem };

export interface DrillRun {
  readonly io: CommandIo;
  readonly journal: Journal;
  readonly folder: string;
  readonly reports: string;
  readonly purpose: EngineOptions['purpose'];
  readonly abort: AbortSignal;
  /** Facts to be journaled before the engine begins: line 1 of a new drill. */
  readonly first?: NewEvent;
}

/** Runs the engine on a journal until the drill has ended, tells of it, then writes its reports. */
export async function runDrill(run: DrillRun): Promise<DrillEnd> {
  const { io, journal, folder, reports, purpose, abort, first } = run;
  const events: DrillEvent[] = [...journal.events];
  const printer = progressPrinter(io);
  const observer = {
    event: (event: DrillEvent) => {
      events.push(event);
      printer.event(event);
    },
    progress: printer.progress,
  };
  try {
    const opened = first === undefined ? journal : await withFirst(journal, first, observer.event);
    if (purpose !== 'resume' || !fold(opened.events).finished) {
      const place = runbookOf(opened.events).sandbox;
      const ports = await wireEngine(io, { journal: opened, observer, reports, place });
      await runEngine(ports, { purpose, abort, settleWithin: SETTLE_WITHIN });
    }
    await countDraws(events, { journal, runbook: runbookOf(events), reports, onEvent: observer.event });
    await notifyOfDrill(events, { io, journal, folder, abort, onEvent: observer.event });
  } catch (error) {
    if (error instanceof JournalUnwritable) return { kind: 'stopped', problem: journalProblem(error, folder) };
    throw error;
  } finally {
    printer.end();
    await journal.close();
  }
  const interrupted = events.some((event) => event.type === 'drill-aborted' && event.reason === 'interrupted');
  const written = await writeReports(folder, events);
  const runbook = runbookOf(events);
  // What was published when the drill finished is not published again when its remains are removed.
  if (!hasFinished(journal.events) && hasFinished(events)) {
    await publishDrill({ runbook, report: written.report, reports }, io);
  }
  return { kind: 'ended', interrupted, ...written };
}

function runbookOf(events: readonly DrillEvent[]): Runbook {
  const started = events.find((event) => event.type === 'drill-started');
  if (started === undefined) throw new Error('a journal without a start');
  return started.runbook;
}

function hasFinished(events: readonly DrillEvent[]): boolean {
  return events.some(({ type }) => type === 'drill-finished');
}

async function withFirst(journal: Journal, first: NewEvent, onEvent: (event: DrillEvent) => void): Promise<Journal> {
  const event = await journal.append(first);
  onEvent(event);
  return { ...journal, events: [...journal.events, event] };
}

function journalProblem(error: JournalUnwritable, folder: string): Problem {
  const isTaken = error.why === 'taken-over';
  return {
    code: isTaken ? 'journal/taken-over' : 'journal/unwritable',
    message: `${error.message} in '${folder}'`,
    hint: isTaken
      ? 'Leave the drill to the engine that has it now.'
      : 'Free space there, or name another folder with --reports.',
    blames: 'environment',
  };
}
