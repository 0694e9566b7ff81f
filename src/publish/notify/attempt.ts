import type { Millis } from '../../support/time.ts';
import type { Delivery } from './delivery.ts';

/** How one try to send something ended. */
export type Attempt =
  | { readonly kind: 'sent' }
  | {
      readonly kind: 'failed';
      readonly failure: Failure;
      /** Whether another try may go better. */
      readonly again: boolean;
      /** How long the receiver asks to be left alone. */
      readonly notWithin?: Millis;
    };

/**
 * Why something was not sent. Neither text holds a URL, a password, a signature, or anything that a server said: all of
 * them may be, or hold, a secret.
 */
export interface Failure {
  /** Stable, `notify/what-happened`. */
  readonly code: string;
  /** Completes `'webhook-1' could not be told of 'failed': …`. */
  readonly why: string;
  readonly hint: string;
}

/** A channel whose secrets have been read. */
export interface ChannelRequest<Channel> {
  readonly channel: Channel;
  readonly delivery: Delivery;
  /** Version of drillbook. */
  readonly tool: string;
}

/** Sends something once. It throws nothing, and lets go of everything when the signal aborts. */
export type Send<Channel> = (request: ChannelRequest<Channel>, signal: AbortSignal) => Promise<Attempt>;

/** What a certificate that does not hold is told by: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const CERTIFICATE = /CERT|ERR_TLS|SIGNATURE|HOSTNAME_MISMATCH|CRL|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH/;

/** A try that did not get as far as an answer. */
export function failedOn(error: unknown): Attempt {
  const name = nameOf(error);
  if (CERTIFICATE.test(name)) {
    const failure = {
      code: 'notify/certificate',
      why: `its certificate does not hold (${name})`,
      hint: 'Give the server a certificate that this machine trusts, or its authority in NODE_EXTRA_CA_CERTS.',
    };
    return { kind: 'failed', failure, again: false };
  }
  const failure = {
    code: 'notify/unreachable',
    why: `it cannot be reached (${name})`,
    hint: 'See that its address is right and can be reached from where drillbook runs.',
  };
  return { kind: 'failed', failure, again: true };
}

/** A try that was answered with an HTTP status that is none of success, and maybe with when to come again. */
export function failedWith(status: number, notWithin?: Millis): Attempt {
  if (status >= 300 && status < 400) {
    const failure = {
      code: 'notify/redirected',
      why: `it answered HTTP ${status}, and redirects are never followed`,
      hint: 'Give the address that it is to be sent to in the end.',
    };
    return { kind: 'failed', failure, again: false };
  }
  const failure = {
    code: 'notify/refused',
    why: `it answered HTTP ${status}`,
    hint: 'See at the receiver why it refuses; the address, or the secret, may be wrong.',
  };
  const again = status === 429 || status >= 500;
  return { kind: 'failed', failure, again, ...(notWithin !== undefined && { notWithin }) };
}

/** A name of an error, never its text: the text repeats addresses, and what servers said. */
export function nameOf(error: unknown): string {
  const names = [error, causeOf(error)]
    .reverse()
    .flatMap((one) => (one instanceof Error ? [codeOf(one), one.name] : []));
  return names.find((name) => name !== undefined && /^[A-Za-z][A-Za-z0-9_]{0,59}$/.test(name)) ?? 'unknown error';
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
