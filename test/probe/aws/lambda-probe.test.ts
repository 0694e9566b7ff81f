import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lambdaProbe } from '../../../src/probe/aws/lambda-probe.ts';
import type { Observation, ObservationRequest } from '../../../src/probe/observation.ts';
import type { RdsEndpoint } from '../../../src/providers/resource.ts';
import type { AwsCall, AwsReply } from '../../support/aws/call.ts';
import { renderError } from '../../support/aws/render-error.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { type SmallWorld, startSmallWorld } from '../lambda/small-world.ts';

const ENDPOINT: RdsEndpoint = {
  kind: 'rds',
  engine: 'postgres',
  address: 'drill.example',
  port: 5432,
  secretArn: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:x',
  probe: 'drillbook-0123456789ab-probe',
};
const SQL: ObservationRequest = { kind: 'sql', database: 'shop', query: 'select 1' };
const ONE: Observation = { kind: 'sql', rows: 1, value: 1 };
const PROBLEM = { code: 'x/y', message: 'm', hint: 'H.', blames: 'environment' };

let world: SmallWorld;
let answer: (call: AwsCall, calls: number) => AwsReply | Promise<AwsReply>;
let calls: AwsCall[];
let clock: ReturnType<typeof fakeClock>;

beforeEach(async () => {
  calls = [];
  clock = fakeClock();
  world = await startSmallWorld([
    async (call) => {
      calls.push(call);
      return answer(call, calls.length);
    },
  ]);
});

afterEach(() => world.stop());

function answered(text: string, functionError?: string): AwsReply {
  const headers = {
    'content-type': 'application/json',
    ...(functionError && { 'x-amz-function-error': functionError }),
  };
  return { status: 200, headers, body: Buffer.from(text) };
}

function refuse(call: AwsCall, status: number, code: string): AwsReply {
  return renderError(call, { status, code, message: 'canary-message' });
}

async function observe(request = SQL, signal = AbortSignal.timeout(30_000)): Promise<Observation> {
  const probe = lambdaProbe({ lambda: async () => world.client, clock });
  const observation = await probe.observe(ENDPOINT, request, signal);
  expect(JSON.stringify(observation)).not.toContain('canary');
  return observation;
}

describe('the probe in a Lambda function', () => {
  it('is sent endpoint and request, and its answer is the observation', async () => {
    answer = () => answered(JSON.stringify(ONE));
    expect(await observe()).toEqual(ONE);
    expect(calls.map(({ action, path }) => [action, path])).toEqual([
      ['Invoke', `/2015-03-31/functions/${ENDPOINT.probe}/invocations`],
    ]);
    expect(JSON.parse(calls[0]?.body.toString() ?? '')).toEqual({ endpoint: ENDPOINT, request: SQL });
  });

  it('may itself say that it could not look', async () => {
    answer = () => answered(JSON.stringify({ kind: 'unobservable', problem: PROBLEM }));
    expect(await observe()).toEqual({ kind: 'unobservable', problem: PROBLEM });
  });

  it.each([
    [409, 'ResourceConflictException'],
    [429, 'TooManyRequestsException'],
  ])('is called again when it is not ready yet (%d %s)', async (status, code) => {
    answer = (call, count) => (count < 4 ? refuse(call, status, code) : answered(JSON.stringify(ONE)));
    expect(await observe()).toEqual(ONE);
    expect(clock.monotonic()).toBe(1_000 + 3 * 5_000);
  });

  it('is not called for ever when it is never ready', async () => {
    answer = (call) => refuse(call, 409, 'ResourceConflictException');
    expect(await observe()).toMatchObject({
      problem: { code: 'probe/not-ready', message: expect.stringContaining('ResourceConflictException') as string },
    });
    expect(calls).toHaveLength(13);
    expect(clock.monotonic()).toBe(1_000 + 12 * 5_000);
  });

  it.each([
    [403, 'AccessDeniedException', 'probe/not-allowed'],
    [403, 'ExpiredTokenException', 'probe/not-allowed'],
    [404, 'ResourceNotFoundException', 'probe/function-missing'],
    [502, 'EC2AccessDeniedException', 'probe/not-allowed'],
    [502, 'SubnetIPAddressLimitReachedException', 'probe/not-called'],
  ])('that is refused (%d %s) is unobservable at once', async (status, code, expected) => {
    answer = (call) => refuse(call, status, code);
    const observation = await observe();
    expect(observation).toMatchObject({ kind: 'unobservable', problem: { code: expected, blames: 'environment' } });
    expect(observation).toMatchObject({ problem: { message: expect.stringContaining(code) as string } });
    expect(calls).toHaveLength(1);
  });

  it.each([
    ['{"errorType":"TypeError","errorMessage":"canary-row","trace":["canary"]}', 'probe/function-failed', 'TypeError'],
    ['{"errorType":"canary secret!","errorMessage":"x"}', 'probe/function-failed', 'unknown error'],
    ['{"errorType":"Sandbox.Timedout","errorMessage":"canary"}', 'probe/timed-out', 'Sandbox.Timedout'],
    ['{"errorMessage":"2026-11-20 canary Task timed out after 3.00 seconds"}', 'probe/timed-out', 'Sandbox.Timedout'],
    ['', 'probe/function-failed', 'unknown error'],
  ])('that fails with %s shows no more than the type of its error', async (text, code, type) => {
    answer = () => answered(text, 'Unhandled');
    const observation = await observe();
    expect(observation).toMatchObject({ kind: 'unobservable', problem: { code, blames: 'environment' } });
    expect(observation).toMatchObject({
      problem: { message: expect.stringMatching(new RegExp(`${type}$`)) as string },
    });
  });

  it('is no longer waited for when the signal aborts', async () => {
    const abort = new AbortController();
    answer = () =>
      new Promise(() => {
        abort.abort();
      });
    expect(await observe(SQL, abort.signal)).toMatchObject({ problem: { code: 'check/gave-up' } });
  });

  it('is not called when the signal has aborted', async () => {
    expect(await observe(SQL, AbortSignal.abort())).toMatchObject({ problem: { code: 'check/gave-up' } });
    expect(calls).toHaveLength(0);
  });

  it('is not sent what Lambda does not take', async () => {
    const tables = Array.from({ length: 70_000 }, () => 't'.repeat(100));
    expect(await observe({ kind: 'row-counts', database: 'shop', tables })).toMatchObject({
      problem: { code: 'probe/request-too-large' },
    });
    expect(calls).toHaveLength(0);
  });

  it('that cannot be reached is unobservable', async () => {
    await world.stop();
    expect(await observe()).toMatchObject({
      problem: { code: 'probe/not-called', message: expect.stringContaining('ECONNREFUSED') as string },
    });
  });
});

