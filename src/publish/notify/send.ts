import type { Problem } from '../../diagnostics/problem.ts';
import type { SecretRef } from '../../runbook/restore-spec.ts';
import type { NotificationTarget, NotifyChannel, Occasion } from '../../runbook/runbook.ts';
import type { Clock } from '../../support/clock.ts';
import type { Millis } from '../../support/time.ts';
import { unreachable } from '../../support/unreachable.ts';
import { type Attempt, type Failure, nameOf } from './attempt.ts';
import type { Delivery } from './delivery.ts';
import { sendHeartbeat } from './heartbeat.ts';
import { sendSlack } from './slack.ts';
import { sendSmtp } from './smtp.ts';
import { sendSns } from './sns.ts';
import { sendWebhook } from './webhook.ts';

/** How the sending of one notice to one target ended. */
export interface NotificationOutcome {
  readonly target: string;
  readonly kind: NotifyChannel['kind'];
  readonly occasion: Occasion;
  readonly delivery: string;
  readonly outcome: 'sent' | 'failed';
  readonly problem?: Problem;
}

/** `each`: one try. `waits`: before every further one. `all`: everything together. */
export interface SendLimits {
  readonly each: Millis;
  readonly waits: readonly Millis[];
  readonly all: Millis;
}

export interface SendPorts {
  readonly clock: Clock;
  readonly readSecret: (ref: SecretRef) => Promise<string | Problem>;
  /** Version of drillbook. */
  readonly tool: string;
  /** Ends the sending soon: what is not sent by then has the problem `notify/interrupted`. */
  readonly signal?: AbortSignal;
  /** Called with every outcome as soon as there is one. */
  readonly onOutcome?: (outcome: NotificationOutcome) => Promise<void>;
  readonly limits?: SendLimits;
  /** PEM of what signed a mail server's certificate, instead of the authorities that Node trusts. */
  readonly authority?: string;
}

/** Three tries, and with a hung receiver 19 s: people wait for the end of a drill, and a CI job pays for it. */
export const SEND_LIMITS: SendLimits = { each: 5_000, waits: [1_000, 3_000], all: 30_000 };

/** Outcomes of this code are not the receiver's: whoever comes next should try again. */
export const INTERRUPTED = 'notify/interrupted';

/** Sends everything side by side and says how each ended. It never throws, and takes no longer than the limits say. */
export async function sendAll(
  deliveries: readonly Delivery[],
  ports: SendPorts,
): Promise<readonly NotificationOutcome[]> {
  return Promise.all(
    deliveries.map(async (delivery) => {
      const outcome = outcomeOf(delivery, await deliver(delivery, ports));
      await ports.onOutcome?.(outcome);
      return outcome;
    }),
  );
}

async function deliver(delivery: Delivery, ports: SendPorts): Promise<Attempt> {
  const { all } = ports.limits ?? SEND_LIMITS;
  const within = { millis: all, clock: ports.clock, ...(ports.signal && { signal: ports.signal }) };
  const ended = (await bounded(within, async (signal) => tries(delivery, ports, signal))) ?? failed(TOO_SLOW, false);
  return ended.kind === 'failed' && ports.signal?.aborted ? failed(BROKEN_OFF, false) : ended;
}

async function tries(delivery: Delivery, ports: SendPorts, signal: AbortSignal): Promise<Attempt> {
  const { clock, limits: { each, waits, all } = SEND_LIMITS } = ports;
  const send = await senderOf(delivery, ports);
  if (typeof send !== 'function') return failed(send, false);
  for (let done = 0; ; done += 1) {
    const attempt = (await bounded({ millis: each, clock, signal }, send)) ?? failed(TOO_SLOW, true);
    const wait = waits[done];
    if (attempt.kind === 'sent' || !attempt.again || wait === undefined) return attempt;
    const { notWithin = 0 } = attempt;
    // Whoever asks for more than there is would only refuse the next try too.
    if (notWithin > all) return attempt;
    await clock.sleep(Math.max(wait, notWithin), signal);
    if (signal.aborted) return attempt;
  }
}

