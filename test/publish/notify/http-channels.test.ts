import { createHmac } from 'node:crypto';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, test } from 'vitest';
import { SEND_LIMITS, sendAll } from '../../../src/publish/notify/send.ts';
import { type Clock, systemClock } from '../../../src/support/clock.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { type Answer, type Receiver, closedPort, startReceiver, statuses } from '../../support/receiver.ts';
import { deliveries, send, somePorts } from './noticed.ts';

const started: { stop(): Promise<void> }[] = [];

async function receiver(answer: Answer): Promise<Receiver> {
  const one = await startReceiver(answer);
  started.push(one);
  return one;
}

afterEach(async () => {
  for (const one of started.splice(0)) await one.stop();
});

const NOW = 'Sat, 21 Nov 2026 03:00:00 GMT';
const LATER = 'Sat, 21 Nov 2026 03:00:04 GMT';
const SECRET = { env: 'SECRET' } as const;
const URL_REF = { env: 'URL' } as const;

describe('a webhook', () => {
  it('gets the message as JSON, with an id and a signature that the receiver can recompute', async () => {
    const { url, received } = await receiver(statuses(204));
    const [delivery] = deliveries({ kind: 'webhook', url });
    const outcome = await send(
      { kind: 'webhook', url: URL_REF, secret: SECRET },
      somePorts({ URL: url, SECRET: 's3' }),
    );
    expect(outcome).toEqual({
      target: 'webhook-1',
      kind: 'webhook',
      occasion: 'failed',
      outcome: 'sent',
      delivery: delivery?.id,
    });
    const [request, ...others] = received;
    expect(others).toEqual([]);
    expect(request).toMatchObject({ method: 'POST', headers: { 'content-type': 'application/json' } });
    expect(JSON.parse(request?.body ?? '')).toEqual(JSON.parse(JSON.stringify(delivery?.message.json)));
    const [, t = '', v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(request?.headers['x-drillbook-signature'])) ?? [];
    expect(v1).toBe(createHmac('sha256', 's3').update(`${t}.${request?.body}`).digest('hex'));
    expect(Math.abs(Date.now() / 1_000 - Number(t))).toBeLessThan(60);
  });

  it('without a secret is not signed', async () => {
    const { url, received } = await receiver(statuses(200));
    expect((await send({ kind: 'webhook', url })).outcome).toBe('sent');
    expect(received[0]?.headers).not.toHaveProperty('x-drillbook-signature');
  });

  it('with a login in its URL gets it in a header', async () => {
    const { url, received } = await receiver(statuses(200));
    const withLogin = url.replace('://', '://us%40er:p%3Ass@');
    expect((await send({ kind: 'webhook', url: withLogin })).outcome).toBe('sent');
    expect(received[0]?.headers.authorization).toBe(`Basic ${Buffer.from('us@er:p:ss').toString('base64')}`);
  });

  test.each([
    ['answers 500 and then 200', [500, 200], 'sent', 2],
    ['answers 429 and then 200', [429, 200], 'sent', 2],
    ['answers 503 always', [503], 'failed', 3],
    ['answers 404', [404, 200], 'failed', 1],
    ['answers 401', [401, 200], 'failed', 1],
  ] as const)('that %s (%j) is %s after %d tries, all with the same id', async (_, codes, outcome, tries) => {
    const { url, received } = await receiver(statuses(...codes));
    expect((await send({ kind: 'webhook', url })).outcome).toBe(outcome);
    expect(received.length).toBe(tries);
    expect(new Set(received.map(({ headers }) => headers['x-drillbook-delivery'])).size).toBe(1);
  });

  test.each([
    ['for seconds', { 'retry-after': '3' }, [3_000]],
    ['until a moment of its own clock', { 'retry-after': LATER, date: NOW }, [4_000]],
    ['for less than is waited anyway', { 'retry-after': '0' }, [5]],
    ['in words that say nothing', { 'retry-after': 'soon' }, [5]],
  ])('that asks to be left alone %s is', async (_, headers, waited) => {
    const { url, received } = await receiver((response, nth) =>
      response.writeHead(nth === 1 ? 429 : 200, headers).end(),
    );
    const slept: number[] = [];
    const sleep: Clock['sleep'] = async (millis, signal) => {
      // Limits of time are no waits.
      if ([2_000, 5_000].includes(millis)) return systemClock.sleep(millis, signal);
      slept.push(millis);
    };
    expect((await send({ kind: 'webhook', url }, somePorts({}, { clock: { ...systemClock, sleep } }))).outcome).toBe(
      'sent',
    );
    expect([received.length, slept]).toEqual([2, waited]);
  });

  it('that asks to be left alone for longer than there is time is not tried again', async () => {
    const { url, received } = await receiver((response) => response.writeHead(503, { 'retry-after': '6' }).end());
    expect(await send({ kind: 'webhook', url })).toMatchObject({ problem: { code: 'notify/refused' } });
    expect(received.length).toBe(1);
  });

  test.each([301, 302, 303, 307, 308])('that redirects with %d is not followed, and failed at once', async (status) => {
    const elsewhere = await receiver(statuses(200));
    const location = `${elsewhere.url}/REDIRECT-CANARY`;
    const { url, received } = await receiver((response) => response.writeHead(status, { location }).end());
    const outcome = await send({ kind: 'webhook', url });
    expect(outcome).toMatchObject({ outcome: 'failed', problem: { code: 'notify/redirected' } });
    expect(outcome.problem?.message).toContain(`HTTP ${status}`);
    expect([received.length, elsewhere.received]).toEqual([1, []]);
    expect(JSON.stringify(outcome)).not.toMatch(/REDIRECT-CANARY|127\.0\.0\.1/);
  });

  it('that hangs is given up after the limit of a try, and tried three times', async () => {
    const { url, received } = await receiver(() => {});
    const ports = somePorts({}, { limits: { each: 60, waits: [5, 5], all: 5_000 } });
    const before = performance.now();
    expect(await send({ kind: 'webhook', url }, ports)).toMatchObject({ problem: { code: 'notify/timed-out' } });
    expect(performance.now() - before).toBeLessThan(2_000);
    expect(received.length).toBe(3);
  });

  it('that sends half its header and hangs is given up too', async () => {
    const { url } = await receiver((response) => response.socket?.write('HTTP/1.1 200 OK\r\nx-a: '));
    const ports = somePorts({}, { limits: { each: 60, waits: [5], all: 5_000 } });
    expect(await send({ kind: 'webhook', url }, ports)).toMatchObject({ problem: { code: 'notify/timed-out' } });
  });

  it('that sends a body without an end is told by its status, and the body is not read', async () => {
    let written = 0;
    const closed: Promise<unknown>[] = [];
    const { url } = await receiver((response) => {
      closed.push(once(response, 'close'));
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536))) written += 65_536;
      };
      response.on('drain', more).on('error', () => {});
      more();
    });
    expect(await send({ kind: 'webhook', url })).toMatchObject({ outcome: 'sent' });
    await Promise.all(closed);
    expect(written).toBeLessThan(20_000_000);
  });

  it('that refuses connections is tried again, and its address is not told', async () => {
    const port = await closedPort();
    const outcome = await send({ kind: 'webhook', url: `http://127.0.0.1:${port}/URL-CANARY` });
    expect(outcome.problem).toMatchObject({ code: 'notify/unreachable', blames: 'environment' });
    expect(outcome.problem?.message).toBe(
      "'webhook-1' could not be told of 'failed': it cannot be reached (ECONNREFUSED)",
    );
  });

  it('that resets the connection once gets it at the next try', async () => {
    const { url, received } = await receiver((response, nth) => {
      if (nth === 1) response.socket?.resetAndDestroy();
      else response.writeHead(200).end();
    });
    expect((await send({ kind: 'webhook', url })).outcome).toBe('sent');
    expect(received.length).toBe(2);
  });

  it('that answers what is no HTTP has failed', async () => {
    const server = createServer((socket) =>
      socket
        .resume()
        .on('error', () => {})
        .end('220 mail.example ESMTP\r\n'),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await send({ kind: 'webhook', url: `http://127.0.0.1:${port}` })).toMatchObject({ outcome: 'failed' });
    server.close();
    await once(server, 'close');
  });

  test.each(['not a URL-CANARY', 'ftp://URL-CANARY', 'file:///etc/URL-CANARY', ''])(
    'whose URL is %j has failed without saying it',
    async (url) => {
      const outcome = await send({ kind: 'webhook', url: URL_REF }, somePorts({ URL: url }));
      expect(outcome.problem?.code).toBe('notify/bad-url');
      expect(JSON.stringify(outcome)).not.toContain('CANARY');
    },
  );

  it('whose secret cannot be read is not sent anything unsigned', async () => {
    const { url, received } = await receiver(statuses(200));
    const outcome = await send({ kind: 'webhook', url, secret: SECRET });
    expect(outcome).toMatchObject({ outcome: 'failed', problem: { code: 'notify/secret-unreadable' } });
    expect(received).toEqual([]);
  });
});

