import { connect } from 'node:net';
import {
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeNetworkInterfacesCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { CreateFunctionCommand, DeleteFunctionCommand, GetFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  DeleteDBInstanceCommand,
  DescribeDBInstancesCommand,
  ModifyDBInstanceCommand,
  RDSClient,
  RestoreDBInstanceFromDBSnapshotCommand,
  RestoreDBInstanceToPointInTimeCommand,
} from '@aws-sdk/client-rds';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { lambdaProbe } from '../../../src/probe/aws/lambda-probe.ts';
import type { Observation, ObservationRequest } from '../../../src/probe/observation.ts';
import type { RdsEndpoint } from '../../../src/providers/resource.ts';
import { type AwsWorld, startAwsWorld } from '../../support/aws/aws-world.ts';
import { buildProbe } from '../../support/aws/lambda/build-probe.ts';
import { type Planter, planterOf } from '../../support/aws/plant.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { overwrite } from '../../support/postgres-server.ts';
import { wholeTest } from '../../support/whole.ts';

const PENDING = 20_000;
const INTERFACES_STAY = 600_000;
const clock = fakeClock();
const world = await startAwsWorld({ clock, lambda: { pendingFor: PENDING, interfacesStayFor: INTERFACES_STAY } });

describe.skipIf(world === undefined)('the probe in a simulated AWS', () => {
  const aws = world as AwsWorld;
  let plant: Planter;
  let zip: Buffer;
  let clients: { rds: RDSClient; lambda: LambdaClient; ec2: EC2Client };
  let network: { subnets: string[]; group: string };

  beforeAll(async () => {
    for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value);
    plant = planterOf(aws);
    const once = { maxAttempts: 1 };
    clients = { rds: new RDSClient(once), lambda: new LambdaClient(once), ec2: new EC2Client(once) };
    zip = await buildProbe();
    for (const [id, rows] of [
      ['orders-1', 500],
      ['orders', 700],
    ] as const) {
      await aws.databases.seed(id, async (client) => {
        await client.query('create table orders (id int primary key, note text)');
        await client.query(`insert into orders select g, 'canary-row-' || g from generate_series(1, ${rows}) as g`);
      });
    }
  });
  beforeEach(async () => {
    await aws.reset();
    await plant.instance('orders');
    await plant.snapshots('orders', [clock.now(), clock.now()]);
    await createRole(aws.url);
    const { ec2 } = clients;
    const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/16' }));
    const VpcId = Vpc?.VpcId ?? '';
    const subnets: string[] = [];
    for (const CidrBlock of ['10.9.1.0/24', '10.9.2.0/24']) {
      subnets.push((await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock }))).Subnet?.SubnetId ?? '');
    }
    const made = await ec2.send(new CreateSecurityGroupCommand({ VpcId, GroupName: 'probe', Description: 'probe' }));
    network = { subnets, group: made.GroupId ?? '' };
  });
  afterAll(async () => {
    plant.close();
    for (const client of Object.values(clients)) client.destroy();
    vi.unstubAllEnvs();
    await aws.stop();
  });

  async function createProbe(): Promise<void> {
    await clients.lambda.send(
      new CreateFunctionCommand({
        FunctionName: 'drill-probe',
        Role: 'arn:aws:iam::123456789012:role/probe',
        Runtime: 'nodejs22.x',
        Handler: 'index.handler',
        Timeout: 60,
        VpcConfig: { SubnetIds: network.subnets, SecurityGroupIds: [network.group] },
        Code: { ZipFile: zip },
      }),
    );
  }

  /** Has RDS manage the secret of a restored instance, and answers where it is when all is done. */
  async function ready(id: string): Promise<RdsEndpoint> {
    clock.advance(10_000);
    await clients.rds.send(
      new ModifyDBInstanceCommand({ DBInstanceIdentifier: id, ManageMasterUserPassword: true, ApplyImmediately: true }),
    );
    clock.advance(10_000);
    const { DBInstances } = await clients.rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: id }));
    const { Endpoint, MasterUserSecret } = DBInstances?.[0] ?? {};
    const [address, port, secretArn] = [Endpoint?.Address, Endpoint?.Port, MasterUserSecret?.SecretArn];
    if (address === undefined || port === undefined || secretArn === undefined) throw new Error(`'${id}' is not ready`);
    return { kind: 'rds', engine: 'postgres', address, port, secretArn, probe: 'drill-probe' };
  }

  async function restore(snapshot: string, id: string): Promise<RdsEndpoint> {
    await clients.rds.send(
      new RestoreDBInstanceFromDBSnapshotCommand({ DBInstanceIdentifier: id, DBSnapshotIdentifier: snapshot }),
    );
    return ready(id);
  }

  async function observe(endpoint: RdsEndpoint, request: ObservationRequest): Promise<Observation> {
    const probe = lambdaProbe({ lambda: async () => clients.lambda, clock });
    const observation = await probe.observe(endpoint, request, AbortSignal.timeout(50_000));
    expect(JSON.stringify(observation)).not.toContain('canary');
    return observation;
  }

  const COUNT: ObservationRequest = { kind: 'row-counts', database: 'shop', tables: ['orders'] };

  it('looks at what was restored, from a snapshot and to a point in time, as a master user who is no superuser', async () => {
    await createProbe();
    const fromSnapshot = await restore('orders-1', 'drill-one');
    await clients.rds.send(
      new RestoreDBInstanceToPointInTimeCommand({
        SourceDBInstanceIdentifier: 'orders',
        TargetDBInstanceIdentifier: 'drill-two',
        UseLatestRestorableTime: true,
      }),
    );
    const toNow = await ready('drill-two');
    expect(await observe(fromSnapshot, COUNT)).toMatchObject({ counts: [{ rows: 500 }] });
    expect(await observe(toNow, COUNT)).toMatchObject({ counts: [{ rows: 700 }] });
    const query = 'select rolsuper from pg_roles where rolname = current_user';
    expect(await observe(toNow, { kind: 'sql', database: 'shop', query })).toMatchObject({ value: false });
  });

  wholeTest('finds a snapshot damaged', async () => {
    await aws.databases.seed('orders-2', async (client) => {
      await client.query('create table orders (id int primary key, note text)');
      await client.query('insert into orders select g, repeat(md5(g::text), 20) from generate_series(1, 500) as g');
    });
    await aws.databases.damage('orders-2', async (seeded) => {
      await seeded.start();
      const file = await seeded.fileOf('orders', 'shop');
      await seeded.stop();
      await overwrite(file, 2 * 8_192 + 4_000, (bytes) => bytes.fill(0xa5), 500);
    });
    await createProbe();
    const endpoint = await restore('orders-2', 'drill-damaged');
    const structure = await observe(endpoint, { kind: 'structure', database: 'shop', heapAllIndexed: true });
    expect(structure).toMatchObject({
      kind: 'structure',
      faults: expect.arrayContaining([expect.objectContaining({ relation: 'public.orders' })]) as object[],
    });
  });

  it('is waited for until its function has come up, and its interfaces are there as long as Lambda keeps them', async () => {
    await createProbe();
    const state = async () =>
      (await clients.lambda.send(new GetFunctionCommand({ FunctionName: 'drill-probe' }))).Configuration?.State;
    const interfaces = async () => {
      const Filters = [{ Name: 'group-id', Values: [network.group] }];
      const found = await clients.ec2.send(new DescribeNetworkInterfacesCommand({ Filters }));
      return found.NetworkInterfaces?.map(
        ({ InterfaceType, Status, SubnetId }) => `${InterfaceType} ${Status} ${SubnetId}`,
      );
    };
    expect(await state()).toBe('Pending');
    expect(await observe(NOWHERE, COUNT)).toMatchObject({ problem: { code: 'probe/secret-unreadable' } });
    expect(aws.log.of('lambda', 'Invoke').map(({ status }) => status)).toEqual([409, 409, 409, 409, 200]);
    expect(await state()).toBe('Active');
    expect(new Set(await interfaces())).toEqual(new Set(network.subnets.map((subnet) => `lambda in-use ${subnet}`)));
    await clients.lambda.send(new DeleteFunctionCommand({ FunctionName: 'drill-probe' }));
    clock.advance(INTERFACES_STAY - 1_000);
    expect(await interfaces()).toHaveLength(2);
    clock.advance(1_000);
    expect(await interfaces()).toHaveLength(0);
  });

  it('meets nothing any more where the instance is deleted', async () => {
    const { address, port } = await restore('orders-1', 'drill-gone');
    expect(await answers(address, port)).toBe(true);
    await clients.rds.send(
      new DeleteDBInstanceCommand({ DBInstanceIdentifier: 'drill-gone', SkipFinalSnapshot: true }),
    );
    clock.advance(60_000);
    await clients.rds.send(new DescribeDBInstancesCommand({}));
    expect(await answers(address, port)).toBe(false);
  });
});

const NOWHERE: RdsEndpoint = {
  kind: 'rds',
  engine: 'postgres',
  address: '127.0.0.1',
  port: 1,
  secretArn: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:none-AbCdEf',
  probe: 'drill-probe',
};

/** The drill's stack makes the role; here the client of a service that drillbook does not use would be needed for it. */
async function createRole(url: string): Promise<void> {
  const trust = { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' };
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: 'AWS4-HMAC-SHA256 Credential=PLANTER/20261120/us-east-1/iam/aws4_request' },
    body: new URLSearchParams({
      Action: 'CreateRole',
      Version: '2010-05-08',
      RoleName: 'probe',
      AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [trust] }),
    }),
  });
  expect(response.status, await response.text()).toBe(200);
}

async function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
