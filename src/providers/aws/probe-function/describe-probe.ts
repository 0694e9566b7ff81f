import type { GetFunctionResponse } from '@aws-sdk/client-lambda';
import type { AwsContext } from '../aws-context.ts';
import type { Tag } from '../names.ts';

/** The function as Lambda describes it now, with its tags; `undefined` when there is none. */
export async function describeProbe(
  nameOrArn: string,
  context: AwsContext,
  signal: AbortSignal,
): Promise<GetFunctionResponse | undefined> {
  const { GetFunctionCommand } = await import('@aws-sdk/client-lambda');
  const lambda = await context.clients.lambda();
  try {
    return await lambda.send(new GetFunctionCommand({ FunctionName: nameOrArn }), { abortSignal: signal });
  } catch (error) {
    if ((error as Error).name === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

/** Lambda's tags in the form of the other services. */
export function probeTags(tags: Readonly<Record<string, string>> | undefined): readonly Tag[] {
  return Object.entries(tags ?? {}).map(([Key, Value]) => ({ Key, Value }));
}
