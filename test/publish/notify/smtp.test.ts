import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterEach, describe, expect, it, test } from 'vitest';
import { deliveriesOf } from '../../../src/publish/notify/delivery.ts';
import { drillNotices } from '../../../src/publish/notify/notice.ts';
import { type NotificationOutcome, sendAll } from '../../../src/publish/notify/send.ts';
import type { NotifyChannel } from '../../../src/runbook/runbook.ts';
import { testAuthority } from '../../support/aws/databases/authority.ts';
import { FOLDER, aTarget, reportOf, send, somePorts } from './noticed.ts';

const authority = await testAuthority();
const stranger = await testAuthority();
const trusting = { authority: authority.certificate };

interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly user: string | undefined;
  readonly isSecure: boolean;
  readonly text: string;
}

interface MailServer {
  readonly port: number;
  readonly mails: Mail[];
  /** Commands AUTH that it got. */
  readonly logins: string[];
}

interface Behaviour {
  readonly identity?: typeof authority.server;
  readonly secure?: boolean;
  /** Without STARTTLS. */
  readonly plain?: boolean;
  readonly password?: string;
  /** Refusals of MAIL FROM, one a try, then none. */
  readonly refusals?: number[];
  readonly unknownRecipient?: string;
}

const started: SMTPServer[] = [];

async function mailServer(behaviour: Behaviour = {}): Promise<MailServer> {
  const { identity = authority.server, secure = false, plain = false, password } = behaviour;
  const refusals = [...(behaviour.refusals ?? [])];
  const [mails, logins]: [Mail[], string[]] = [[], []];
  const server = new SMTPServer({
    secure,
    key: identity.key,
    cert: identity.certificate,
    logger: false,
    authOptional: password === undefined,
    allowInsecureAuth: true,
    ...(plain && { disabledCommands: ['STARTTLS'] }),
    onAuth({ username = '', password: given = '' }, _session, done) {
      logins.push(`${username}:${given}`);
      if (given === password) done(null, { user: username });
      else done(Object.assign(new Error(`no, not with ${given}`), { responseCode: 535 }));
    },
    onMailFrom(_address, _session, done) {
      const code = refusals.shift();
      done(code === undefined ? null : Object.assign(new Error('RESPONSE-CANARY'), { responseCode: code }));
    },
    onRcptTo({ address }, _session, done) {
      done(address === behaviour.unknownRecipient ? new Error('no such user RESPONSE-CANARY') : null);
    },
    onData(stream, session, done) {
      let text = '';
      stream.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      stream.on('end', () => {
        const { envelope, secure: isSecure } = session;
        const user = session.user as string | undefined;
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
        mails.push({ from, to: envelope.rcptTo.map(({ address }) => address), user, isSecure, text });
        done();
      });
    },
  });
  server.on('error', () => {});
  started.push(server);
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  return { port: (listening.address() as AddressInfo).port, mails, logins };
}

afterEach(async () => {
  for (const server of started.splice(0)) await new Promise<void>((resolve) => server.close(resolve));
});

type Smtp = Extract<NotifyChannel, { readonly kind: 'smtp' }>;

function to({ port }: { port: number }, change: Partial<Smtp> = {}): Smtp {
  return {
    kind: 'smtp',
    host: '127.0.0.1',
    port,
    security: 'starttls',
    from: 'drills@shop.example',
    to: ['on-call@shop.example', 'dba@shop.example'],
    ...change,
  };
}

const LOGIN = { user: 'drills', password: { env: 'PASSWORD' } } as const;

describe('a mail', () => {
  it('goes over STARTTLS, with a login, to everyone, with a subject, an id and the text', async () => {
    const server = await mailServer({ password: 'PASSWORD-CANARY' });
    const outcome = await send(to(server, LOGIN), somePorts({ PASSWORD: 'PASSWORD-CANARY' }, trusting));
    expect(outcome).toMatchObject({ outcome: 'sent' });
    expect(server.mails).toMatchObject([
      {
        from: 'drills@shop.example',
        to: ['on-call@shop.example', 'dba@shop.example'],
        user: 'drills',
        isSecure: true,
      },
    ]);
    const text = server.mails[0]?.text ?? '';
    expect(text).toContain("Subject: drillbook: FAILED: drill of 'bookshop'");
    expect(text).toMatch(new RegExp(`^Message-ID: <${outcome.delivery}@drillbook.invalid>\r$`, 'm'));
    expect(text).toMatch(/^Auto-Submitted: auto-generated\r$/m);
    expect(text).toMatch(/^owner: platform-team\r$/m);
  });

  it('goes over TLS from the first byte where the runbook says so', async () => {
    const server = await mailServer({ secure: true });
    expect(await send(to(server, { security: 'tls' }), somePorts({}, trusting))).toMatchObject({ outcome: 'sent' });
    expect(server.mails[0]?.isSecure).toBe(true);
  });

  it('goes without TLS to a server on this machine alone', async () => {
    const server = await mailServer({ plain: true });
    expect(await send(to(server, { security: 'none' }))).toMatchObject({ outcome: 'sent' });
    const far = await send(to(server, { security: 'none', host: 'mail.example' }));
    expect(far).toMatchObject({ outcome: 'failed', problem: { code: 'notify/not-sealed' } });
    expect(server.mails.length).toBe(1);
  });
});

