import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { CloudWatchClient, GetMetricDataCommand, ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { cloudWatchTargetOf, putMetrics } from '../../src/publish/cloudwatch.ts';
import { METRICS, type DataPoint, metricsOf } from '../../src/publish/metrics.ts';
import { buildReport } from '../../src/report/build-report.ts';
import { type AwsWorld, startAwsWorld } from '../support/aws/aws-world.ts';
import { STORIES } from '../support/drill-stories.ts';
import { aRestore, aRunbook } from '../support/runbook-builder.ts';

const TARGET = { namespace: 'Drillbook', region: 'eu-west-1' };
const AT = new Date(Date.now() - 600_000).toISOString();

const world = await startAwsWorld();

/** The points of the passed story, moved to a few minutes ago: CloudWatch takes none older than two weeks. */
const report = buildReport(STORIES['passed']?.() ?? [], { tool: '0.1.0' });
const points = metricsOf(report, undefined).map((point): DataPoint => ({ ...point, at: AT }));

beforeEach(() => {
  for (const [name, value] of Object.entries(world?.env ?? {})) vi.stubEnv(name, value);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await world?.reset();
});

afterAll(async () => {
  await world?.stop();
});

/** Every metric below a namespace, by name and dimensions. */
async function listed(aws: AwsWorld, namespace: string): Promise<readonly string[]> {
  const { Metrics = [] } = await reader(aws).send(new ListMetricsCommand({ Namespace: namespace }));
  return Metrics.map(({ MetricName, Dimensions = [] }) =>
    [MetricName, ...Dimensions.map(({ Name, Value }) => `${Name}=${Value}`)].join(' '),
  );
}

async function readBack(aws: AwsWorld, { name, of }: DataPoint): Promise<readonly number[]> {
  const Dimensions = [
    { Name: 'Runbook', Value: of.runbook },
    ...(of.resource === undefined ? [] : [{ Name: 'Resource', Value: of.resource }]),
  ];
  const { MetricDataResults = [] } = await reader(aws).send(
    new GetMetricDataCommand({
      StartTime: new Date(Date.now() - 3_600_000),
      EndTime: new Date(Date.now() + 3_600_000),
      MetricDataQueries: [
        {
          Id: 'm',
          MetricStat: { Metric: { Namespace: 'Drillbook', MetricName: name, Dimensions }, Period: 60, Stat: 'Maximum' },
        },
      ],
    }),
  );
  return MetricDataResults.flatMap(({ Values }) => Values ?? []);
}

function reader({ region }: AwsWorld): CloudWatchClient {
  return new CloudWatchClient({ region });
}

function puts(
  aws: AwsWorld,
): readonly { Namespace: string; MetricData: readonly { Unit: string; MetricName: string }[] }[] {
  return aws.log.of('monitoring', 'PutMetricData').map(({ json }) => json as never);
}

describe.runIf(world)('figures put into CloudWatch', () => {
  const aws = world as AwsWorld;

  it('are read back as they were, under the runbook and its resource alone', async () => {
    expect(await putMetrics(points, TARGET)).toBeUndefined();
    expect([...(await listed(aws, 'Drillbook'))].sort()).toEqual(
      Object.entries(METRICS)
        .map(([name, { per }]) => `${name} Runbook=bookshop${per === 'resource' ? ' Resource=orders' : ''}`)
        .sort(),
    );
    for (const point of points) expect([point.name, await readBack(aws, point)]).toEqual([point.name, [point.value]]);
  });

  it('name no drill, not anywhere in a request', async () => {
    await putMetrics(points, TARGET);
    expect(aws.log.calls.length).toBe(1);
    expect(JSON.stringify(aws.log.calls)).toContain('bookshop');
    expect(JSON.stringify(aws.log.calls)).not.toContain(report.drillId);
    expect(JSON.stringify(aws.log.calls)).not.toContain(report.drillId.split('-').at(-1));
  });

  it('have the units of the table', async () => {
    await putMetrics(points, TARGET);
    const sent = puts(aws).flatMap(({ MetricData }) => MetricData);
    expect(sent.length).toBe(points.length);
    for (const { MetricName, Unit } of sent) expect(Unit).toBe(METRICS[MetricName as keyof typeof METRICS].unit);
  });

  it('go to the namespace and region of the target', async () => {
    expect(await putMetrics(points, { namespace: 'Platform/Drills', region: 'eu-central-1' })).toBeUndefined();
    expect(aws.log.of('monitoring').map(({ region }) => region)).toEqual(['eu-central-1']);
    expect(puts(aws).map(({ Namespace }) => Namespace)).toEqual(['Platform/Drills']);
  });

  it('go to the region that AWS clients find when the target names none', async () => {
    vi.stubEnv('AWS_REGION', 'us-east-2');
    expect(await putMetrics(points, { namespace: 'Drillbook' })).toBeUndefined();
    expect(aws.log.of('monitoring').map(({ region }) => region)).toEqual(['us-east-2']);
  });

  it('are sent by the thousand, a request of the longest names below a megabyte', async () => {
    const many = Array.from({ length: 2_001 }, (_, index): DataPoint => ({
      name: 'DaysSinceVerifiedRestore',
      value: 1_234.567_890_123_45,
      at: AT,
      of: { runbook: 'r'.repeat(40), resource: String(index).padStart(40, 'x') },
    }));
    const sizes: number[] = [];
    expect(await putMetrics(many, TARGET)).toBeUndefined();
    for (const put of puts(aws)) sizes.push(JSON.stringify(put).length);
    expect(puts(aws).map(({ MetricData }) => MetricData.length)).toEqual([1_000, 1_000, 1]);
    expect(Math.max(...sizes)).toBeLessThan(1_000_000);
  });

  it('survive a busy account', async () => {
    aws.faults.add({ service: 'monitoring', action: 'PutMetricData', kind: 'throttle', times: 3 });
    expect(await putMetrics(points, TARGET)).toBeUndefined();
    expect(aws.log.of('monitoring', 'PutMetricData').map(({ status }) => status)).toEqual([400, 400, 400, 200]);
  });

  it('that are refused are a problem that says who must allow what, and repeats nothing that AWS said', async () => {
    const message = 'the request was x-amz-security-token:TOPSECRET';
    aws.faults.add({ service: 'monitoring', kind: 'error', status: 403, code: 'AccessDenied', message });
    const problem = await putMetrics(points, TARGET);
    expect(problem).toMatchObject({ code: 'publish/cloudwatch', blames: 'environment' });
    expect(problem?.message).toContain("'Drillbook' in 'eu-west-1': AccessDenied");
    expect(problem?.hint).toContain('cloudwatch:PutMetricData');
    expect(JSON.stringify(problem)).not.toContain('TOPSECRET');
  });

  it('are not sent at all when there are none', async () => {
    expect(await putMetrics([], TARGET)).toBeUndefined();
    expect(aws.log.calls).toEqual([]);
  });
});

describe('figures that cannot get to CloudWatch', () => {
  let closedPort = 0;

  beforeAll(async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    closedPort = (server.address() as AddressInfo).port;
    server.close();
    await once(server, 'close');
  });

  beforeEach(() => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAIOSFODNN7EXAMPLE');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY');
    vi.stubEnv('AWS_CONFIG_FILE', '/dev/null');
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null');
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${closedPort}`);
  });

  it('are a problem that names what the network said', async () => {
    const problem = await putMetrics(points, TARGET);
    expect(problem).toMatchObject({ code: 'publish/cloudwatch' });
    expect(problem?.message).toContain('ECONNREFUSED');
  });

  it('are a problem that asks for a region where none is known', async () => {
    vi.stubEnv('AWS_REGION', undefined);
    vi.stubEnv('AWS_DEFAULT_REGION', undefined);
    const problem = await putMetrics(points, { namespace: 'Drillbook' });
    expect(problem?.message).toContain('no region is known');
    expect(problem?.hint).toContain('AWS_REGION');
  });

  it('are a problem that asks for credentials where there are none', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined);
    vi.stubEnv('AWS_PROFILE', undefined);
    const problem = await putMetrics(points, TARGET);
    expect(problem?.message).toContain('CredentialsProviderError');
    expect(problem?.hint).toContain('credentials');
  });
});

describe('where figures go', () => {
  const aws = {
    provider: 'aws',
    account: '123456789012',
    region: 'eu-north-1',
    sharesAccountWithSources: false,
    expiresAfter: 7_200_000,
    minimumIsolation: 'VPC',
  } as const;
  const publish = { cloudWatch: { namespace: 'Drillbook' } };

  it('is nowhere unless the runbook says so', () => {
    expect(cloudWatchTargetOf(aRunbook([aRestore('orders')], { sandbox: aws }))).toBeUndefined();
  });

  it("is the region that the runbook names, else the sandbox's, else the one that AWS clients find", () => {
    const restores = [aRestore('orders')];
    const named = { cloudWatch: { namespace: 'Drillbook', region: 'us-east-1' } };
    expect(cloudWatchTargetOf(aRunbook(restores, { sandbox: aws, publish: named }))?.region).toBe('us-east-1');
    expect(cloudWatchTargetOf(aRunbook(restores, { sandbox: aws, publish }))?.region).toBe('eu-north-1');
    expect(cloudWatchTargetOf(aRunbook(restores, { publish }))).toEqual({ namespace: 'Drillbook' });
  });
});
