import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';
import { type MotoServer, motoServerAt, startMotoServer } from './moto-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where test files ask for the emulator of their worker. */
    motoForWorkers: string;
  }
}

/**
 * Keeps one emulator for each worker of the run, started when the first test file there asks for it: a start takes moto
 * several seconds, an emptying none. They are children of the run itself, and end with it, however it ends.
 */
export async function setup(project: Pick<TestProject, 'provide'>): Promise<() => Promise<void>> {
  const motos = new Map<string, Promise<MotoServer>>();
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1');
    const [worker, path] = [searchParams.get('worker') ?? '', searchParams.get('path') ?? ''];
    const moto = motos.get(worker) ?? startMotoServer(path);
    motos.set(worker, moto);
    await moto.then(
      ({ url }) => response.writeHead(200).end(url),
      (error: unknown) => {
        motos.delete(worker);
        response.writeHead(500).end(String(error));
      },
    );
  };
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  project.provide('motoForWorkers', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return async () => {
    server.close();
    server.closeAllConnections();
    await Promise.allSettled([...motos.values()].map(async (moto) => (await moto).stop()));
  };
}

let isTaken = false;

/** An empty emulator: that of this worker, or, where the test file has it already, one more that ends when it is stopped. */
export async function takeMoto(path: string): Promise<MotoServer> {
  if (isTaken) return startMotoServer(path);
  isTaken = true;
  const asked = new URLSearchParams({ worker: process.env['VITEST_POOL_ID'] ?? '', path });
  const response = await fetch(`${inject('motoForWorkers')}/?${asked.toString()}`);
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  const moto = motoServerAt(text);
  await moto.reset();
  return {
    ...moto,
    stop: async () => {
      isTaken = false;
      return Promise.resolve();
    },
  };
}
