import { resolve } from 'node:path';
import { openFileJournal } from '../journal/file-journal.ts';
import { worstExitCode } from '../report/exit-code.ts';
import { systemClock } from '../support/clock.ts';
import { type DrillFolder, findDrillFolder, listDrillFolders } from './drill-folder.ts';
import { type CommandIo, printProblem } from './io.ts';
import { printEnd } from './run.ts';
import { runDrill } from './run-drill.ts';
import { abortOnSignals } from './signals.ts';

export interface ResumeOptions {
  readonly reports: string;
  readonly json?: boolean;
  readonly takeOver?: boolean;
}

/** `drillbook resume`: goes on with one drill, or with every unfinished one, from where its journal stands. */
export async function resumeCommand(id: string | undefined, options: ResumeOptions, io: CommandIo): Promise<number> {
  const reports = resolve(io.cwd, options.reports);
  const drills = await drillsToResume(reports, id);
  if ('problem' in drills) {
    printProblem(io, drills.problem);
    return 2;
  }
  if (drills.unfinished.length === 0) io.stderr(`no unfinished drill below '${reports}'\n`);
  let code = 0;
  for (const drill of drills.unfinished)
    code = worstExitCode(code, await resumeOne(drill, { ...options, reports }, io));
  return code;
}

async function drillsToResume(reports: string, id: string | undefined) {
  if (id === undefined) return { unfinished: (await listDrillFolders(reports)).filter((one) => !one.state.finished) };
  const found = await findDrillFolder(reports, id);
  return 'code' in found ? { problem: found } : { unfinished: [found] };
}

async function resumeOne(drill: DrillFolder, options: ResumeOptions, io: CommandIo): Promise<number> {
  const opening = await openFileJournal(drill.folder, { clock: systemClock, takeOver: options.takeOver ?? false });
  if (opening.kind === 'refused') {
    printProblem(io, opening.problem);
    return 3;
  }
  if (opening.fencedLines.length > 0) {
    io.stderr(
      `lines ${opening.fencedLines.join(', ')} were written by an engine that had been taken over; they are ignored\n`,
    );
  }
  const signals = abortOnSignals(io, () => drill.drillId);
  try {
    const { folder } = drill;
    const run = {
      io,
      journal: opening.journal,
      folder,
      reports: options.reports,
      purpose: 'resume',
      abort: signals.signal,
    } as const;
    return printEnd(await runDrill(run), { ...options, folder }, io);
  } finally {
    signals.stop();
  }
}
