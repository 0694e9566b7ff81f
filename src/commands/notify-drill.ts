import type { DrillEvent } from '../drill/events.ts';
import { ofType } from '../drill/record.ts';
import type { Journal } from '../journal/journal.ts';
import { readSecret } from '../probe/secret.ts';
import { type Delivery, deliveriesOf, unjudged } from '../publish/notify/delivery.ts';
import { drillNotices } from '../publish/notify/notice.ts';
import { INTERRUPTED, type NotificationOutcome, sendAll } from '../publish/notify/send.ts';
import { buildReport } from '../report/build-report.ts';
import { systemClock } from '../support/clock.ts';
import { type CommandIo, printProblem } from './io.ts';
import { version } from './version.ts';

export interface Notifying {
  readonly io: CommandIo;
  /** The drill's, still open. */
  readonly journal: Journal;
  /** The drill's; its report will lie there. */
  readonly folder: string;
  readonly abort: AbortSignal;
  readonly onEvent: (event: DrillEvent) => void;
}

/** What a finished drill still owes to those whom its runbook names; nothing while it has not finished. */
export function owedNotifications(events: readonly DrillEvent[], folder: string): readonly Delivery[] {
  const targets = ofType(events, 'drill-started')[0]?.runbook.notify ?? [];
  if (targets.length === 0 || ofType(events, 'drill-finished').length === 0) return [];
  const report = buildReport(events, { tool: version() });
  return unjudged(deliveriesOf(drillNotices(report, folder), targets), ofType(events, 'notification-judged'));
}

/**
 * Tells of a drill that has finished and is torn down, and journals how that went, one by one, so that nobody is told
 * twice after a crash. Whatever fails is told on stderr and changes nothing.
 */
export async function notifyOfDrill(events: readonly DrillEvent[], notifying: Notifying): Promise<void> {
  const { io, folder, abort } = notifying;
  const owed = owedNotifications(events, folder);
  // What a full disk has kept from the journal, the end of the drill perhaps, must not be missing before these lines.
  const isWhole = events.every(({ prev }) => prev !== '');
  await sendAll(owed, {
    clock: systemClock,
    readSecret: async (ref) => readSecret(ref, io.env),
    tool: version(),
    // A drill that was interrupted is told of; only a signal that comes now ends the telling.
    ...(abort.aborted ? {} : { signal: abort }),
    onOutcome: async (outcome) => {
      if (outcome.problem) printProblem(io, outcome.problem);
      if (isWhole && outcome.problem?.code !== INTERRUPTED) await keep(outcome, notifying);
    },
  });
}

async function keep(outcome: NotificationOutcome, { journal, onEvent }: Notifying): Promise<void> {
  // Whatever has become of the journal: the drill is over, and its report is still to be written.
  const kept = await journal.append({ type: 'notification-judged', ...outcome }).catch(() => undefined);
  if (kept) onEvent(kept);
}