describe('secrets', () => {
  test.each([
    ['200', statuses(200)],
    ['403', statuses(403)],
    ['500', statuses(500)],
    ['a redirect', ((response) => response.writeHead(302, { location: '/there' }).end()) satisfies Answer],
    ['a reset', ((response) => response.socket?.resetAndDestroy()) satisfies Answer],
    ['nothing', (() => {}) satisfies Answer],
  ])('are in no outcome, whatever the receiver answers: %s', async (_, answer) => {
    const { url } = await receiver(answer);
    const env = {
      URL: `${url.replace('://', '://u:PASSWORD-CANARY@')}/URL-CANARY?t=URL-CANARY`,
      SECRET: 'SECRET-CANARY',
    };
    const ports = somePorts(env, { limits: { each: 100, waits: [5], all: 2_000 } });
    const outcomes = [
      await send({ kind: 'webhook', url: URL_REF, secret: SECRET }, ports),
      await send({ kind: 'slack', url: URL_REF }, ports),
    ];
    expect(JSON.stringify(outcomes)).not.toMatch(/CANARY|127\.0\.0\.1|v1=/);
  });
});

describe('Slack and heartbeats', () => {
  it('Slack gets blocks and a text for those who see none', async () => {
    const { url, received } = await receiver(statuses(200));
    expect(await send({ kind: 'slack', url: URL_REF }, somePorts({ URL: url }))).toMatchObject({ outcome: 'sent' });
    const document = JSON.parse(received[0]?.body ?? '') as { text: string; blocks: unknown[] };
    expect(document.text).toMatch(/^FAILED: drill of 'bookshop': Integrity check/);
    expect(document.blocks).toHaveLength(3);
  });

  it('a heartbeat is a GET of its URL after a drill that passed', async () => {
    const { url, received } = await receiver(statuses(200));
    const channel = { kind: 'heartbeat', url: `${url}/ping/abc` } as const;
    expect(await sendAll(deliveries(channel, 'passed'), somePorts())).toMatchObject([{ outcome: 'sent' }]);
    expect(received.map(({ method, path, body }) => [method, path, body])).toEqual([['GET', '/ping/abc', '']]);
    expect(await sendAll(deliveries(channel), somePorts())).toEqual([]);
  });
});

