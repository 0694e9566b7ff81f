import type { Stack } from '@aws-sdk/client-cloudformation';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import { type DescribedResource, refusalToRemove } from '../../../drill/guard.ts';
import { sha256Hex } from '../../../support/sha256-hex.ts';
import type { MarkedResource, RemovalPermit, ResourceState, StartRequest } from '../../provider.ts';
import type { Resource } from '../../resource.ts';
import type { AwsContext } from '../aws-context.ts';
import { NAME_PREFIX, awsName, drillPrefix, markTags, proofOf, readMark } from '../names.ts';
import { SANDBOX_KIND, allEvents, describeStack, newestEvent, wholeMark } from './describe-stack.ts';
import { networkOf } from './read-network.ts';
import { SANDBOX_PORTS } from '../ports.ts';
import { describeEvent, firstFailure, stackChanged, stackFailed, stageOf } from './stack-state.ts';
import { sandboxTemplate } from './template.ts';

export { readNetwork } from './read-network.ts';

/** What a sandbox is started with. */
export type StackRequest = Pick<StartRequest, 'drill' | 'token'>;

/**
 * Begins to make the drill's sandbox, or adopts the stack that an earlier call with this token made.
 *
 * @throws ProblemError `aws/name-taken` when something that is not this drill's has the stack's name
 */
export async function startStack(request: StackRequest, context: AwsContext, signal: AbortSignal): Promise<Resource> {
  const name = awsName(request.drill.drillId, SANDBOX_KIND);
  const before = await describeStack(name, context, signal);
  if (before !== undefined) return adopted(before, request, context);
  const { AlreadyExistsException } = await import('@aws-sdk/client-cloudformation');
  try {
    return resourceOf(await createStack(request, context, signal), request.token);
  } catch (error) {
    if (!(error instanceof AlreadyExistsException)) throw error;
    const meanwhile = await describeStack(name, context, signal);
    if (meanwhile === undefined) throw error;
    return adopted(meanwhile, request, context);
  }
}

/**
 * `OnFailure: ROLLBACK`: what was made of a stack that fails is removed at once, even if nobody comes back to it, while
 * the empty stack, which costs nothing, keeps its name and its reasons until teardown. With DELETE the reasons would
 * go with it and a repeated start would make a second one; with DO_NOTHING all would stay until teardown.
 */
async function createStack({ drill, token }: StackRequest, context: AwsContext, signal: AbortSignal): Promise<string> {
  const { CreateStackCommand } = await import('@aws-sdk/client-cloudformation');
  const { drillId, sandbox } = drill;
  const name = awsName(drillId, SANDBOX_KIND);
  const template = sandboxTemplate({ prefix: drillPrefix(drillId), ports: SANDBOX_PORTS });
  const { expiresAt } = sandbox;
  const command = new CreateStackCommand({
    StackName: name,
    TemplateBody: JSON.stringify(template),
    Capabilities: ['CAPABILITY_NAMED_IAM'],
    OnFailure: 'ROLLBACK',
    ClientRequestToken: sha256Hex(JSON.stringify([drillId, SANDBOX_KIND, token])),
    Tags: [...markTags({ drillId, expiresAt, token, kind: SANDBOX_KIND, name, place: context.place })],
  });
  const client = await context.clients.cloudFormation();
  const { StackId } = await client.send(command, { abortSignal: signal });
  if (StackId === undefined) throw new Error('CloudFormation made a stack and did not say which');
  return StackId;
}

function adopted(stack: Stack, { drill, token }: StackRequest, context: AwsContext): Resource {
  const mark = wholeMark(stack, context);
  const isOurs = mark?.drillId === drill.drillId && mark.token === token;
  if (isOurs && stack.StackId !== undefined) return resourceOf(stack.StackId, token);
  throw new ProblemError({
    code: 'aws/name-taken',
    message: `the stack '${stack.StackName ?? 'unknown'}' is already there and does not carry this drill's mark`,
    hint: 'Look at the stack by hand: no drill will change it. A drill under another id gets another name.',
    blames: 'environment',
  });
}

function resourceOf(id: string, token: string): Resource {
  return { provider: 'aws', type: SANDBOX_KIND, id, name: SANDBOX_KIND, token };
}

/**
 * How far the stack has come. `lost` is one whose removal came to a stop: removing again goes on with it.
 * A stack that could not be made is `failed` at once, while CloudFormation still takes back what was made.
 */
