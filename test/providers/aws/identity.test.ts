import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ProblemError } from '../../../src/diagnostics/problem-error.ts';
import { awsClients } from '../../../src/providers/aws/aws-clients.ts';
import { confirmAccount, judgeIdentity } from '../../../src/providers/aws/identity.ts';
import { type AwsWorld, startAwsWorld } from '../../support/aws/aws-world.ts';
import { fakeClock } from '../../support/fake-clock.ts';

const SANDBOX = { account: '123456789012', region: 'eu-west-1' };

describe('judging whose credentials are in use', () => {
  const arn = 'arn:aws:sts::123456789012:assumed-role/drill/drillbook';

  it('accepts those of the account of the place', () => {
    expect(judgeIdentity({ account: '123456789012', arn }, SANDBOX)).toBeUndefined();
  });

  it('refuses those of another account, names both and says what to change', () => {
    const problem = judgeIdentity({ account: '999999999999', arn }, SANDBOX);
    expect(problem?.code).toBe('aws/wrong-account');
    expect(problem?.message).toContain("account '999999999999', not to the sandbox account '123456789012'");
    expect(problem?.hint).toContain('AWS_PROFILE');
    const role = 'arn:aws:iam::999999999999:role/drill';
    expect(judgeIdentity({ account: '999999999999', arn }, { ...SANDBOX, role })?.hint).toContain("'sandbox.role'");
  });

  it('refuses those of which STS tells no account', () => {
    expect(judgeIdentity({ account: undefined, arn: undefined }, SANDBOX)?.code).toBe('aws/wrong-account');
  });

  it.each([
    ['aws', 'eu-west-1', undefined],
    ['aws', 'us-east-1', undefined],
    ['aws-cn', 'cn-north-1', undefined],
    ['aws-us-gov', 'us-gov-west-1', undefined],
    ['aws-eusc', 'eusc-de-east-1', undefined],
    ['aws', 'cn-north-1', 'aws/wrong-partition'],
    ['aws-cn', 'eu-west-1', 'aws/wrong-partition'],
    ['aws-us-gov', 'us-east-1', 'aws/wrong-partition'],
  ])('of partition %s in region %s: %s', (partition, region, code) => {
    const of = { account: '123456789012', arn: `arn:${partition}:sts::123456789012:assumed-role/a/b` };
    expect(judgeIdentity(of, { ...SANDBOX, region })?.code).toBe(code);
  });
});

const world: AwsWorld | undefined = await startAwsWorld();

describe.skipIf(world === undefined)('confirming the account over the wire', () => {
  const aws = world as AwsWorld;
  const { signal } = new AbortController();

  beforeAll(() => {
    for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await aws.stop();
  });

  function contextOf(account: string, role?: string) {
    const place = {
      provider: 'aws',
      account,
      region: aws.region,
      sharesAccountWithSources: false,
      ...(role !== undefined && { role }),
    } as const;
    return { place, clients: awsClients(place, 'test'), clock: fakeClock() };
  }

  it('lets the account of the place pass', async () => {
    await expect(confirmAccount(contextOf(aws.account), signal)).resolves.toBeUndefined();
  });

  it('lets the account pass that the role of the place lies in', async () => {
    const role = 'arn:aws:iam::222222222222:role/drill';
    await expect(confirmAccount(contextOf('222222222222', role), signal)).resolves.toBeUndefined();
  });

  it('refuses a place whose account is not that of the credentials, and asks nothing but STS', async () => {
    aws.log.clear();
    const refused = confirmAccount(contextOf('999999999999'), signal);
    await expect(refused).rejects.toThrow(ProblemError);
    await expect(refused).rejects.toMatchObject({ problem: { code: 'aws/wrong-account' } });
    expect(aws.log.calls.map(({ service }) => service)).toEqual(['sts']);
  });
});
