import type { SNSClient } from '@aws-sdk/client-sns';
import { type Attempt, type Send, failedOn, nameOf } from './attempt.ts';

/** https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: ASCII that begins with a letter, digit or mark. */
const SUBJECT_LENGTH = 100;

/**
 * Publishes to an SNS topic with the credentials that drillbook runs with, never with a sandbox's role. The SDK is loaded
 * only here. A FIFO topic keeps the order of what is told of one runbook or drill, and drops repetitions.
 */
export const sendSns: Send<{ readonly topic: string }> = async ({ channel, delivery }, signal) => {
  const region = /^arn:aws[a-z-]*:sns:([a-z0-9-]+):/.exec(channel.topic)?.[1];
  if (region === undefined) return NO_TOPIC;
  const { message, id } = delivery;
  let client: SNSClient | undefined;
  try {
    const { SNSClient, PublishCommand } = await import('@aws-sdk/client-sns');
    // Each try is one of ours: the SDK's own retries would not know how much time is left.
    client = new SNSClient({ region, maxAttempts: 1 });
    const command = new PublishCommand({
      TopicArn: channel.topic,
      Subject: asciiSubject(message.subject),
      Message: message.text,
      MessageAttributes: {
        occasion: { DataType: 'String', StringValue: message.occasion },
        delivery: { DataType: 'String', StringValue: id },
      },
      ...(channel.topic.endsWith('.fifo') && { MessageGroupId: 'drillbook', MessageDeduplicationId: id }),
    });
    await client.send(command, { abortSignal: signal });
    return { kind: 'sent' };
  } catch (error) {
    return refused(error);
  } finally {
    client?.destroy();
  }
};

/** A subject as SNS takes it; what is no ASCII becomes `?`. */
export function asciiSubject(subject: string): string {
  return `drillbook: ${subject}`.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, SUBJECT_LENGTH);
}

function refused(error: unknown): Attempt {
  const status = statusOf(error);
  const name = nameOf(error);
  if (status === undefined && name !== 'CredentialsProviderError') return failedOn(error);
  const failure = {
    code: 'notify/sns',
    why: `SNS did not take it (${name})`,
    hint: "Give drillbook AWS credentials that allow 'sns:Publish' on the topic, and see that the topic is there.",
  };
  const isBusy = status !== undefined && (status === 429 || status >= 500 || /Thrott|TooMany/.test(name));
  return { kind: 'failed', failure, again: isBusy };
}

function statusOf(error: unknown): number | undefined {
  const metadata = error instanceof Error && '$metadata' in error ? error.$metadata : undefined;
  const status = (metadata as { readonly httpStatusCode?: unknown } | undefined)?.httpStatusCode;
  return typeof status === 'number' ? status : undefined;
}

const NO_TOPIC: Attempt = {
  kind: 'failed',
  again: false,
  failure: {
    code: 'notify/sns',
    why: 'its topic is no ARN of SNS',
    hint: "Write it like 'arn:aws:sns:eu-west-1:111122223333:drills'.",
  },
};