describe('an answer', () => {
  it.each([
    '',
    'null',
    '[]',
    '"passed"',
    '{"kind":"sql"',
    '{"kind":"sql","rows":1}',
    '{"kind":"sql","rows":-1,"value":1}',
    '{"kind":"sql","rows":null,"value":1}',
    '{"kind":"sql","rows":1,"value":{"a":1}}',
    '{"kind":"sql","rows":1,"value":1,"note":"canary"}',
    '{"kind":"login","accepted":true}',
    '{"kind":"toString"}',
    '{"kind":"unobservable","problem":{"code":"x"}}',
    '{"kind":"unobservable","problem":{"code":"x","message":"m","hint":"h","blames":"nobody"}}',
  ])('that is no observation of what was asked is not trusted: %s', async (text) => {
    answer = () => answered(text);
    expect(await observe()).toMatchObject({ kind: 'unobservable', problem: { code: 'probe/malformed-answer' } });
  });

  it.each<[ObservationRequest, unknown, unknown]>([
    [
      { kind: 'login', database: 'shop' },
      { kind: 'login', accepted: false, refusal: 'r' },
      { kind: 'login', accepted: 'yes' },
    ],
    [
      { kind: 'row-counts', database: 'shop', tables: ['a'] },
      { kind: 'row-counts', counts: [{ table: 'a', rows: 1 }, { table: 'b' }, { table: 'c', unreadable: PROBLEM }] },
      { kind: 'row-counts', counts: [{ table: 'a', rows: '1' }] },
    ],
    [
      { kind: 'structure', database: 'shop', heapAllIndexed: false },
      {
        kind: 'structure',
        indexesChecked: 1,
        heapsChecked: 1,
        faults: [
          { relation: 'a', fault: 'f' },
          { relation: 'a', fault: 'f', class: 'sequences-behind' },
        ],
        encoding: 'UTF8',
        unreadable: [],
      },
      { kind: 'structure', indexesChecked: 1, heapsChecked: 1 },
    ],
    [
      { kind: 'structure', database: 'shop', heapAllIndexed: false },
      { kind: 'structure', indexesChecked: 1, heapsChecked: 1, faults: [] },
      {
        kind: 'structure',
        indexesChecked: 1,
        heapsChecked: 1,
        faults: [{ relation: 'a', fault: 'f', class: 'toString' }],
      },
    ],
    [
      { kind: 'foreign-keys', database: 'shop' },
      {
        kind: 'foreign-keys',
        keysChecked: 1,
        rows: 2,
        orphans: [{ table: 'a', key: 'k', rows: 1 }],
        unreadable: [{ relation: 'b', problem: PROBLEM }],
      },
      { kind: 'foreign-keys', keysChecked: 1, rows: 2 },
    ],
    [
      { kind: 'contents', database: 'shop', bounded: [] },
      {
        kind: 'contents',
        contents: {
          engineMajor: '17',
          schemaFingerprint: 'ab',
          schemaParts: { columns: '0f' },
          tables: [{ table: 'a', rows: 2, contentHash: '-12' }],
          bounded: [{ table: 'a', where: 'x', rows: 2, contentHash: '12' }],
        },
      },
      { kind: 'contents', contents: { engineMajor: '17', schemaFingerprint: 'ab', tables: [] } },
    ],
    [
      { kind: 'freshness', database: 'shop', query: 'q' },
      { kind: 'freshness', newestAt: '2026-11-20T03:00:00.000Z', observedAt: '2026-11-20T03:00:00.000Z' },
      { kind: 'freshness', newestAt: 'yesterday' },
    ],
  ])('to %j is taken when whole, and only then', async (request, whole, broken) => {
    answer = () => answered(JSON.stringify(whole));
    expect(await observe(request)).toEqual(whole);
    answer = () => answered(JSON.stringify(broken));
    expect(await observe(request)).toMatchObject({ problem: { code: 'probe/malformed-answer' } });
  });
});
