import { printDiagnostics } from '../diagnostics/print.ts';
import { worstExitCode } from '../report/exit-code.ts';
import { runDaemon, runOnce } from '../schedule/daemon.ts';
import { ledgerOn } from '../schedule/ledger.ts';
import { duesBetween, nextFire } from '../schedule/next-fire.ts';
import { type Scheduler, openScheduler } from '../schedule/scheduler.ts';
import { allowedFrom, begin } from '../schedule/windows.ts';
import { livenessFrom, ownerOfThisProcess } from '../store/this-process.ts';
import { systemClock } from '../support/clock.ts';
import { sha256Hex } from '../support/sha256-hex.ts';
import type { Instant } from '../support/time.ts';
import { type Listening, serveHealth } from './health-server.ts';
import { type CommandIo, printProblem } from './io.ts';
import { listFires } from './list-fires.ts';
import { type ReportsPlace, reportsPlace } from './reports-place.ts';
import { type CarriedDrills, noDrills, runFire } from './run-fire.ts';
import { staleWatch } from './stale-watch.ts';
import { type ScheduledDrillFile, scheduledDrills } from './scheduled-drills.ts';
import { abortOnSignals } from './signals.ts';
import { tellOfSchedule } from './tell-of-schedule.ts';

export interface ScheduleOptions {
  readonly reports: string;
  /** Begin what is due, see it to its end, and leave. */
  readonly once?: boolean;
  /** Only say what will be due. */
  readonly list?: boolean;
  readonly json?: boolean;
  readonly listen?: Listening;
}

/** What schedules mean; the jitter of a drill is decided by its name and the moment. */
const TIMETABLE = {
  nextFire,
  duesBetween,
  allowedFrom,
  begin: (schedule: Parameters<typeof begin>[0], due: string, drill: string) => begin(schedule, due, drill, sha256Hex),
};

/**
 * `drillbook schedule`: drills what the files in `drills/` schedule, until it is told to end; with `once` only what is due
 * now, with `list` nothing. Any number of them may share one `--reports`: its ledger decides who begins what.
 *
 * @returns 2 where a drill is not valid, none has a schedule, or the address to listen on is taken. With `once` that of the
 *   drills together, 3 where something that was due could not be seen to its end, 130 after a signal. Else 0 when a signal
 *   has ended it, as a supervisor expects, but 130 where that has interrupted a drill.
 */
export async function scheduleCommand(options: ScheduleOptions, io: CommandIo): Promise<number> {
  const { drills, diagnostics } = await scheduledDrills(io);
  if (diagnostics.length > 0) {
    io.stderr(printDiagnostics(diagnostics));
    return 2;
  }
  if (drills.length === 0) {
    printProblem(io, {
      code: 'schedule/nothing-scheduled',
      message: "no drill in 'drills' has a schedule",
      hint: "Give one a 'schedule', for example { every: quarter, at: '03:00' }.",
    });
    return 2;
  }
  const reports = reportsPlace(options.reports, io);
  if ('code' in reports) {
    printProblem(io, reports);
    return 2;
  }
  if (options.list === true) {
    io.stdout(listFires(drills, { now: systemClock.now(), timetable: TIMETABLE, json: options.json ?? false }));
    return 0;
  }
  return keepSchedule({ drills, reports, io, carried: noDrills() }, options);
}

interface Keeping {
  readonly drills: readonly ScheduledDrillFile[];
  readonly reports: ReportsPlace;
  readonly io: CommandIo;
  readonly carried: CarriedDrills;
}

async function keepSchedule(keeping: Keeping, { once = false, listen }: ScheduleOptions): Promise<number> {
  const { io, carried } = keeping;
  const troubles = troublesOn(io);
  const signals = abortOnSignals(io, () => [...carried.underWay]);
  try {
    const scheduler = await wireScheduler(keeping, troubles.hear);
    const watchStale = staleWatch({ ...keeping, timetable: TIMETABLE });
    const kept = { ...keeping, scheduler, watchStale, signal: signals.signal, trouble: troubles.hear };
    if (!once) return await keepOn(kept, listen);
    await runOnce(scheduler, signals.signal);
    if (signals.signal.aborted) return 130;
    await watchStale(systemClock.now()).catch(troubles.hear);
    return troubles.any() ? worstExitCode(carried.code, 3) : carried.code;
  } finally {
    signals.stop();
  }
}

interface Kept extends Keeping {
  readonly scheduler: Scheduler;
  readonly watchStale: (now: Instant) => Promise<void>;
  readonly signal: AbortSignal;
  readonly trouble: (error: unknown) => void;
}

/** Keeps the schedule until the signal. */
async function keepOn(kept: Kept, listen: Listening | undefined): Promise<number> {
  const { io, drills, scheduler, watchStale, signal, trouble, carried } = kept;
  const health = listen && (await serveHealth(listen, { ...kept, timetable: TIMETABLE }));
  const state = health?.state;
  try {
    if (state && 'code' in state) {
      printProblem(io, state);
      return 2;
    }
    io.stderr(`keeping the schedule of ${drills.map(({ drill }) => `'${drill.name}'`).join(', ')}\n`);
    if (state) io.stderr(`serving /healthz and /metrics on port ${state.port}\n`);
    const onLook = async (at: Instant) => {
      health?.looked(at);
      await watchStale(at);
    };
    await runDaemon({ scheduler, clock: systemClock, onLook, trouble }, signal);
    return carried.wasInterrupted ? 130 : 0;
  } finally {
    await health?.close();
  }
}

/** Says what went wrong, once while it stays the same. */
function troublesOn(io: CommandIo): { readonly hear: (error: unknown) => void; readonly any: () => boolean } {
  let last: string | undefined;
  return {
    hear: (error) => {
      const said = error instanceof Error ? error.message : String(error);
      if (last !== said) io.stderr(`${systemClock.now()} ${said}; it is tried again\n`);
      last = said;
    },
    any: () => last !== undefined,
  };
}

async function wireScheduler(keeping: Keeping, trouble: (error: unknown) => void): Promise<Scheduler> {
  const { drills, reports, io } = keeping;
  const owner = await ownerOfThisProcess();
  return openScheduler({
    store: reports.store,
    clock: systemClock,
    owner,
    isAlive: async (holder) => livenessFrom(owner, holder),
    ledger: ledgerOn(reports.store, sha256Hex),
    timetable: TIMETABLE,
    drills: drills.map(({ drill, runbooks }) => ({ drill, runbooks: runbooks.map(({ name }) => name) })),
    runFire: async (fire, signal) => runFire(keeping, fire, signal),
    told: async (occasion) => tellOfSchedule(occasion, drills, io),
    trouble,
  });
}
