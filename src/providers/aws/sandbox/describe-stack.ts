import type { Stack, StackEvent } from '@aws-sdk/client-cloudformation';
import type { Mark } from '../../../drill/guard.ts';
import type { AwsContext } from '../aws-context.ts';
import { proofOf, readMark } from '../names.ts';

/** The sandbox's type in the ledger, and what its mark's proof is made from. */
export const SANDBOX_KIND = 'sandbox';

/** A stack as CloudFormation describes it at this moment. By ARN also one that is deleted; `undefined` when unknown. */
export async function describeStack(
  nameOrArn: string,
  { clients }: AwsContext,
  signal: AbortSignal,
): Promise<Stack | undefined> {
  const { DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation');
  const client = await clients.cloudFormation();
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: nameOrArn }), { abortSignal: signal });
    return Stacks?.[0];
  } catch (error) {
    if (isUnknownStack(error)) return undefined;
    throw error;
  }
}

/** CloudFormation has no error of its own for a stack it does not know: it is a ValidationError that says so. */
function isUnknownStack(error: unknown): boolean {
  return error instanceof Error && error.name === 'ValidationError' && /does not exist/.test(error.message);
}

/** The newest of a stack's events. */
export async function newestEvent(
  stackId: string,
  { clients }: AwsContext,
  signal: AbortSignal,
): Promise<StackEvent | undefined> {
  const { DescribeStackEventsCommand } = await import('@aws-sdk/client-cloudformation');
  const client = await clients.cloudFormation();
  const command = new DescribeStackEventsCommand({ StackName: stackId });
  const { StackEvents } = await client.send(command, { abortSignal: signal });
  return StackEvents?.[0];
}

/** All events of a stack, the oldest first. */
export async function allEvents(
  stackId: string,
  { clients }: AwsContext,
  signal: AbortSignal,
): Promise<readonly StackEvent[]> {
  const { paginateDescribeStackEvents } = await import('@aws-sdk/client-cloudformation');
  const pages = paginateDescribeStackEvents(
    { client: await clients.cloudFormation() },
    { StackName: stackId },
    { abortSignal: signal },
  );
  const events: StackEvent[] = [];
  for await (const { StackEvents } of pages) events.push(...(StackEvents ?? []));
  return events.reverse();
}

/** The mark of a stack, when it is whole and made for a stack of that very name; else `undefined`. */
export function wholeMark(
  { Tags, StackName }: Pick<Stack, 'Tags' | 'StackName'>,
  { place }: Pick<AwsContext, 'place'>,
): (Mark & { readonly token: string }) | undefined {
  const mark = readMark(Tags);
  if (mark === undefined || StackName === undefined) return undefined;
  const own = proofOf({ drillId: mark.drillId, kind: SANDBOX_KIND, name: StackName, place });
  return mark.proof === own ? mark : undefined;
}
