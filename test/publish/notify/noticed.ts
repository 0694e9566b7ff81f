import type { Problem } from '../../../src/diagnostics/problem.ts';
import { type Delivery, deliveriesOf } from '../../../src/publish/notify/delivery.ts';
import { drillNotices } from '../../../src/publish/notify/notice.ts';
import { type NotificationOutcome, type SendPorts, sendAll } from '../../../src/publish/notify/send.ts';
import { buildReport } from '../../../src/report/build-report.ts';
import type { Report } from '../../../src/report/report.ts';
import type { SecretRef } from '../../../src/runbook/restore-spec.ts';
import type { NotificationTarget, NotifyChannel } from '../../../src/runbook/runbook.ts';
import { systemClock } from '../../../src/support/clock.ts';
import { STORIES } from '../../support/drill-stories.ts';

export const FOLDER = '/srv/reports/bookshop-20261120t030000z-0a1b2c';

/** The report of a told drill. */
export function reportOf(story: string): Report {
  return buildReport(STORIES[story]?.() ?? [], { tool: '0.1.0' });
}

/** A target of everything that a drill gives reason to tell. */
export function aTarget(channel: NotifyChannel, change: Partial<NotificationTarget> = {}): NotificationTarget {
  const on =
    channel.kind === 'heartbeat' ? ['passed' as const] : (['passed', 'failed', 'inconclusive', 'leaked'] as const);
  return { id: `${channel.kind}-1`, on: [...on], ...channel, ...change } as NotificationTarget;
}

/** What is sent to a channel of a drill that failed, unless another one is named. */
export function deliveries(channel: NotifyChannel, story = 'failed-damaged-table'): readonly Delivery[] {
  return deliveriesOf(drillNotices(reportOf(story), FOLDER), [aTarget(channel)]);
}

/** Ports on the machine's clock with limits that a test can wait for; secrets are those of `env`. */
export function somePorts(env: Readonly<Record<string, string>> = {}, change: Partial<SendPorts> = {}): SendPorts {
  return {
    clock: systemClock,
    readSecret: async (ref: SecretRef): Promise<string | Problem> =>
      Promise.resolve(('env' in ref ? env[ref.env] : undefined) ?? UNSET),
    tool: '0.1.0',
    limits: { each: 2_000, waits: [5, 5], all: 5_000 },
    ...change,
  };
}

const UNSET: Problem = {
  code: 'check/secret-unreadable',
  message: "the environment variable 'URL' is not set",
  hint: 'Set it where drillbook runs.',
  blames: 'environment',
};

/** Sends the failed drill's notice to a channel. */
export async function send(channel: NotifyChannel, ports: SendPorts = somePorts()): Promise<NotificationOutcome> {
  const [outcome, ...others] = await sendAll(deliveries(channel), ports);
  if (outcome === undefined || others.length > 0) throw new Error('one delivery was expected');
  return outcome;
}
