import { CloudFormationClient, CreateStackCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CreateVpcCommand, DescribeVpcsCommand, EC2Client, paginateDescribeVpcs } from '@aws-sdk/client-ec2';
import { CreateFunctionCommand, GetFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { CreateDBInstanceCommand, DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
import { ListHostedZonesCommand, Route53Client } from '@aws-sdk/client-route-53';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AwsWorld, startAwsWorld } from './aws-world.ts';

const world = await startAwsWorld();

describe.skipIf(world === undefined)('a simulated AWS', () => {
  const aws = world as AwsWorld;
  const once = { maxAttempts: 1 };
  let rds: RDSClient;
  beforeAll(() => {
    for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value);
    rds = new RDSClient();
  });
  beforeEach(async () => aws.reset());
  afterAll(async () => {
    rds.destroy();
    vi.unstubAllEnvs();
    await aws.stop();
  });

  const list = new DescribeDBInstancesCommand({});
  const create = (id: string) =>
    new CreateDBInstanceCommand({
      DBInstanceIdentifier: id,
      DBInstanceClass: 'db.t4g.micro',
      Engine: 'postgres',
      MasterUsername: 'postgres',
      MasterUserPassword: 'not-a-secret',
      AllocatedStorage: 20,
    });

  it('knows who asks, with nothing but its environment', async () => {
    const { Account } = await new STSClient().send(new GetCallerIdentityCommand({}));
    expect(Account).toBe(aws.account);
  });

  it('logs service, action, region, parameters, status and error code of every protocol', async () => {
    await new EC2Client().send(new DescribeVpcsCommand({}));
    await new Route53Client().send(new ListHostedZonesCommand({}));
    await new CloudWatchClient().send(new PutMetricDataCommand({ Namespace: 'x', MetricData: [{ MetricName: 'm' }] }));
    await expect(new LambdaClient().send(new GetFunctionCommand({ FunctionName: 'none' }))).rejects.toThrow();
    await expect(new SecretsManagerClient().send(new GetSecretValueCommand({ SecretId: 'none' }))).rejects.toThrow();
    await rds.send(create('orders'));
    const lines = aws.log.calls.map(({ service, action, region, status, error }) => [
      `${service} ${action} ${region}`,
      status,
      error,
    ]);
    expect(lines).toEqual([
      ['ec2 DescribeVpcs eu-west-1', 200, undefined],
      ['route53 ListHostedZones eu-west-1', 200, undefined],
      ['monitoring PutMetricData eu-west-1', 200, undefined],
      ['lambda GetFunction eu-west-1', 404, 'ResourceNotFoundException'],
      ['secretsmanager GetSecretValue eu-west-1', 404, 'ResourceNotFoundException'],
      ['rds CreateDBInstance eu-west-1', 200, undefined],
    ]);
    expect(aws.log.of('rds', 'CreateDBInstance')[0]?.params['DBInstanceIdentifier']).toBe('orders');
    expect(aws.log.of('secretsmanager')[0]?.json).toEqual({ SecretId: 'none' });
    expect(aws.log.mutations().map(({ action }) => action)).toEqual(['PutMetricData', 'CreateDBInstance']);
    expect([...aws.log.perMinute('rds').values()].reduce((sum, count) => sum + count, 0)).toBe(1);
  });

  it('answers a planted error in the shape of each protocol', async () => {
    aws.faults.add({ kind: 'error', status: 403, code: 'AccessDenied', message: 'no', times: 'always' });
    const refused = { name: 'AccessDenied', message: 'no', $metadata: { httpStatusCode: 403 } };
    await expect(rds.send(list)).rejects.toMatchObject(refused);
    await expect(new EC2Client().send(new DescribeVpcsCommand({}))).rejects.toMatchObject(refused);
    await expect(new STSClient().send(new GetCallerIdentityCommand({}))).rejects.toMatchObject(refused);
    await expect(new Route53Client().send(new ListHostedZonesCommand({}))).rejects.toMatchObject(refused);
    await expect(new SecretsManagerClient().send(new GetSecretValueCommand({ SecretId: 'a' }))).rejects.toMatchObject(
      refused,
    );
    await expect(
      new CloudWatchClient().send(new PutMetricDataCommand({ Namespace: 'x', MetricData: [{ MetricName: 'm' }] })),
    ).rejects.toMatchObject(refused);
    await expect(
      new LambdaClient().send(
        new CreateFunctionCommand({ FunctionName: 'f', Role: 'arn:aws:iam::123456789012:role/r', Code: {} }),
      ),
    ).rejects.toMatchObject(refused);
  });

  it('throttles as each service does, and the client tries again', async () => {
    for (const client of [rds, new EC2Client()] as const) {
      aws.log.clear();
      aws.faults.add({ kind: 'throttle' });
      await (client instanceof RDSClient ? client.send(list) : client.send(new DescribeVpcsCommand({})));
      expect(aws.log.calls.map(({ error }) => error)).toEqual([
        client instanceof RDSClient ? 'Throttling' : 'RequestLimitExceeded',
        undefined,
      ]);
    }
  });

  it('fails with an internal error as often as asked, then no more', async () => {
    const fault = aws.faults.add({ kind: 'server-error', service: 'rds', times: 2, after: 1 });
    await rds.send(list);
    await rds.send(list);
    expect(aws.log.calls.map(({ status }) => status)).toEqual([200, 500, 500, 200]);
    expect(fault.hits).toBe(2);
  });

  it('drops a connection before anything has happened', async () => {
    aws.faults.add({ kind: 'reset', action: 'CreateDBInstance' });
    await expect(new RDSClient(once).send(create('orders'))).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await rds.send(list)).DBInstances).toEqual([]);
  });

  it('loses the answer of a call that took effect', async () => {
    aws.faults.add({ kind: 'lost-answer', action: 'CreateDBInstance' });
    await expect(new RDSClient(once).send(create('orders'))).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await rds.send(list)).DBInstances?.map((one) => one.DBInstanceIdentifier)).toEqual(['orders']);
    expect(aws.log.of('rds', 'CreateDBInstance')).toMatchObject([{ error: 'ConnectionLost' }]);
  });

  it('lets a call hang until the caller gives up or the faults are cleared', async () => {
    aws.faults.add({ kind: 'hang', times: 2 });
    await expect(new RDSClient(once).send(list, { abortSignal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      name: 'AbortError',
    });
    const hanging = new RDSClient(once).send(list);
    await vi.waitFor(() => expect(aws.log.calls).toHaveLength(2));
    aws.faults.clear();
    await expect(hanging).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('answers late by its clock, and only what the rule is for', async () => {
    aws.faults.add({ kind: 'delay', millis: 80, where: ({ params }) => params['DBInstanceIdentifier'] === 'late' });
    const began = performance.now();
    await rds.send(create('soon'));
    const soon = performance.now() - began;
    await rds.send(create('late'));
    expect(performance.now() - began - soon).toBeGreaterThanOrEqual(79);
  });

  it('makes a stack as CloudFormation does, and logs what it did on behalf of the caller', async () => {
    const TemplateBody = JSON.stringify({
      Resources: { Network: { Type: 'AWS::EC2::VPC', Properties: { CidrBlock: '10.7.0.0/16' } } },
    });
    await new CloudFormationClient().send(new CreateStackCommand({ StackName: 'drill', TemplateBody }));
    await vi.waitFor(async () => {
      const { Stacks } = await new CloudFormationClient().send(new DescribeStacksCommand({ StackName: 'drill' }));
      expect(Stacks?.[0]?.StackStatus).toBe('CREATE_COMPLETE');
    });
    expect(aws.log.mutations().map(({ action }) => action)).toEqual(['CreateStack']);
    expect(aws.log.onBehalf.map(({ action }) => action)).toContain('CreateVpc');
  });

  it('cuts the describes of EC2 into pages, and the first may be empty', async () => {
    const ec2 = new EC2Client();
    for (const CidrBlock of ['10.1.0.0/16', '10.2.0.0/16']) await ec2.send(new CreateVpcCommand({ CidrBlock }));
    aws.ec2Paging.atMost = 2;
    aws.ec2Paging.startsEmpty = true;
    const pages: number[] = [];
    for await (const { Vpcs } of paginateDescribeVpcs({ client: ec2 }, {})) pages.push(Vpcs?.length ?? -1);
    expect(pages).toEqual([0, 2, 1]);
    await aws.reset();
    expect((await ec2.send(new DescribeVpcsCommand({}))).Vpcs).toHaveLength(1);
  });

  it('is empty after a reset', async () => {
    await rds.send(create('orders'));
    await aws.reset();
    expect((await rds.send(list)).DBInstances).toEqual([]);
    expect(aws.log.calls).toHaveLength(1);
  });
});

describe('where there is no moto_server', () => {
  it('there is no world, which is said in one loud line; in CI it is an error', async () => {
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    vi.stubEnv('CI', '');
    vi.stubEnv('DRILLBOOK_REQUIRE_AWS', '');
    try {
      expect(await startAwsWorld({ motoIn: [] })).toBeUndefined();
      expect(said.mock.calls.flat().join('')).toMatch(/^\n!!! moto_server .*nothing is tested against AWS !!!\n\n$/);
      vi.stubEnv('CI', 'true');
      await expect(startAwsWorld({ motoIn: [] })).rejects.toThrow('nothing is tested against AWS');
    } finally {
      said.mockRestore();
      vi.unstubAllEnvs();
    }
  });
});
