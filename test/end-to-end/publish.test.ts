import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RealEstate, realEstate, tracesOf } from '../support/real-estate.ts';

let estate: RealEstate;

beforeAll(async () => {
  estate = await realEstate();
});
afterAll(async () => {
  expect(await tracesOf(estate.folder)).toEqual([]);
  await estate.remove();
});

test('a drill that passes exits with 0 though its figures cannot be sent, and says so', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  };
  const extra = 'publish: { cloudwatch: { region: eu-west-1 } }';
  const runbook = await estate.runbook('published', { pick: 'base/05-evening', extra });
  const { code, stdout, stderr } = await estate.drillbook(['run', runbook, '--json'], { env });
  expect([code, (JSON.parse(stdout) as { verdict: string }).verdict], stderr).toEqual([0, 'passed']);
  expect(stderr).toContain('ECONNREFUSED [publish/cloudwatch]');
});