describe('the time that sending takes', () => {
  const webhook = { kind: 'webhook', url: { env: 'URL' } } as const;
  const never = new Promise<never>(() => {});

  it('is 30 s at most, even where a secret is never read', async () => {
    const clock = fakeClock();
    const began = clock.monotonic();
    const ports = { clock, tool: '0.1.0', readSecret: async () => never };
    expect(await sendAll(deliveries(webhook), ports)).toMatchObject([{ problem: { code: 'notify/timed-out' } }]);
    expect(clock.monotonic() - began).toBe(30_000);
  });

  it('lets three tries of 5 s and the waits between them fit', () => {
    const { each, waits, all } = SEND_LIMITS;
    expect([each, waits.length]).toEqual([5_000, 2]);
    expect(each * 3 + waits.reduce((sum, wait) => sum + wait, 0)).toBeLessThan(all);
    expect(all).toBe(30_000);
  });

  it('is that of the slowest, since all are told side by side', async () => {
    const clock = fakeClock();
    const began = clock.monotonic();
    const ports = { clock, tool: '0.1.0', readSecret: async () => never };
    const many = Array.from({ length: 20 }, () => deliveries(webhook)).flat();
    expect((await sendAll(many, ports)).length).toBe(20);
    expect(clock.monotonic() - began).toBe(30_000);
  });

  it('ends soon when drillbook is interrupted, and says what sends the rest', async () => {
    const abort = new AbortController();
    const { url } = await receiver(() => abort.abort());
    const quick = await receiver(statuses(200));
    const ports = somePorts({}, { signal: abort.signal, limits: SEND_LIMITS });
    await sendAll(deliveries({ kind: 'webhook', url: quick.url }), ports);
    const before = performance.now();
    expect(await send({ kind: 'webhook', url }, ports)).toMatchObject({
      outcome: 'failed',
      problem: { code: 'notify/interrupted' },
    });
    expect(performance.now() - before).toBeLessThan(1_000);
  });

  it('is no longer for one outcome than it takes: each is told as soon as it is there', async () => {
    const slow = await receiver(() => {});
    const quick = await receiver(statuses(200));
    const told: string[] = [];
    const onOutcome = async ({ outcome }: { outcome: string }) => {
      told.push(outcome);
      return Promise.resolve();
    };
    const ports = somePorts({}, { onOutcome, limits: { each: 100, waits: [], all: 1_000 } });
    await sendAll(
      [slow, quick].flatMap(({ url }) => deliveries({ kind: 'webhook', url })),
      ports,
    );
    expect(told).toEqual(['sent', 'failed']);
  });
});
