import { resolve } from 'node:path';
import { openFileJournal } from '../journal/file-journal.ts';
import { systemClock } from '../support/clock.ts';
import { type DrillFolder, findDrillFolder, listDrillFolders } from './drill-folder.ts';
import { type CommandIo, printProblem } from './io.ts';
import { owedNotifications } from './notify-drill.ts';
import { type PlacedEnd, printEnds } from './print-ends.ts';
import { runDrill } from './run-drill.ts';
import { abortOnSignals } from './signals.ts';

export interface ResumeOptions {
  readonly reports: string;
  readonly json?: boolean;
  readonly takeOver?: boolean;
}

/**
 * `drillbook resume`: goes on with one drill, or with every unfinished one, from where its journal stands. One that has
 * finished is unfinished while people that its runbook names have not been told of it.
 */
export async function resumeCommand(id: string | undefined, options: ResumeOptions, io: CommandIo): Promise<number> {
  const reports = resolve(io.cwd, options.reports);
  const drills = await drillsToResume(reports, id);
  if ('problem' in drills) {
    printProblem(io, drills.problem);
    return 2;
  }
  if (drills.unfinished.length === 0) io.stderr(`no unfinished drill below '${reports}'\n`);
  const ends: PlacedEnd[] = [];
  for (const drill of drills.unfinished) ends.push(await resumeOne(drill, { ...options, reports }, io));
  return printEnds(ends, options, io);
}

async function drillsToResume(reports: string, id: string | undefined) {
  if (id === undefined) return { unfinished: (await listDrillFolders(reports)).filter(isUnfinished) };
  const found = await findDrillFolder(reports, id);
  return 'code' in found ? { problem: found } : { unfinished: [found] };
}

function isUnfinished({ state, text, folder }: DrillFolder): boolean {
  if (!state.finished) return true;
  return text.bad === undefined && owedNotifications(text.events, folder).length > 0;
}

async function resumeOne(drill: DrillFolder, options: ResumeOptions, io: CommandIo): Promise<PlacedEnd> {
  const { folder } = drill;
  const opening = await openFileJournal(folder, { clock: systemClock, takeOver: options.takeOver ?? false });
  if (opening.kind === 'refused') return { folder, end: { kind: 'stopped', problem: opening.problem } };
  const { journal, fencedLines } = opening;
  if (fencedLines.length > 0) {
    io.stderr(`lines ${fencedLines.join(', ')} were written by an engine that had been taken over; they are ignored\n`);
  }
  const signals = abortOnSignals(io, () => [drill.drillId]);
  try {
    const { reports } = options;
    const end = await runDrill({ io, journal, folder, reports, purpose: 'resume', abort: signals.signal });
    return { folder, end };
  } finally {
    signals.stop();
  }
}