export async function lookStack(resource: Resource, context: AwsContext, signal: AbortSignal): Promise<ResourceState> {
  const stack = await describeStack(resource.id, context, signal);
  const { StackStatus: status = 'unknown', StackName: name = resource.id, StackStatusReason: reason } = stack ?? {};
  const reasonFor = async (event: 'CREATE_FAILED' | 'DELETE_FAILED'): Promise<string> =>
    firstFailure(await allEvents(resource.id, context, signal), event) ?? reason ?? 'no reason given';
  switch (stack === undefined ? 'gone' : stageOf(status)) {
    case 'gone':
      return { kind: 'gone' };
    case 'made':
      return { kind: 'ready' };
    case 'not-made':
      return { kind: 'failed', problem: stackFailed(name, await reasonFor('CREATE_FAILED')) };
    case 'changed':
      return { kind: 'failed', problem: stackChanged(name, status) };
    case 'stuck':
      return { kind: 'lost', because: `the stack '${name}' could not be removed: ${await reasonFor('DELETE_FAILED')}` };
    case 'unknown':
      return { kind: 'pending', detail: `the stack is in the unknown status '${status}'` };
    default:
      return { kind: 'pending', detail: describeEvent(await newestEvent(resource.id, context, signal)) };
  }
}

/**
 * Begins to remove the stack, after the guard. A removal that came to a stop is begun again once no network interface
 * holds the sandbox's groups any more; nothing is ever forced or retained.
 *
 * @throws ProblemError when the guard refuses
 */
export async function removeStack(
  resource: Resource,
  permit: RemovalPermit,
  context: AwsContext,
  signal: AbortSignal,
): Promise<void> {
  const stack = await describeStack(resource.id, context, signal);
  if (stack === undefined || stageOf(stack.StackStatus) === 'gone') return;
  const refusal = refusalToRemove(describedOf(stack, permit, context), permit);
  if (refusal !== undefined) throw new ProblemError(refusal);
  const stage = stageOf(stack.StackStatus);
  if (stage === 'going' || (stage === 'stuck' && (await isHeld(stack, context, signal)))) return;
  const { DeleteStackCommand } = await import('@aws-sdk/client-cloudformation');
  const client = await context.clients.cloudFormation();
  try {
    // By ARN: a later stack of the same name is another one.
    await client.send(new DeleteStackCommand({ StackName: stack.StackId }), { abortSignal: signal });
  } catch (error) {
    if (!isBusy(error)) throw error;
  }
}

/** A stack in the middle of a rollback may be refused until that has ended; asking again then is all there is to do. */
function isBusy(error: unknown): boolean {
  return (
    error instanceof Error &&
    error.name === 'ValidationError' &&
    /(can ?not be deleted while in status|is in) ROLLBACK_IN_PROGRESS/i.test(error.message)
  );
}

function describedOf(stack: Stack, permit: RemovalPermit, { place }: AwsContext): DescribedResource {
  const { StackId: id = '', StackName: name = '', CreationTime: createdAt } = stack;
  const mark = readMark(stack.Tags);
  const expectedProof = mark && proofOf({ drillId: mark.drillId, kind: SANDBOX_KIND, name, place });
  return {
    resource: resourceOf(id, mark?.token ?? ''),
    ...(mark && { mark }),
    expectedProof: expectedProof ?? '',
    ...(createdAt && { createdAt: createdAt.toISOString() }),
    isSource: permit.kind === 'own-drill' && permit.drill.sources.includes(id),
  };
}

/** Whether interfaces that no stack removes (of a function, of a database) are still in the sandbox's groups. */
async function isHeld(stack: Stack, { clients }: AwsContext, signal: AbortSignal): Promise<boolean> {
  const network = networkOf(stack);
  if (network === undefined) return false;
  const { dataSecurityGroupId, probeSecurityGroupId } = network;
  const { paginateDescribeNetworkInterfaces } = await import('@aws-sdk/client-ec2');
  const pages = paginateDescribeNetworkInterfaces(
    { client: await clients.ec2() },
    { Filters: [{ Name: 'group-id', Values: [dataSecurityGroupId, probeSecurityGroupId] }] },
    { abortSignal: signal },
  );
  for await (const { NetworkInterfaces } of pages) if ((NetworkInterfaces ?? []).length > 0) return true;
  return false;
}

/** Every stack with the whole mark of a drill, or of any; freshly listed, all pages. */
export async function listMarkedStacks(
  context: AwsContext,
  signal: AbortSignal,
  drillId?: string,
): Promise<readonly MarkedResource[]> {
  const { paginateDescribeStacks } = await import('@aws-sdk/client-cloudformation');
  const client = await context.clients.cloudFormation();
  const prefix = drillId === undefined ? NAME_PREFIX : drillPrefix(drillId);
  const found: MarkedResource[] = [];
  for await (const { Stacks } of paginateDescribeStacks({ client }, {}, { abortSignal: signal })) {
    for (const stack of Stacks ?? []) {
      const mark = stack.StackName?.startsWith(prefix) === true ? wholeMark(stack, context) : undefined;
      if (mark === undefined || stack.StackId === undefined) continue;
      if (drillId !== undefined && mark.drillId !== drillId) continue;
      const { token, expiresAt } = mark;
      found.push({ resource: resourceOf(stack.StackId, token), drillId: mark.drillId, expiresAt });
    }
  }
  return found;
}
