import { exitCodeOf, worstExitCode } from '../report/exit-code.ts';
import { reportJson } from '../report/json.ts';
import { type CommandIo, printProblem } from './io.ts';
import type { DrillEnd } from './run-drill.ts';
import { summaryOf } from './summary.ts';

/** How a drill ended, and the folder that holds it. */
export interface PlacedEnd {
  readonly end: DrillEnd;
  readonly folder: string;
}

/**
 * Prints how drills ended: a summary each, or one JSON document, the report of the only drill or an array of all.
 *
 * @returns the exit code of all of them together
 */
export function printEnds(ends: readonly PlacedEnd[], { json }: { json?: boolean }, io: CommandIo): number {
  for (const { end } of ends) if (end.problem) printProblem(io, end.problem);
  const ended = ends.flatMap(({ end, folder }) => (end.kind === 'ended' ? [{ report: end.report, folder }] : []));
  const [only] = ended;
  if (!json) for (const { report, folder } of ended) io.stdout(summaryOf(report, folder, io));
  else if (ends.length === 1 && only) io.stdout(reportJson(only.report));
  else if (ends.length > 1) io.stdout(`[${ended.map(({ report }) => reportJson(report).trim()).join(',\n')}]\n`);
  return ends.map(({ end }) => codeOf(end)).reduce(worstExitCode, 0);
}

/** The exit code of one drill. */
export function codeOf(end: DrillEnd): number {
  if (end.kind === 'stopped') return 3;
  const { verdict, teardown } = end.report;
  const code = exitCodeOf({ verdict, teardown: teardown.outcome, interrupted: end.interrupted });
  // A drill that left no evidence has proven nothing.
  return end.problem ? worstExitCode(code, 3) : code;
}
