import pLimit from 'p-limit';
import { worstExitCode } from '../report/exit-code.ts';
import type { Runbook } from '../runbook/runbook.ts';
import type { FireEnd, RunningFire } from '../schedule/carry-fire.ts';
import { type Fire, compact } from '../schedule/ledger.ts';
import { sha256Hex } from '../support/sha256-hex.ts';
import type { CommandIo } from './io.ts';
import { codeOf } from './print-ends.ts';
import type { ReportsPlace } from './reports-place.ts';
import { type RunbookRun, runRunbook } from './run-runbook.ts';
import type { ScheduledDrillFile } from './scheduled-drills.ts';
import { interruptedBy } from './signals.ts';
import { summaryOf } from './summary.ts';

export interface FireRunner {
  readonly drills: readonly ScheduledDrillFile[];
  readonly reports: ReportsPlace;
  readonly io: CommandIo;
  readonly carried: CarriedDrills;
}

/** What a scheduler has in mind of the drills of its fires. */
export interface CarriedDrills {
  readonly underWay: Set<string>;
  /** The exit code of all that have ended, together. */
  code: number;
  /** Whether any was ended by the end of the scheduler. */
  wasInterrupted: boolean;
}

export function noDrills(): CarriedDrills {
  return { underWay: new Set(), code: 0, wasInterrupted: false };
}

/** Runs the drills of a fire side by side, as many as it allows, or goes on with those that are begun. */
export async function runFire(runner: FireRunner, fire: RunningFire, signal: AbortSignal): Promise<FireEnd> {
  const found = runner.drills.find(({ drill }) => drill.name === fire.drill);
  if (found === undefined) return { kind: 'unfinished', because: `there is no drill '${fire.drill}' any more` };
  // What was drilled elsewhere decides too which recovery points have waited longest.
  await runner.reports.fetch();
  const limit = pLimit(found.drill.concurrency);
  const abort = abortRequestOf(signal);
  const ends = await Promise.all(found.runbooks.map((runbook) => limit(drillOne, runner, { fire, runbook, abort })));
  const reasons = ends.flatMap((end) => ('because' in end ? [end.because] : []));
  if (reasons.length > 0) return { kind: 'unfinished', because: reasons.join('; ') };
  return { kind: 'finished', drillIds: ends.flatMap((end) => ('drillId' in end ? [end.drillId] : [])) };
}

interface One {
  readonly fire: RunningFire;
  readonly runbook: Runbook;
  readonly abort: AbortSignal;
}

async function drillOne(
  { reports, io, carried }: FireRunner,
  { fire, runbook, abort }: One,
): Promise<{ readonly drillId: string } | { readonly because: string }> {
  if (abort.aborted) return { because: `'${runbook.name}' was not begun before the scheduler had to end` };
  const drillId = drillIdOf(fire, runbook);
  const occurrence = { drill: fire.drill, due: fire.due, ...(fire.lateBy !== undefined && { lateBy: fire.lateBy }) };
  // Who has the fire has it alone: a scheduler on another host that had it before has been silent for long enough.
  const run: RunbookRun = { runbook, reports, abort, drillId, occurrence, takeOver: 'from-elsewhere' };
  carried.underWay.add(drillId);
  const { end, folder } = await runRunbook(run, io).finally(() => carried.underWay.delete(drillId));
  // One that is looked at again because its fire was not finished may have been interrupted then, but is not now.
  const now = end.kind === 'ended' ? { ...end, interrupted: end.interrupted && abort.aborted } : end;
  if (now.kind === 'ended' && now.interrupted) carried.wasInterrupted = true;
  carried.code = worstExitCode(carried.code, codeOf(now));
  if (end.kind === 'ended') io.stdout(summaryOf(end.report, folder, io));
  // A drill whose evidence could not be kept is one that nobody can show: it is tried again to keep it.
  return end.problem ? { because: end.problem.message } : { drillId };
}

/** The same for everybody who looks at the fire, so that a second engine finds the first one's journal. */
export function drillIdOf({ drill, due }: Fire, { name }: Pick<Runbook, 'name'>): string {
  return `${name}-${compact(due)}-${sha256Hex(JSON.stringify([drill, due, name])).slice(0, 6)}`;
}

/** An engine is told why it ends; a scheduler that lost a fire to another one says no more than that it ends. */
function abortRequestOf(signal: AbortSignal): AbortSignal {
  const abort = new AbortController();
  const onAbort = () => {
    abort.abort(interruptedBy('the scheduler'));
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return abort.signal;
}
