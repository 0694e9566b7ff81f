import { DescribeKeyCommand } from '@aws-sdk/client-kms';
import { DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ProblemError } from '../../../src/diagnostics/problem-error.ts';
import { type AwsClients, awsClients } from '../../../src/providers/aws/aws-clients.ts';
import { classifyAws } from '../../../src/providers/aws/aws-errors.ts';
import { tellingOperation } from '../../../src/providers/aws/failed-operation.ts';
import { type AwsWorld, startAwsWorld } from '../../support/aws/aws-world.ts';

describe('classifying what the SDK throws', () => {
  it('gives the problem of a refusal of our own as it is', () => {
    const problem = { code: 'aws/name-taken', message: 'it is taken', hint: 'Look.', blames: 'environment' } as const;
    expect(classifyAws(new ProblemError(problem))).toEqual({ class: 'invalid', problem });
  });

  it.each([
    ['guard/refused-removal', 'denied'],
    ['aws/wrong-account', 'denied'],
    ['aws/source-not-found', 'not-found'],
    ['aws/role-not-ready', 'transient'],
  ])("takes a refusal of our own with code '%s' for %s", (code, kind) => {
    const problem = { code, message: 'no', hint: 'Look.', blames: 'environment' } as const;
    expect(classifyAws(new ProblemError(problem)).class).toBe(kind);
  });

  it('throws a bug again', () => {
    const bug = new TypeError('undefined is not a function');
    expect(() => classifyAws(bug)).toThrow(bug);
    const missing = Object.assign(new Error('no such file'), { code: 'ENOENT', syscall: 'open' });
    expect(() => classifyAws(missing)).toThrow(missing);
  });

  it('takes an abort for a stop that was asked for', () => {
    const aborted = Object.assign(new Error('Request aborted'), { name: 'AbortError' });
    expect(classifyAws(aborted)).toMatchObject({ class: 'transient', problem: { code: 'aws/aborted' } });
  });

  it('shows neither encoded copies of a request nor tokens, signatures or access keys, and one line of 300 at most', () => {
    const blob = 'Zm9v'.repeat(40);
    const answered = (message: string, name = 'InvalidParameterValue') =>
      classifyAws(Object.assign(new Error(message), { name, $metadata: { httpStatusCode: 400 } })).problem.message;
    const encoded = answered(`Not authorized.  Encoded authorization failure message: abc`, 'UnauthorizedOperation');
    expect(encoded).toMatch(/Not authorized$/);
    expect(answered(`token ${blob} of AKIAIOSFODNN7EXAMPLE`)).toMatch(/: token … of …$/);
    expect(answered(`a\n\nb`)).toMatch(/: a b$/);
    expect(answered('many words '.repeat(100)).length).toBeLessThan(420);
    expect(answered(`x-amz-security-token:${blob}`, 'SignatureDoesNotMatch')).toMatch(/\(SignatureDoesNotMatch\)$/);
  });

  it('takes a login that has expired for one, though the SDK gives it the name of all missing credentials', () => {
    const message =
      'The SSO session associated with this profile has expired. To refresh this SSO session run aws sso login';
    const failure = classifyAws(Object.assign(new Error(message), { name: 'CredentialsProviderError' }));
    expect(failure).toMatchObject({ class: 'denied', problem: { code: 'aws/credentials-expired' } });
  });

  it('takes a stack that does not exist for not found, which CloudFormation tells by words alone', () => {
    const error = (message: string) =>
      Object.assign(new Error(message), { name: 'ValidationError', $metadata: { httpStatusCode: 400 } });
    expect(classifyAws(error('Stack with id drillbook-1 does not exist')).class).toBe('not-found');
    expect(classifyAws(error('Template format error')).class).toBe('invalid');
  });
});

const world: AwsWorld | undefined = await startAwsWorld();

describe.skipIf(world === undefined)('classifying what comes over the wire', () => {
  const aws = world as AwsWorld;
  const never = new AbortController().signal;
  let clients: AwsClients;

  beforeAll(() => {
    for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value);
  });
  beforeEach(() => {
    clients = awsClients({ region: aws.region }, 'test');
  });
  afterEach(() => aws.faults.clear());
  afterAll(async () => {
    vi.unstubAllEnvs();
    await aws.stop();
  });

  const failureOf = async (call: Promise<unknown>) =>
    call.then(
      () => undefined,
      (error: unknown) => classifyAws(error),
    );
  const describeInstances = async () =>
    (await clients.rds()).send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: 'absent' }), {
      abortSignal: never,
    });

  it('names the operation, the error and the words of AWS, and says what to do', async () => {
    expect(await failureOf(describeInstances())).toEqual({
      class: 'not-found',
      problem: {
        code: 'aws/not-found',
        message:
          'unable to DescribeDBInstances of RDS: what the call names does not exist (DBInstanceNotFoundFault): DBInstance absent not found',
        hint: 'Look whether something else removed it while the drill was under way, and whether the region is right.',
        blames: 'environment',
      },
    });
  });

  it('points a refused call to the policy that it needs', async () => {
    const message = 'User: arn:aws:iam::123456789012:user/drill is not authorized to perform: rds:DescribeDBInstances';
    aws.faults.add({ service: 'rds', kind: 'error', status: 403, code: 'AccessDenied', message });
    const failure = await failureOf(describeInstances());
    expect(failure).toMatchObject({ class: 'denied', problem: { code: 'aws/access-denied' } });
    expect(failure?.problem.hint).toContain("'drillbook permissions RUNBOOK'");
  });

  it('asks to log in again when a JSON service says that the token has expired', async () => {
    aws.faults.add({ service: 'kms', kind: 'error', status: 400, code: 'ExpiredTokenException' });
    const kms = await clients.kms();
    const failure = await failureOf(kms.send(new DescribeKeyCommand({ KeyId: 'some' })));
    expect(failure).toMatchObject({ class: 'denied', problem: { code: 'aws/credentials-expired' } });
    expect(failure?.problem.message).toContain('DescribeKey of KMS');
  });

  it.each([
    ['throttle', 'aws/throttled'],
    ['server-error', 'aws/unavailable'],
    ['reset', 'aws/unreachable'],
  ] as const)('takes what stays after the retries of the SDK for transient: %s', async (kind, code) => {
    const impatient = tellingOperation(new RDSClient({ region: aws.region, maxAttempts: 1 }));
    aws.faults.add({ service: 'rds', kind, times: 'always' });
    const failure = await failureOf(impatient.send(new DescribeDBInstancesCommand({})));
    impatient.destroy();
    expect(failure).toMatchObject({ class: 'transient', problem: { code } });
    expect(failure?.problem.message).toContain('DescribeDBInstances of RDS');
  });

  it('takes a call that was stopped for stopped, not for a failure of AWS', async () => {
    aws.log.clear();
    aws.faults.add({ service: 'rds', kind: 'hang' });
    const rds = await clients.rds();
    const stop = new AbortController();
    const call = failureOf(rds.send(new DescribeDBInstancesCommand({}), { abortSignal: stop.signal }));
    await vi.waitFor(() => expect(aws.log.of('rds', 'DescribeDBInstances')).toHaveLength(1));
    stop.abort();
    expect((await call)?.problem.code).toBe('aws/aborted');
  });
});
