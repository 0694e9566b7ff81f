import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { afterAll, afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest';
import { type AwsWorld, startAwsWorld } from '../../support/aws/aws-world.ts';
import { deliveries, send, somePorts } from './noticed.ts';

const world = await startAwsWorld();

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

describe.runIf(world)('an SNS topic', () => {
  const aws = world as AwsWorld;

  /** Made in a region that is not the one which AWS clients find. */
  async function topic(name = 'drills', Attributes: Record<string, string> = {}): Promise<string> {
    const client = new SNSClient({ region: 'eu-central-1' });
    const { TopicArn = '' } = await client.send(new CreateTopicCommand({ Name: name, Attributes }));
    client.destroy();
    return TopicArn;
  }

  it('gets the text, under a subject of ASCII, in the region of its ARN', async () => {
    const arn = await topic();
    const outcome = await send({ kind: 'sns', topic: arn });
    expect(outcome).toMatchObject({ target: 'sns-1', outcome: 'sent' });
    const [publish, ...others] = aws.log.of('sns', 'Publish');
    expect(others).toEqual([]);
    expect(publish).toMatchObject({
      region: 'eu-central-1',
      status: 200,
      params: {
        TopicArn: arn,
        Subject: "drillbook: FAILED: drill of 'bookshop'",
        Message: deliveries({ kind: 'sns', topic: arn })[0]?.message.text,
      },
    });
    expect(JSON.stringify(publish?.params)).toContain(outcome.delivery);
  });

  it('that is FIFO knows a repetition by its id', async () => {
    const arn = await topic('drills.fifo', { FifoTopic: 'true' });
    const outcome = await send({ kind: 'sns', topic: arn });
    expect(outcome.outcome).toBe('sent');
    expect(aws.log.of('sns', 'Publish')[0]?.params).toMatchObject({
      MessageGroupId: 'drillbook',
      MessageDeduplicationId: outcome.delivery,
    });
  });

  test.each([
    [{ kind: 'throttle' }, 'sent', 2],
    [{ kind: 'server-error' }, 'sent', 2],
    [{ kind: 'reset' }, 'sent', 2],
    [{ kind: 'error', status: 403, code: 'AuthorizationError', message: 'TOKEN-CANARY' }, 'failed', 1],
  ] as const)('that answers %j once has %s after %d tries', async (fault, outcome, tries) => {
    const arn = await topic();
    aws.faults.add({ ...fault, service: 'sns', action: 'Publish' });
    const ended = await send({ kind: 'sns', topic: arn });
    expect([ended.outcome, aws.log.of('sns', 'Publish').length]).toEqual([outcome, tries]);
    expect(JSON.stringify(ended)).not.toMatch(/CANARY|AKIA/);
  });

  it('that is not there is a failure which says what to allow', async () => {
    const outcome = await send({ kind: 'sns', topic: 'arn:aws:sns:eu-west-1:123456789012:gone' });
    expect(outcome.problem).toMatchObject({ code: 'notify/sns' });
    expect(outcome.problem?.message).toContain('NotFound');
    expect(outcome.problem?.hint).toContain('sns:Publish');
  });

  it('that hangs is given up', async () => {
    const arn = await topic();
    aws.faults.add({ kind: 'hang', service: 'sns', action: 'Publish', times: 'always' });
    const ports = somePorts({}, { limits: { each: 200, waits: [5], all: 2_000 } });
    expect(await send({ kind: 'sns', topic: arn }, ports)).toMatchObject({ problem: { code: 'notify/timed-out' } });
  });
});

it('a topic that is no ARN is a failure', async () => {
  expect(await send({ kind: 'sns', topic: 'drills' })).toMatchObject({ problem: { code: 'notify/sns' } });
});
