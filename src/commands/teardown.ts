import { resolve } from 'node:path';
import type { AbortRequest } from '../engine/engine-options.ts';
import { openFileJournal } from '../journal/file-journal.ts';
import type { Journal } from '../journal/journal.ts';
import { memoryJournal } from '../journal/memory-journal.ts';
import { systemClock } from '../support/clock.ts';
import { findDrillFolder } from './drill-folder.ts';
import { type CommandIo, printProblem } from './io.ts';
import { runDrill } from './run-drill.ts';

export interface TeardownOptions {
  readonly reports: string;
  readonly takeOver?: boolean;
}

/**
 * `drillbook teardown`: removes what a drill has made, wherever it stands. A journal with a bad line is not written to
 * any more; its readable part and the marks say what to remove.
 *
 * @returns 0 when nothing is left, 4 when something is, 2 or 3 when it could not be tried
 */
export async function teardownCommand(id: string, options: TeardownOptions, io: CommandIo): Promise<number> {
  const reports = resolve(io.cwd, options.reports);
  const drill = await findDrillFolder(reports, id);
  if ('code' in drill) {
    printProblem(io, drill);
    return 2;
  }
  const opening = await openFileJournal(drill.folder, { clock: systemClock, takeOver: options.takeOver ?? false });
  if (opening.kind === 'refused') printProblem(io, opening.problem);
  const journal = teardownJournal(opening);
  if (journal === undefined) return 3;
  const abort = AbortSignal.abort(teardownRequested);
  const run = { io, journal, folder: drill.folder, reports, purpose: 'teardown', abort } as const;
  const end = await runDrill(run);
  if (end.kind === 'stopped') {
    printProblem(io, end.problem);
    return 3;
  }
  const { outcome, left } = end.report.teardown;
  io.stdout(`teardown of '${drill.drillId}': ${outcome}\n${left.map((one) => `  left: ${one.id}\n`).join('')}`);
  return left.length > 0 ? 4 : 0;
}

type Opening = Awaited<ReturnType<typeof openFileJournal>>;

function teardownJournal(opening: Opening): Journal | undefined {
  if (opening.kind === 'open') return opening.journal;
  const isReadable = opening.problem.code === 'journal/bad-line';
  return isReadable ? memoryJournal(systemClock, opening.readable.events) : undefined;
}

const teardownRequested: AbortRequest = {
  reason: 'teardown-requested',
  problem: {
    code: 'drill/torn-down-early',
    message: 'the drill was torn down before it had ended',
    hint: "Run it again; 'drillbook resume' would have finished it.",
    blames: 'environment',
  },
};
