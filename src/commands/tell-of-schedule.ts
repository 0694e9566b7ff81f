import { readSecret } from '../probe/secret.ts';
import { deliveriesOf } from '../publish/notify/delivery.ts';
import type { Notice } from '../publish/notify/notice.ts';
import { sendAll } from '../publish/notify/send.ts';
import { formatDuration } from '../runbook/duration.ts';
import type { NotificationTarget } from '../runbook/runbook.ts';
import type { ScheduleOccasion } from '../schedule/carry-fire.ts';
import { systemClock } from '../support/clock.ts';
import { type CommandIo, printProblem } from './io.ts';
import type { ScheduledDrillFile } from './scheduled-drills.ts';
import { version } from './version.ts';

/** Tells, on stderr and to those whom the drill names, of a fire that began too late or will never begin. */
export async function tellOfSchedule(
  occasion: ScheduleOccasion,
  drills: readonly ScheduledDrillFile[],
  io: CommandIo,
): Promise<void> {
  const name = occasion.kind === 'late' ? occasion.fire.drill : occasion.drill;
  const targets = drills.find(({ drill }) => drill.name === name)?.drill.notify ?? [];
  await tell(noticesOf(occasion), targets, io);
}

/** Sends notices to targets; what cannot be sent is told on stderr. */
export async function tell(
  notices: readonly Notice[],
  targets: readonly NotificationTarget[],
  io: CommandIo,
): Promise<void> {
  for (const notice of notices) if ('because' in notice) io.stderr(`${inWords(notice)}\n`);
  await sendAll(deliveriesOf(notices, targets), {
    clock: systemClock,
    readSecret: async (ref) => readSecret(ref, io.env),
    tool: version(),
    onOutcome: async ({ problem }) => {
      if (problem) printProblem(io, problem);
      return Promise.resolve();
    },
  });
}

function noticesOf(occasion: ScheduleOccasion): readonly Notice[] {
  if (occasion.kind === 'missed') {
    const { drill, fires } = occasion;
    return fires.map(({ due, because }) => ({ occasion: 'missed', drill, due, because }));
  }
  const { fire, plannedAt, lateBy, startedAt } = occasion;
  const because = `it was to begin at ${plannedAt} and ${startedAt === undefined ? 'waits, late' : 'began late'} by ${formatDuration(lateBy)}`;
  return [{ occasion: 'late', drill: fire.drill, due: fire.due, because, ...(startedAt && { startedAt }) }];
}

function inWords(notice: Extract<Notice, { readonly because: string }>): string {
  const what = 'drill' in notice ? `'${notice.drill}', due ${notice.due}` : `'${notice.runbook}'`;
  return `${notice.occasion}: ${what}: ${notice.because}`;
}
