import type { NotificationJudged } from '../../drill/events.ts';
import type { NotificationTarget } from '../../runbook/runbook.ts';
import { sha256Hex } from '../../support/sha256-hex.ts';
import { type Message, messageOf } from './message.ts';
import { type Notice, subjectOf } from './notice.ts';

/** One notice for one target. */
export interface Delivery {
  readonly target: NotificationTarget;
  readonly message: Message;
  /** The same for every try, after a crash too: receivers know a repetition by it. 32 hex digits. */
  readonly id: string;
}

/** What is to be sent to whom. */
export function deliveriesOf(notices: readonly Notice[], targets: readonly NotificationTarget[]): readonly Delivery[] {
  return notices.flatMap((notice) => {
    const message = messageOf(notice);
    return targets
      .filter((target) => wants(target, notice))
      .map((target) => ({ target, message, id: deliveryId(target, notice) }));
  });
}

/** Those of which no journal says yet how they ended; what could not be sent is not tried again. */
export function unjudged(
  deliveries: readonly Delivery[],
  judged: readonly Pick<NotificationJudged, 'delivery'>[],
): readonly Delivery[] {
  const known = new Set(judged.map(({ delivery }) => delivery));
  return deliveries.filter(({ id }) => !known.has(id));
}

/** A heartbeat that comes after a drill has left something would say that all is well. */
function wants({ kind, on }: NotificationTarget, notice: Notice): boolean {
  if (!on.includes(notice.occasion)) return false;
  if (kind !== 'heartbeat') return true;
  return notice.occasion === 'passed' && notice.report.teardown.outcome === 'clean';
}

function deliveryId({ id, kind }: NotificationTarget, notice: Notice): string {
  return sha256Hex(JSON.stringify([subjectOf(notice), notice.occasion, kind, id])).slice(0, 32);
}
