import type { SMTPTransportOptions } from 'nodemailer/lib/smtp-transport';
import type { NotifyChannel } from '../../runbook/runbook.ts';
import type { Millis } from '../../support/time.ts';
import { type Attempt, type ChannelRequest, failedOn } from './attempt.ts';

/** How to reach a mail server, with the password in place of where it is to be read. */
export type SmtpChannel = Omit<Extract<NotifyChannel, { readonly kind: 'smtp' }>, 'kind' | 'password'> & {
  readonly password?: string;
};

/** Nothing of a dialogue may take longer; the try as a whole has a limit of its own. */
const STEP_LIMIT: Millis = 5_000;

/**
 * Sends a mail, over TLS unless the runbook says otherwise of a server on this machine. The certificate is always
 * verified, whatever NODE_TLS_REJECT_UNAUTHORIZED says. nodemailer is loaded only here.
 *
 * @param authority PEM of what signed the server's certificate, instead of the authorities that Node trusts
 */
export async function sendSmtp(
  { channel, delivery }: ChannelRequest<SmtpChannel>,
  signal: AbortSignal,
  authority?: string,
): Promise<Attempt> {
  const { from, to } = channel;
  if ([from, ...to].some((address) => /\p{Cc}/u.test(address))) return BAD_ADDRESS;
  if (channel.security === 'none' && !isThisMachine(channel.host)) return NOT_SEALED;
  const { createTransport } = await import('nodemailer');
  const transport = createTransport(optionsOf(channel, authority));
  try {
    const { rejected } = await transport.sendMail({
      from,
      to: [...to],
      subject: `drillbook: ${delivery.message.subject}`,
      text: delivery.message.text,
      messageId: `<${delivery.id}@drillbook.invalid>`,
      headers: { 'x-drillbook-delivery': delivery.id, 'auto-submitted': 'auto-generated' },
      disableFileAccess: true,
      disableUrlAccess: true,
      signal,
    });
    return rejected.length === 0 ? { kind: 'sent' } : partlyRefused(rejected.length, to.length);
  } catch (error) {
    return refused(error);
  } finally {
    transport.close();
  }
}

function optionsOf(channel: SmtpChannel, authority: string | undefined): SMTPTransportOptions {
  const { host, port, security, user, password } = channel;
  return {
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    tls: { rejectUnauthorized: true, minVersion: 'TLSv1.2', ...(authority !== undefined && { ca: authority }) },
    ...(user !== undefined && { auth: { user, pass: password ?? '' } }),
    connectionTimeout: STEP_LIMIT,
    greetingTimeout: STEP_LIMIT,
    socketTimeout: STEP_LIMIT,
    logger: false,
    debug: false,
  };
}

function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function refused(error: unknown): Attempt {
  const { code = '', originalCode, responseCode } = error as SmtpError;
  if (code === 'ETLS') return NO_TLS;
  if (responseCode === undefined) return failedOn(originalCode === undefined ? error : namedAs(originalCode));
  const failure = {
    code: code === 'EAUTH' ? 'notify/login-refused' : 'notify/refused',
    why: `the mail server ${code === 'EAUTH' ? 'refused the login' : 'did not take it'} (SMTP ${responseCode})`,
    hint:
      code === 'EAUTH'
        ? "See that 'user' and the password are right."
        : "See that the mail server takes mail from 'from' to everyone in 'to'.",
  };
  // https://www.rfc-editor.org/rfc/rfc5321#section-4.2.1: 4yz may go better another time.
  return { kind: 'failed', failure, again: responseCode >= 400 && responseCode < 500 };
}

/** What nodemailer's errors hold besides a text, which repeats what the server said. */
interface SmtpError {
  readonly code?: string;
  /** The system's, where there is one. */
  readonly originalCode?: string;
  readonly responseCode?: number;
}

function namedAs(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** Not tried again: those who were accepted have it. */
function partlyRefused(refused: number, of: number): Attempt {
  const failure = {
    code: 'notify/refused',
    why: `the mail server refused ${refused} of ${of} recipients; the others have it`,
    hint: "See that everyone in 'to' has an address that the mail server knows.",
  };
  return { kind: 'failed', failure, again: false };
}

const NO_TLS: Attempt = {
  kind: 'failed',
  again: false,
  failure: {
    code: 'notify/certificate',
    why: 'TLS with the mail server could not be had: it has none, or its certificate does not hold',
    hint: 'Give the server a certificate that this machine trusts, or its authority in NODE_EXTRA_CA_CERTS.',
  },
};

const BAD_ADDRESS: Attempt = {
  kind: 'failed',
  again: false,
  failure: {
    code: 'notify/bad-address',
    why: 'an address holds a line end or another control character',
    hint: "Write every address in 'from' and 'to' on one line.",
  },
};

const NOT_SEALED: Attempt = {
  kind: 'failed',
  again: false,
  failure: {
    code: 'notify/not-sealed',
    why: 'its mail server is on another machine, and nothing is said to that without TLS',
    hint: "Use 'security: starttls' or 'security: tls'.",
  },
};
