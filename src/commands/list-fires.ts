import type { Timetable } from '../schedule/decide.ts';
import type { Instant } from '../support/time.ts';
import type { ScheduledDrillFile } from './scheduled-drills.ts';

/** How many fires of each drill are listed. */
const LISTED = 3;

interface ListedFire {
  readonly due: Instant;
  /** Absent where windows and blackouts leave it no moment. */
  readonly beginsAt?: Instant;
  readonly because?: string;
}

/** When the drills will be due, as lines or as one JSON document. */
export function listFires(
  drills: readonly ScheduledDrillFile[],
  { now, timetable, json }: { readonly now: Instant; readonly timetable: Timetable; readonly json: boolean },
): string {
  const listed = drills.map((one) => ({
    drill: one.drill.name,
    timezone: one.drill.schedule.timezone,
    runbooks: one.runbooks.map(({ name }) => name),
    fires: firesOf(one, now, timetable),
  }));
  if (json) return `${JSON.stringify({ at: now, drills: listed }, undefined, 2)}\n`;
  return listed
    .map(({ drill, timezone, runbooks, fires }) => {
      const lines = fires.map(({ due, beginsAt, because }) =>
        beginsAt === undefined ? `  ${due}  never begins: ${because ?? ''}\n` : `  ${due}  begins ${beginsAt}\n`,
      );
      return `${drill} (${timezone}): ${runbooks.join(', ')}\n${lines.join('') || '  is never due\n'}`;
    })
    .join('');
}

/** The next fires of a drill. */
export function firesOf({ drill }: ScheduledDrillFile, now: Instant, timetable: Timetable): readonly ListedFire[] {
  const fires: ListedFire[] = [];
  let due = timetable.nextFire(drill.schedule, now);
  while (due !== undefined && fires.length < LISTED) {
    const beginning = timetable.begin(drill.schedule, due, drill.name);
    fires.push({ due, ...(beginning.kind === 'at' ? { beginsAt: beginning.at } : { because: beginning.because }) });
    due = timetable.nextFire(drill.schedule, due);
  }
  return fires;
}