describe('a mail server without the TLS that is asked for', () => {
  const ports = somePorts({ PASSWORD: 'PASSWORD-CANARY' }, trusting);

  test.each([
    ['has no STARTTLS', { plain: true }, 'starttls'],
    ['has a certificate of a stranger, after STARTTLS', { identity: stranger.server }, 'starttls'],
    ['has a certificate of a stranger', { identity: stranger.server, secure: true }, 'tls'],
  ] as const)('that %s is told nothing, and no password', async (_, behaviour, security) => {
    const server = await mailServer({ ...behaviour, password: 'PASSWORD-CANARY' });
    const outcome = await send(to(server, { ...LOGIN, security }), ports);
    expect(outcome).toMatchObject({ outcome: 'failed', problem: { code: 'notify/certificate' } });
    expect([server.mails, server.logins]).toEqual([[], []]);
  });

  it('is refused where its certificate is of another name', async () => {
    const other = await testAuthority({ dns: 'elsewhere.example' });
    const server = await mailServer({ identity: other.server });
    const outcome = await send(to(server), somePorts({}, { authority: other.certificate }));
    expect(outcome).toMatchObject({ outcome: 'failed', problem: { code: 'notify/certificate' } });
    expect(server.mails).toEqual([]);
  });

  it('is refused though NODE_TLS_REJECT_UNAUTHORIZED would let it pass', async () => {
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      const server = await mailServer({ identity: stranger.server });
      expect(await send(to(server), ports)).toMatchObject({ outcome: 'failed' });
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    }
  });
});

describe('a mail that is not taken', () => {
  it('because of the login is not tried again, and the password is not told', async () => {
    const server = await mailServer({ password: 'another' });
    const outcome = await send(to(server, LOGIN), somePorts({ PASSWORD: 'PASSWORD-CANARY' }, trusting));
    expect(outcome.problem).toMatchObject({ code: 'notify/login-refused' });
    expect(outcome.problem?.message).toContain('SMTP 535');
    expect(server.logins).toEqual(['drills:PASSWORD-CANARY']);
    expect(JSON.stringify(outcome)).not.toContain('CANARY');
  });

  test.each([
    [[451], 'sent', 1],
    [[451, 421, 450], 'failed', 0],
    [[550], 'failed', 0],
  ] as const)('with %j for the time being has %s', async (refusals, outcome, mails) => {
    const server = await mailServer({ refusals: [...refusals] });
    const ended = await send(to(server), somePorts({}, trusting));
    expect([ended.outcome, server.mails.length]).toEqual([outcome, mails]);
    expect(JSON.stringify(ended)).not.toContain('CANARY');
  });

  it('by some recipients has failed, and is not sent again to the others', async () => {
    const server = await mailServer({ unknownRecipient: 'dba@shop.example' });
    const outcome = await send(to(server), somePorts({}, trusting));
    expect(outcome.problem?.message).toContain('refused 1 of 2 recipients');
    expect(server.mails.map(({ to }) => to)).toEqual([['on-call@shop.example']]);
  });

  it('because the server never speaks has failed after its time', async () => {
    const silent = createServer((socket) => socket.resume().on('error', () => {})).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const outcome = await send(to({ port }), somePorts({}, { limits: { each: 80, waits: [5], all: 1_000 } }));
    expect(outcome).toMatchObject({ outcome: 'failed', problem: { code: 'notify/timed-out' } });
    silent.close();
    await once(silent, 'close');
  });
});

describe('headers', () => {
  it('cannot be added by what stands in a journal', async () => {
    const server = await mailServer();
    const evil = "shop'\r\nBcc: thief@evil.example\r\n\r\nbody\u0000\u2028";
    const report = { ...reportOf('failed-damaged-table'), runbook: evil, because: evil, owner: evil };
    const outcomes = await sendAll(
      deliveriesOf(drillNotices(report, FOLDER), [aTarget(to(server))]),
      somePorts({}, trusting),
    );
    expect(outcomes).toMatchObject([{ outcome: 'sent' }]);
    const [head = ''] = server.mails[0]?.text.split('\r\n\r\n') ?? [];
    expect(head).not.toMatch(/^bcc:/im);
    expect(server.mails[0]?.to).toEqual(['on-call@shop.example', 'dba@shop.example']);
  });

  test.each<Partial<Smtp>>([
    { to: ['a@shop.example\r\nRCPT TO:<thief@evil.example>'] },
    { from: 'a@shop.example\nBcc: thief@evil.example' },
  ])('cannot be added by an address: %j', async (change) => {
    const server = await mailServer();
    const outcome: NotificationOutcome = await send(to(server, change), somePorts({}, trusting));
    expect(outcome).toMatchObject({ outcome: 'failed', problem: { code: 'notify/bad-address' } });
    expect(server.mails).toEqual([]);
  });
});
