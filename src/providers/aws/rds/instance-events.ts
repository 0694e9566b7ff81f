import type { DBInstance } from '@aws-sdk/client-rds';
import { addMillis, epochMillisOf, type Millis } from '../../../support/time.ts';
import type { AwsContext } from '../aws-context.ts';
import { readNotes } from './restore-notes.ts';

/** RDS keeps events for 14 days. */
const KEPT: Millis = 14 * 86_400_000;
/** How far the controller's clock, which dated the request, may be ahead of RDS's. */
const CLOCK_SKEW: Millis = 5 * 60_000;
const MOST_EVENTS = 3;
const LONGEST_EVENT = 200;

/**
 * The last events of an instance as the end of a message, e.g. `; RDS says: '…', '…'`. A failure to read them is said
 * there, since it must not hide what they would have explained.
 */
export async function eventsOf(instance: DBInstance, context: AwsContext, signal: AbortSignal): Promise<string> {
  try {
    const texts = await readEvents(instance, context, signal);
    const last = texts.slice(-MOST_EVENTS).map((text) => `'${trimmed(text)}'`);
    return last.length === 0 ? '; RDS has no event of it' : `; RDS says: ${last.join(', ')}`;
  } catch (error) {
    if (signal.aborted) throw error;
    return `; its events could not be read (${(error as Error).name})`;
  }
}

async function readEvents(instance: DBInstance, context: AwsContext, signal: AbortSignal): Promise<readonly string[]> {
  const { paginateDescribeEvents } = await import('@aws-sdk/client-rds');
  const config = { client: await context.clients.rds() };
  const input = {
    SourceIdentifier: instance.DBInstanceIdentifier,
    SourceType: 'db-instance' as const,
    // Without a start RDS tells of the last hour alone, and a restore that fails after two has its cause before that.
    StartTime: new Date(sinceOf(instance, context)),
  };
  const texts: string[] = [];
  for await (const page of paginateDescribeEvents(config, input, { abortSignal: signal })) {
    texts.push(...(page.Events ?? []).flatMap(({ Message }) => Message ?? []));
  }
  return texts;
}

function sinceOf({ TagList, InstanceCreateTime }: DBInstance, { clock }: AwsContext): number {
  const asked = readNotes(TagList)?.requestedAt;
  const oldest = epochMillisOf(addMillis(clock.now(), -KEPT)) + CLOCK_SKEW;
  const began = asked === undefined ? InstanceCreateTime?.getTime() : epochMillisOf(asked);
  return Math.max(oldest, (began ?? oldest) - CLOCK_SKEW);
}

function trimmed(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= LONGEST_EVENT ? line : `${line.slice(0, LONGEST_EVENT - 1)}…`;
}