type SendOnce = (signal: AbortSignal) => Promise<Attempt>;

/** Reads what is secret and gives what sends once; or why that cannot be. */
async function senderOf({ target, ...rest }: Delivery, ports: SendPorts): Promise<SendOnce | Failure> {
  const delivery = { target, ...rest };
  const secret = await secretsOf(target, ports);
  if ('why' in secret) return secret;
  const { tool, clock, authority } = ports;
  const url = secret.url ?? '';
  switch (target.kind) {
    case 'slack':
      return async (signal) => sendSlack({ channel: { url }, delivery, tool }, signal);
    case 'heartbeat':
      return async (signal) => sendHeartbeat({ channel: { url }, delivery, tool }, signal);
    case 'webhook': {
      const channel = { url, ...(secret.secret !== undefined && { secret: secret.secret }) };
      return async (signal) => sendWebhook({ channel, delivery, tool }, clock.now(), signal);
    }
    case 'sns':
      return async (signal) => sendSns({ channel: { topic: target.topic }, delivery, tool }, signal);
    case 'smtp': {
      const { password: _, ...open } = target;
      const channel = { ...open, ...(secret.password !== undefined && { password: secret.password }) };
      return async (signal) => sendSmtp({ channel, delivery, tool }, signal, authority);
    }
    default:
      return unreachable(target);
  }
}

type Secrets = Partial<Record<'url' | 'secret' | 'password', string>>;

async function secretsOf(target: NotificationTarget, { readSecret }: SendPorts): Promise<Secrets | Failure> {
  const secrets: Secrets = {};
  for (const name of ['url', 'secret', 'password'] as const) {
    const value = name in target ? (target as Partial<Record<typeof name, string | SecretRef>>)[name] : undefined;
    if (value === undefined) continue;
    const read = typeof value === 'string' ? value : await readSecret(value);
    if (typeof read !== 'string') return { code: 'notify/secret-unreadable', why: read.message, hint: read.hint };
    secrets[name] = read;
  }
  return secrets;
}

interface Bounds {
  readonly millis: Millis;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

/**
 * What the work comes to, or `undefined` once the time is over or the signal has aborted, even if the work does not
 * listen. A throw is a failed try: nothing that is sent may keep a drill from its end.
 */
async function bounded({ millis, clock, signal }: Bounds, work: SendOnce): Promise<Attempt | undefined> {
  const control = new AbortController();
  const stop = () => control.abort();
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) stop();
  const over = clock.sleep(millis, control.signal).then(() => undefined);
  try {
    return await Promise.race([work(control.signal).catch(unexpected), over]);
  } finally {
    stop();
    signal?.removeEventListener('abort', stop);
  }
}

function unexpected(error: unknown): Attempt {
  const hint = 'Report it: this is a fault of drillbook.';
  return failed({ code: 'notify/unexpected', why: `sending broke (${nameOf(error)})`, hint }, false);
}

function failed(failure: Failure, again: boolean): Attempt {
  return { kind: 'failed', failure, again };
}

const TOO_SLOW: Failure = {
  code: 'notify/timed-out',
  why: 'it did not answer in time',
  hint: 'See at the receiver, and at the network before it, what keeps it from answering.',
};

const BROKEN_OFF: Failure = {
  code: INTERRUPTED,
  why: 'drillbook was interrupted before',
  hint: "'drillbook resume' sends what was not sent.",
};

function outcomeOf({ target, message, id }: Delivery, attempt: Attempt): NotificationOutcome {
  const common = { target: target.id, kind: target.kind, occasion: message.occasion, delivery: id };
  if (attempt.kind === 'sent') return { ...common, outcome: 'sent' };
  const { code, why, hint } = attempt.failure;
  const told = `'${target.id}' could not be told of '${message.occasion}': ${why}`;
  return { ...common, outcome: 'failed', problem: { code, message: told, hint, blames: 'environment' } };
}
