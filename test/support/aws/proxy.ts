import { once } from 'node:events';
import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../../src/support/clock.ts';
import type { AwsCall, AwsReply, Layer } from './call.ts';
import { ConnectionLost } from './connection-lost.ts';
import { readCall } from './read-call.ts';
import { renderError } from './render-error.ts';

/** The door of the simulated AWS. */
export interface Proxy {
  readonly url: string;
  /** Destroys every open connection and closes the port. */
  stop(): Promise<void>;
}

/** Serves AWS clients on a free loopback port: each request goes through the layers, outermost first, then to `answer`. */
export async function startProxy(
  layers: readonly Layer[],
  answer: (call: AwsCall) => Promise<AwsReply>,
  clock: Clock,
): Promise<Proxy> {
  const chain = layers.reduceRight<(call: AwsCall) => Promise<AwsReply>>(
    (next, layer) => async (call) => layer(call, next),
    answer,
  );
  const server = createServer((request, response) => {
    void serve(request, response, chain, clock);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  chain: (call: AwsCall) => Promise<AwsReply>,
  clock: Clock,
): Promise<void> {
  let call: AwsCall | undefined;
  try {
    const body = await bodyOf(request);
    call = readCall(
      { method: request.method ?? 'GET', path: request.url ?? '/', headers: request.headers, body },
      clock.now(),
    );
    send(response, await chain(call));
  } catch (error) {
    if (error instanceof ConnectionLost || call === undefined) {
      request.socket.destroy();
      return;
    }
    // A bug of the harness: told to the test by name, and not retried by the SDK as a 5xx would be.
    const message = error instanceof Error ? `${error.message} ${error.stack ?? ''}` : String(error);
    send(response, renderError(call, { status: 400, code: 'HarnessBug', message }));
  }
}

function send(response: ServerResponse, reply: AwsReply): void {
  response.writeHead(reply.status, { ...reply.headers, 'content-length': String(reply.body.length) });
  response.end(reply.body);
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Answers calls by the moto at `url`; what moto does not implement comes back as an error that says so and is not retried. */
export function motoAt(url: string): (call: AwsCall) => Promise<AwsReply> {
  return async (call) => {
    const reply = await forward(url, call);
    const isPage = reply.status >= 400 && (reply.headers['content-type'] ?? '').startsWith('text/html');
    if (!isPage || !/^\s*<!doctype html/i.test(reply.body.toString('utf8', 0, 100))) return reply;
    return renderError(call, {
      status: 400,
      code: 'NotInEmulator',
      message: `moto cannot answer ${call.service} ${call.action} (HTTP ${reply.status})`,
    });
  };
}

async function forward(url: string, call: AwsCall): Promise<AwsReply> {
  const { connection: _, 'transfer-encoding': __, expect: ___, 'content-length': ____, ...headers } = call.headers;
  const request = httpRequest(`${url}${call.path}`, {
    method: call.method,
    headers: { ...headers, 'content-length': String(call.body.length) },
    agent: false,
  });
  request.end(call.body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const body = await bodyOf(response);
  const replied: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value === undefined || ['connection', 'transfer-encoding', 'content-length'].includes(name)) continue;
    replied[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return { status: response.statusCode ?? 500, headers: replied, body };
}
