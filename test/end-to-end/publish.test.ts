import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Report } from '../../src/report/report.ts';
import { type RealEstate, realEstate, tracesOf } from '../support/real-estate.ts';
import { startReceiver } from '../support/receiver.ts';

let estate: RealEstate;

beforeAll(async () => {
  estate = await realEstate();
});
afterAll(async () => {
  expect(await tracesOf(estate.folder)).toEqual([]);
  await estate.remove();
});

test('a drill that passes exits with 0 though neither figures nor a notification can be sent, and says so', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const receiver = await startReceiver((response, _, { method }) => {
    response.writeHead(method === 'GET' ? 200 : 302, { location: `http://127.0.0.1:${port}/elsewhere` }).end();
  });
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    HOOK: `${receiver.url}/URL-CANARY`,
    SECRET: 'SECRET-CANARY',
  };
  const extra = [
    'publish: { cloudwatch: { region: eu-west-1 } }',
    'notify:',
    '  - { webhook: { url: { env: HOOK }, secret: { env: SECRET } }, on: [passed] }',
    `  - { heartbeat: { url: '${receiver.url}/alive' } }`,
  ].join('\n');
  const runbook = await estate.runbook('published', { pick: 'base/05-evening', extra });
  const { code, stdout, stderr } = await estate.drillbook(['run', runbook, '--json'], { env });
  expect([code, (JSON.parse(stdout) as { verdict: string }).verdict], stderr).toEqual([0, 'passed']);
  expect(stderr).toContain('ECONNREFUSED [publish/cloudwatch]');
  expect(stderr).toContain('[notify/redirected]');
  await receiver.stop();
  expect(receiver.received.map(({ method, path }) => `${method} ${path}`).sort((a, b) => a.localeCompare(b))).toEqual([
    'GET /alive',
    'POST /URL-CANARY',
  ]);
  const report = JSON.parse(stdout) as Report;
  expect([...(report.notifications ?? [])].sort((a, b) => (a.target < b.target ? -1 : 1))).toMatchObject([
    { target: 'heartbeat-1', outcome: 'sent' },
    { target: 'webhook-1', outcome: 'failed' },
  ]);
  const verified = await estate.drillbook(['verify', report.drillId]);
  expect(verified.code, verified.stdout).toBe(0);
  const folder = join(estate.folder, 'reports', report.drillId);
  const kept = await Promise.all((await readdir(folder)).map(async (file) => readFile(join(folder, file), 'utf8')));
  expect([stdout, stderr, ...kept].join('')).not.toContain('CANARY');
});
