import type { FunctionConfiguration } from '@aws-sdk/client-lambda';
import type { ResourceState } from '../../provider.ts';
import type { Resource } from '../../resource.ts';
import type { AwsContext } from '../aws-context.ts';
import type { SandboxNetwork } from '../sandbox/network.ts';
import { describeProbe } from './describe-probe.ts';

/**
 * The state of the probe. It is gone only when its network interfaces are too: Lambda keeps them for up to 20 minutes
 * after the function, and until then nothing that they use can be removed.
 *
 * @param network of its sandbox, or `undefined` when that is gone, and with it all interfaces
 */
export async function lookProbe(
  { id }: Resource,
  network: () => Promise<SandboxNetwork | undefined>,
  { context, signal }: { context: AwsContext; signal: AbortSignal },
): Promise<ResourceState> {
  const described = await describeProbe(id, context, signal);
  if (described?.Configuration) return stateOf(described.Configuration);
  const group = (await network())?.probeSecurityGroupId;
  const interfaces = group === undefined ? 0 : await countInterfaces(group, context, signal);
  return interfaces === 0
    ? { kind: 'gone' }
    : { kind: 'pending', detail: `waiting for Lambda to let go of ${interfaces} network interfaces` };
}

function stateOf({ FunctionName, State, StateReasonCode }: FunctionConfiguration): ResourceState {
  if (State === 'Active') return { kind: 'ready' };
  if (State !== 'Failed' && State !== 'Inactive') return { kind: 'pending', detail: 'Lambda attaches the probe' };
  return {
    kind: 'failed',
    problem: {
      code: 'aws/probe-failed',
      message: `the probe '${FunctionName ?? ''}' cannot run: ${StateReasonCode ?? State}`,
      hint: 'Look up the reason in the documentation of Lambda function states; limits and permissions are the usual ones.',
      blames: 'environment',
    },
  };
}

async function countInterfaces(group: string, { clients }: AwsContext, signal: AbortSignal): Promise<number> {
  const { paginateDescribeNetworkInterfaces } = await import('@aws-sdk/client-ec2');
  const config = { client: await clients.ec2() };
  const filter = { Filters: [{ Name: 'group-id', Values: [group] }] };
  let count = 0;
  for await (const page of paginateDescribeNetworkInterfaces(config, filter, { abortSignal: signal })) {
    count += page.NetworkInterfaces?.length ?? 0;
  }
  return count;
}
