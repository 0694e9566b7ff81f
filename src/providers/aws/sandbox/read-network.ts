import type { Stack } from '@aws-sdk/client-cloudformation';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { AwsContext } from '../aws-context.ts';
import { awsName } from '../names.ts';
import { SANDBOX_KIND, describeStack, wholeMark } from './describe-stack.ts';
import type { SandboxNetwork } from './network.ts';
import { stageOf } from './stack-state.ts';
import type { SANDBOX_OUTPUTS } from './template.ts';

/**
 * What the drill's stack has made, freshly read.
 *
 * @throws ProblemError `aws/sandbox-missing` when there is no such stack of this drill, or it tells not all of it
 */
export async function readNetwork(drillId: string, context: AwsContext, signal: AbortSignal): Promise<SandboxNetwork> {
  const name = awsName(drillId, SANDBOX_KIND);
  const read = await readSandbox(name, context, signal);
  if (read.drillId !== drillId) throw sandboxMissing(name, `it belongs to drill '${read.drillId}'`);
  return read.network;
}

/** A sandbox by its stack. */
export interface Sandbox {
  readonly drillId: string;
  readonly stackId: string;
  readonly network: SandboxNetwork;
}

/** The sandbox that a stack has made, by the stack's name or ARN. Throws as `readNetwork` does. */
export async function readSandbox(nameOrArn: string, context: AwsContext, signal: AbortSignal): Promise<Sandbox> {
  const stack = await describeStack(nameOrArn, context, signal);
  // By its ARN CloudFormation goes on describing a deleted stack, outputs and all.
  if (stack === undefined || stageOf(stack.StackStatus) === 'gone') {
    throw sandboxMissing(nameOrArn, 'there is no such stack');
  }
  const mark = wholeMark(stack, context);
  if (mark === undefined) throw sandboxMissing(nameOrArn, "it does not carry a drill's mark");
  const network = networkOf(stack);
  if (network === undefined || stack.StackId === undefined) {
    throw sandboxMissing(nameOrArn, `in status '${stack.StackStatus ?? 'unknown'}' it does not tell what it has made`);
  }
  return { drillId: mark.drillId, stackId: stack.StackId, network };
}

function sandboxMissing(stack: string, because: string): ProblemError {
  return new ProblemError({
    code: 'aws/sandbox-missing',
    message: `the sandbox of the stack '${stack}' cannot be used: ${because}`,
    hint: 'Find out who removed or changed the stack, then run the drill again.',
    blames: 'environment',
  });
}

/** What the outputs of a stack tell; `undefined` when one of them is missing. */
export function networkOf({ Outputs }: Pick<Stack, 'Outputs'>): SandboxNetwork | undefined {
  const told = new Map((Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]));
  let isWhole = true;
  const read = (key: (typeof SANDBOX_OUTPUTS)[number]): string => {
    const value = told.get(key) ?? '';
    isWhole &&= value !== '';
    return value;
  };
  const network: SandboxNetwork = {
    vpcId: read('VpcId'),
    dataSubnetIds: read('DataSubnetIds').split(','),
    probeSubnetIds: read('ProbeSubnetIds').split(','),
    dataSecurityGroupId: read('DataSecurityGroupId'),
    probeSecurityGroupId: read('ProbeSecurityGroupId'),
    endpointSecurityGroupId: read('EndpointSecurityGroupId'),
    subnetGroupName: read('SubnetGroupName'),
    probeRoleArn: read('ProbeRoleArn'),
    endpointId: read('EndpointId'),
    routeTableId: read('RouteTableId'),
  };
  return isWhole ? network : undefined;
}
