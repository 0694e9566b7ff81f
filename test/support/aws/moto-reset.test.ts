import * as cloudwatch from '@aws-sdk/client-cloudwatch';
import * as ec2 from '@aws-sdk/client-ec2';
import * as kms from '@aws-sdk/client-kms';
import * as lambda from '@aws-sdk/client-lambda';
import * as rds from '@aws-sdk/client-rds';
import * as route53 from '@aws-sdk/client-route-53';
import * as s3 from '@aws-sdk/client-s3';
import * as secrets from '@aws-sdk/client-secrets-manager';
import * as sns from '@aws-sdk/client-sns';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Route53ResolverClient } from '../../../src/providers/aws/route53-resolver.ts';
import { type MotoServer, findMotoServer } from './moto-server.ts';
import { takeMoto } from './moto-for-workers.ts';

const path = await findMotoServer();

/** Puts one thing into a service, and counts what is there. */
interface Trace {
  readonly make: () => Promise<unknown>;
  readonly count: () => Promise<number | undefined>;
}

type Config = ReturnType<typeof configFor>;

const configFor = (endpoint: string, region: string) => ({
  endpoint,
  region,
  credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'x' },
  maxAttempts: 1,
  forcePathStyle: true,
});

/** One emulator serves many test files: nothing that one has left may be there for the next. */
describe.skipIf(path === undefined)('an emulator that was emptied', () => {
  let moto: MotoServer;
  beforeAll(async () => {
    moto = await takeMoto(path ?? '');
  });
  beforeEach(async () => moto.reset());
  afterAll(async () => moto.stop());

  it.each(['eu-west-1', 'us-east-1'])('has nothing left of what was made in %s', async (region) => {
    const config = configFor(moto.url, region);
    const traces = { ...dataTraces(config), ...networkTraces(config), ...noticeTraces(config) };
    const before = await countsOf(traces);
    for (const { make } of Object.values(traces)) await make();
    const made = await countsOf(traces);
    for (const name of Object.keys(traces)) expect(made[name], name).toBeGreaterThan(before[name] ?? 0);
    await moto.reset();
    expect(await countsOf(traces)).toEqual(before);
  });
});

async function countsOf(traces: Readonly<Record<string, Trace>>): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const [name, { count }] of Object.entries(traces)) counts[name] = (await count()) ?? 0;
  return counts;
}

function dataTraces(config: Config) {
  const databases = new rds.RDSClient(config);
  const buckets = new s3.S3Client(config);
  const keys = new kms.KMSClient(config);
  const manager = new secrets.SecretsManagerClient(config);
  const LocationConstraint = config.region === 'us-east-1' ? undefined : (config.region as 'eu-west-1');
  return {
    instances: {
      make: async () =>
        databases.send(
          new rds.CreateDBInstanceCommand({
            DBInstanceIdentifier: 'orders',
            DBInstanceClass: 'db.t4g.micro',
            Engine: 'postgres',
            AllocatedStorage: 20,
            MasterUsername: 'postgres',
            MasterUserPassword: 'not-a-secret',
          }),
        ),
      count: async () => (await databases.send(new rds.DescribeDBInstancesCommand({}))).DBInstances?.length,
    },
    snapshots: {
      make: async () =>
        databases.send(
          new rds.CreateDBSnapshotCommand({ DBInstanceIdentifier: 'orders', DBSnapshotIdentifier: 'orders-1' }),
        ),
      count: async () => (await databases.send(new rds.DescribeDBSnapshotsCommand({}))).DBSnapshots?.length,
    },
    buckets: {
      make: async () =>
        buckets.send(
          new s3.CreateBucketCommand({
            Bucket: 'reports',
            ...(LocationConstraint && { CreateBucketConfiguration: { LocationConstraint } }),
          }),
        ),
      count: async () => (await buckets.send(new s3.ListBucketsCommand({}))).Buckets?.length,
    },
    keys: {
      make: async () => keys.send(new kms.CreateKeyCommand({})),
      count: async () => (await keys.send(new kms.ListKeysCommand({}))).Keys?.length,
    },
    secrets: {
      make: async () => manager.send(new secrets.CreateSecretCommand({ Name: 'login', SecretString: 'x' })),
      count: async () => (await manager.send(new secrets.ListSecretsCommand({}))).SecretList?.length,
    },
  };
}

function networkTraces(config: Config) {
  const network = new ec2.EC2Client(config);
  const zones = new route53.Route53Client(config);
  const resolver = new Route53ResolverClient(config);
  const rules = async () => resolver.call<{ ResolverRules?: readonly { Id?: string }[] }>('ListResolverRules', {});
  return {
    vpcs: {
      make: async () => network.send(new ec2.CreateVpcCommand({ CidrBlock: '10.0.0.0/16' })),
      count: async () => (await network.send(new ec2.DescribeVpcsCommand({}))).Vpcs?.length,
    },
    zones: {
      make: async () =>
        zones.send(new route53.CreateHostedZoneCommand({ Name: 'shop.internal', CallerReference: 'once' })),
      count: async () => (await zones.send(new route53.ListHostedZonesCommand({}))).HostedZones?.length,
    },
    'resolver rules': {
      make: async () =>
        resolver.call('CreateResolverRule', {
          CreatorRequestId: 'once',
          RuleType: 'FORWARD',
          DomainName: 'corp.example',
          TargetIps: [{ Ip: '10.1.0.2', Port: 53 }],
        }),
      count: async () => (await rules()).ResolverRules?.length,
    },
  };
}

function noticeTraces(config: Config) {
  const topics = new sns.SNSClient(config);
  const watch = new cloudwatch.CloudWatchClient(config);
  const functions = new lambda.LambdaClient(config);
  const metric = new cloudwatch.PutMetricDataCommand({ Namespace: 'x', MetricData: [{ MetricName: 'm', Value: 1 }] });
  return {
    topics: {
      make: async () => topics.send(new sns.CreateTopicCommand({ Name: 'told' })),
      count: async () => (await topics.send(new sns.ListTopicsCommand({}))).Topics?.length,
    },
    metrics: {
      make: async () => watch.send(metric),
      count: async () => (await watch.send(new cloudwatch.ListMetricsCommand({}))).Metrics?.length,
    },
    roles: {
      make: async () => iam(config, { Action: 'CreateRole', RoleName: 'probe', AssumeRolePolicyDocument: '{}' }),
      count: async () => (await iam(config, { Action: 'ListRoles' })).split('<RoleName>').length - 1,
    },
    functions: {
      make: async () =>
        functions.send(
          new lambda.CreateFunctionCommand({
            FunctionName: 'probe',
            Role: 'arn:aws:iam::123456789012:role/probe',
            Runtime: 'nodejs22.x',
            Handler: 'index.handler',
            Code: { ZipFile: EMPTY_ZIP },
          }),
        ),
      count: async () => (await functions.send(new lambda.ListFunctionsCommand({}))).Functions?.length,
    },
  };
}

/** The one service here without a client of ours. */
async function iam(
  { endpoint, region, credentials }: Config,
  params: Readonly<Record<string, string>>,
): Promise<string> {
  const credential = `${credentials.accessKeyId}/20260101/${region}/iam/aws4_request`;
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=0` },
    body: new URLSearchParams({ Version: '2010-05-08', ...params }),
  });
  return response.text();
}

/** A zip without any file: its end record alone. */
const EMPTY_ZIP = Buffer.concat([Buffer.from('PK\x05\x06', 'latin1'), Buffer.alloc(18)]);
