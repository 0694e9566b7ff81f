import { type DrillFolder, findDrillFolder, listDrillFolders } from './drill-folder.ts';
import { type CommandIo, printProblem } from './io.ts';
import { owedNotifications } from './notify-drill.ts';
import { type PlacedEnd, printEnds } from './print-ends.ts';
import { type ReportsPlace, openReports } from './reports-place.ts';
import { runDrill } from './run-drill.ts';
import { keepEnd } from './run-runbook.ts';
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
  const reports = await openReports(options.reports, io, id);
  if (typeof reports === 'number') return reports;
  const drills = await drillsToResume(reports.folder, id);
  if ('problem' in drills) {
    printProblem(io, drills.problem);
    return 2;
  }
  if (drills.unfinished.length === 0) io.stderr(`no unfinished drill below '${options.reports}'\n`);
  const ends: PlacedEnd[] = [];
  for (const drill of drills.unfinished)
    ends.push(await resumeOne(drill, { reports, takeOver: options.takeOver ?? false }, io));
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

async function resumeOne(
  { folder, drillId }: DrillFolder,
  { reports, takeOver }: { readonly reports: ReportsPlace; readonly takeOver: boolean },
  io: CommandIo,
): Promise<PlacedEnd> {
  const opening = await reports.openJournal(drillId, { takeOver });
  if (opening.kind === 'refused') return { folder, end: { kind: 'stopped', problem: opening.problem } };
  const { journal, fencedLines } = opening;
  if (fencedLines.length > 0) {
    io.stderr(`lines ${fencedLines.join(', ')} were written by an engine that had been taken over; they are ignored\n`);
  }
  const signals = abortOnSignals(io, () => [drillId]);
  try {
    const run = { io, journal, folder, reports: reports.folder, purpose: 'resume', abort: signals.signal } as const;
    return { folder, end: await keepEnd(reports, drillId, await runDrill(run)) };
  } finally {
    signals.stop();
  }
}
