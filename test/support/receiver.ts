import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that a receiver got. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An HTTP server of a test on 127.0.0.1 that keeps what it is sent. */
export interface Receiver {
  readonly url: string;
  readonly received: readonly Received[];
  /** Ends the server and every connection. */
  stop(): Promise<void>;
}

/** Answers a request; `nth` counts from 1. Without an answer the request hangs. */
export type Answer = (response: ServerResponse, nth: number, request: IncomingMessage) => void;

/** Answers with these statuses one after the other, the last one again and again. */
export function statuses(...codes: readonly number[]): Answer {
  return (response, nth) => {
    response.writeHead(codes[Math.min(nth, codes.length) - 1] ?? 200).end('{"answer":"RESPONSE-CANARY"}');
  };
}

export async function startReceiver(answer: Answer): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      let body = '';
      for await (const chunk of request.setEncoding('utf8')) body += String(chunk);
      received.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body });
      answer(response, received.length, request);
    })().catch(() => request.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** A port of 127.0.0.1 that refuses connections. */
export async function closedPort(): Promise<number> {
  const receiver = await startReceiver(() => {});
  await receiver.stop();
  return Number(new URL(receiver.url).port);
}
