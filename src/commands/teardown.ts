import type { AbortRequest } from '../engine/engine-options.ts';
import type { Resource } from '../providers/resource.ts';
import type { SandboxPlace } from '../runbook/runbook.ts';
import { systemClock } from '../support/clock.ts';
import type { Instant } from '../support/time.ts';
import { type DrillFolder, findDrillFolder } from './drill-folder.ts';
import { type CommandIo, printProblem } from './io.ts';
import { removeMarked } from './remove-marked.ts';
import { openReports } from './reports-place.ts';
import { runDrill } from './run-drill.ts';
import { keepEnd } from './run-runbook.ts';
import { knownPlaces } from './runbook-files.ts';
import { wireProvider } from './wire.ts';

export interface TeardownOptions {
  readonly reports: string;
  readonly takeOver?: boolean;
}

/**
 * `drillbook teardown`: removes what a drill has made, wherever it stands. A journal with a bad line is not written to
 * any more: the marks, and what of it is readable, say what to remove.
 *
 * @returns 0 when nothing is left, 4 when something is, 2 or 3 when it could not be tried
 */
export async function teardownCommand(id: string, options: TeardownOptions, io: CommandIo): Promise<number> {
  const reports = await openReports(options.reports, io, id);
  if (typeof reports === 'number') return reports;
  const drill = await findDrillFolder(reports.folder, id);
  if ('code' in drill) {
    printProblem(io, drill);
    return 2;
  }
  const opening = await reports.openJournal(drill.drillId, { takeOver: options.takeOver ?? false });
  if (opening.kind === 'refused') {
    printProblem(io, opening.problem);
    return opening.problem.code === 'journal/bad-line' ? teardownByMarks(drill, io) : 3;
  }
  const abort = AbortSignal.abort(teardownRequested);
  const { drillId, folder } = drill;
  const run = { io, journal: opening.journal, folder, reports: reports.folder, purpose: 'teardown', abort } as const;
  const end = await keepEnd(reports, drillId, await runDrill(run));
  if (end.kind === 'stopped') {
    printProblem(io, end.problem);
    return 3;
  }
  if (end.problem) printProblem(io, end.problem);
  return printTeardown(drillId, end.report.teardown.left, io);
}

/** Nothing is written to a journal that cannot be trusted: marks say what is the drill's, and each is guarded as ever. */
async function teardownByMarks({ drillId, state }: DrillFolder, io: CommandIo): Promise<number> {
  const places = state.started ? [state.started.runbook.sandbox] : await knownPlaces(io);
  const left: Resource[] = [];
  for (const place of places) left.push(...(await teardownInPlace({ drillId, state }, place, io)));
  return printTeardown(drillId, left, io);
}

async function teardownInPlace(
  { drillId, state }: Pick<DrillFolder, 'drillId' | 'state'>,
  place: SandboxPlace,
  io: CommandIo,
): Promise<readonly Resource[]> {
  const provider = await wireProvider(io, place);
  const marked = await provider.listMarked({ place, drillId }, new AbortController().signal);
  const expiresAt = marked[0]?.expiresAt ?? '';
  const drill = {
    drillId,
    startedAt: state.started?.at ?? startOf(drillId),
    sandbox: state.plan?.sandbox ?? { ...place, expiresAt, minimumIsolation: 'L2' },
    sources: [],
  } as const;
  const permit = { kind: 'own-drill', drill, ledger: marked.map(({ resource }) => resource) } as const;
  const left = await removeMarked({ provider, place, marked, permit, clock: systemClock }, io);
  return left.map(({ resource }) => resource);
}

/** A drill's id holds its start, to the second. */
function startOf(drillId: string): Instant {
  const [, y, mo, d, h, mi, s] = /-(\d{4})(\d\d)(\d\d)t(\d\d)(\d\d)(\d\d)z-/.exec(drillId) ?? [];
  // Without it, nothing can be said to have been made after the start, and nothing is removed.
  return s === undefined ? '9999-12-31T00:00:00.000Z' : `${y}-${mo}-${d}T${h}:${mi}:${s}.000Z`;
}

function printTeardown(drillId: string, left: readonly Resource[], io: CommandIo): number {
  const outcome = left.length > 0 ? 'leaked' : 'clean';
  io.stdout(`teardown of '${drillId}': ${outcome}\n${left.map(({ id }) => `  left: ${id}\n`).join('')}`);
  return left.length > 0 ? 4 : 0;
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
