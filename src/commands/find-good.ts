import type { RecoveryPoint } from '../catalog/recovery-point.ts';
import type { CheckSpec } from '../runbook/check-spec.ts';
import type { RestoreSpec } from '../runbook/restore-spec.ts';
import type { Runbook } from '../runbook/runbook.ts';
import { formatCount } from '../report/format.ts';
import { systemClock } from '../support/clock.ts';
import { type SearchWindow, exitCodeOfSearch, findGoodInWords, findGoodResult } from './find-good-result.ts';
import { runbookAtPoint, runbookOfCheck } from './find-good-runbook.ts';
import { type SearchEnd, searchByDrills } from './find-good-search.ts';
import { type CommandIo, printProblem } from './io.ts';
import { listSource } from './list-source.ts';
import { readRunbook } from './read-runbook.ts';
import { type ReportsPlace, openReports } from './reports-place.ts';
import { newDrillId, runRunbook } from './run-runbook.ts';
import { abortOnSignals } from './signals.ts';

export interface FindGoodOptions {
  /** Id of the check that tells good from bad. */
  readonly check: string;
  readonly window: SearchWindow;
  /** How many drills may be run at most. */
  readonly budget: number;
  readonly reports: string;
  readonly json?: boolean;
}

/**
 * `drillbook find-good`: the last recovery point of a check's resource at which the check still passed, searched by
 * halves; each try is a drill with a report of its own.
 *
 * @returns 0 found, or the newest is good; 1 none is good; 2 wrong input; 3 narrowed down or nothing known; 4 a drill
 *   left something; 130 interrupted
 */
export async function findGoodCommand(file: string, options: FindGoodOptions, io: CommandIo): Promise<number> {
  const runbook = await readRunbook(file, io);
  if (runbook === undefined) return 2;
  const check = runbook.checks.find(({ id }) => id === options.check);
  if (check === undefined) return refuseCheck(runbook, options.check, io);
  const narrowed = runbookOfCheck(runbook, check);
  const spec = narrowed.restore.find(({ name }) => name === check.of);
  if (spec === undefined) throw new Error(`check '${check.id}' is of a resource that is not restored`);
  const reports = await openReports(options.reports, io);
  if (typeof reports === 'number') return reports;
  tellOtherMoment(runbook, spec, io);
  const listing = await listSource(spec, narrowed.sandbox, io);
  if ('problem' in listing) {
    printProblem(io, listing.problem);
    return 3;
  }
  const { budget, window, json } = options;
  const points = listing.points.filter((point) => liesIn(window, point));
  if (points.length === 0) tellNothingThere({ spec, held: listing.points.length, window }, io);
  const end = await search({ runbook: narrowed, check, points, budget, reports }, io);
  const { unusable } = listing;
  const result = findGoodResult({
    runbook,
    check,
    spec,
    window,
    budget,
    points,
    unusable,
    end,
    now: systemClock.now(),
  });
  io.stdout(json ? `${JSON.stringify(result, undefined, 2)}\n` : findGoodInWords(result));
  return exitCodeOfSearch(result);
}

interface DrilledSearch {
  readonly runbook: Runbook;
  readonly check: CheckSpec;
  readonly points: readonly RecoveryPoint[];
  readonly budget: number;
  readonly reports: ReportsPlace;
}

async function search({ runbook, check, points, budget, reports }: DrilledSearch, io: CommandIo): Promise<SearchEnd> {
  const underWay = new Set<string>();
  const signals = abortOnSignals(io, () => [...underWay]);
  try {
    return await searchByDrills({
      check,
      points,
      budget,
      signal: signals.signal,
      async drill({ id, capturedAt }, { number, follow }) {
        const drillId = newDrillId(runbook);
        const after = follow === 0 ? 'none follows' : `at most ${follow} more ${follow === 1 ? 'follows' : 'follow'}`;
        io.stderr(`drill ${number}: '${id}', captured ${capturedAt}; ${after} (${drillId})\n`);
        underWay.add(drillId);
        const at = runbookAtPoint(runbook, check, id);
        const { end } = await runRunbook({ runbook: at, reports, abort: signals.signal, drillId }, io);
        underWay.delete(drillId);
        if (end.problem) printProblem(io, end.problem);
        return { drillId, end };
      },
    });
  } finally {
    signals.stop();
  }
}

function liesIn({ after, before }: SearchWindow, { capturedAt }: RecoveryPoint): boolean {
  return (after === undefined || capturedAt >= after) && (before === undefined || capturedAt < before);
}

function refuseCheck({ name, checks }: Runbook, id: string, io: CommandIo): number {
  printProblem(io, {
    code: 'find-good/no-such-check',
    message: `'${name}' has no check '${id}'`,
    hint: `Name one of these with --check: ${checks.map((one) => one.id).join(', ')}.`,
  });
  return 2;
}

function tellOtherMoment({ restore }: Runbook, { name }: RestoreSpec, io: CommandIo): void {
  const to = restore.find((one) => one.name === name)?.recoveryPoint.to.kind;
  if (to === 'backup-end') return;
  io.stderr(`recovery points of '${name}' are restored to their own end here, and not, as the runbook says, further\n`);
}

function tellNothingThere(
  { spec, held, window }: { spec: RestoreSpec; held: number; window: SearchWindow },
  io: CommandIo,
): void {
  const isNarrow = window.after !== undefined || window.before !== undefined;
  printProblem(io, {
    code: 'find-good/no-recovery-point',
    message: `no usable recovery point of '${spec.name}' ${isNarrow && held > 0 ? 'was captured in that time' : 'is held by its source'}: it holds ${formatCount(held, 'point')}`,
    hint: "Look at 'drillbook recovery-points', then widen --after and --before.",
  });
}
