import { printDiagnostics } from '../diagnostics/print.ts';
import { runDaemon, runOnce } from '../schedule/daemon.ts';
import { ledgerOn } from '../schedule/ledger.ts';
import { duesBetween, nextFire } from '../schedule/next-fire.ts';
import { type Scheduler, openScheduler } from '../schedule/scheduler.ts';
import { allowedFrom, begin } from '../schedule/windows.ts';
import { livenessFrom, ownerOfThisProcess } from '../store/this-process.ts';
import { systemClock } from '../support/clock.ts';
import { sha256Hex } from '../support/sha256-hex.ts';
import { type HealthServer, type Listening, serveHealth } from './health-server.ts';
import { type CommandIo, printProblem } from './io.ts';
import { listFires } from './list-fires.ts';
import { type ReportsPlace, reportsPlace } from './reports-place.ts';
import { runFire } from './run-fire.ts';
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
export const TIMETABLE = {
  nextFire,
  duesBetween,
  allowedFrom,
  begin: (schedule: Parameters<typeof begin>[0], due: string, drill: string) => begin(schedule, due, drill, sha256Hex),
};

/**
 * `drillbook schedule`: drills what the files in `drills/` schedule, until it is told to end; with `once` only what is due
 * now, with `list` nothing. Any number of them may share one `--reports`: its ledger decides who begins what.
 *
 * @returns 0; 2 where a drill is not valid, none has a schedule, or the address to listen on is taken; 3 where something
 *   that was due could not be seen to its end, 130 after a signal
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
  return keepSchedule({ drills, reports, io }, options);
}

interface Keeping {
  readonly drills: readonly ScheduledDrillFile[];
  readonly reports: ReportsPlace;
  readonly io: CommandIo;
}

async function keepSchedule(keeping: Keeping, { once = false, listen }: ScheduleOptions): Promise<number> {
  const { io } = keeping;
  const troubles: string[] = [];
  const trouble = (error: unknown) => {
    const said = error instanceof Error ? error.message : String(error);
    if (troubles.at(-1) !== said) io.stderr(`${systemClock.now()} ${said}; it is tried again\n`);
    troubles.push(said);
  };
  const signals = abortOnSignals(io, () => []);
  let health: HealthServer | undefined;
  try {
    const scheduler = await wireScheduler(keeping, trouble);
    const watchStale = staleWatch({ ...keeping, timetable: TIMETABLE });
    if (once) {
      await runOnce(scheduler, signals.signal);
      await watchStale(systemClock.now()).catch(trouble);
      return signals.signal.aborted ? 130 : troubles.length > 0 ? 3 : 0;
    }
    health = listen && (await serveHealth(listen, { ...keeping, scheduler, timetable: TIMETABLE }));
    if (health && 'code' in health.state) {
      printProblem(io, health.state);
      return 2;
    }
    io.stderr(`keeping the schedule of ${keeping.drills.map(({ drill }) => `'${drill.name}'`).join(', ')}\n`);
    const onLook = async (at: string) => {
      health?.looked(at);
      await watchStale(at);
    };
    await runDaemon({ scheduler, clock: systemClock, onLook, trouble }, signals.signal);
    return 130;
  } finally {
    await health?.close();
    signals.stop();
  }
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
