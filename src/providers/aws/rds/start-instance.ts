import type { DBInstance } from '@aws-sdk/client-rds';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { Resource } from '../../resource.ts';
import type { AwsContext } from '../aws-context.ts';
import { awsName } from '../names.ts';
import type { SandboxNetwork } from '../sandbox/network.ts';
import { describeInstance, ownMark } from './describe-instance.ts';
import { judgeInstance } from './ready.ts';
import { readNotes } from './restore-notes.ts';
import { INSTANCE_TYPE, type RdsRequest, type RestoreCall, restoreCall } from './restore-parameters.ts';

export type { RdsRequest } from './restore-parameters.ts';

/**
 * Begins the restore of a recovery point into the sandbox, adopts the one that an earlier try began, or begins the next
 * stage: RDS is asked to make, keep and later delete the master password, which then nobody ever holds.
 *
 * @throws ProblemError `aws/class-unknown`, `aws/name-taken`
 */
export async function startInstance(
  request: RdsRequest,
  network: SandboxNetwork,
  context: AwsContext,
  signal: AbortSignal,
): Promise<Resource> {
  const name = awsName(request.drill.drillId, request.spec.name);
  // Looked for first: RDS has no token, and an answer may have been lost on its way here.
  const existing = await describeInstance(name, context, signal);
  if (existing === undefined) return restore(request, { name, network, context, signal });
  const resource = adopted(existing, request, context);
  if (judgeInstance(existing, resource, context.place).kind === 'staged') await managePassword(name, context, signal);
  return resource;
}

interface Scene {
  readonly name: string;
  readonly network: SandboxNetwork;
  readonly context: AwsContext;
  readonly signal: AbortSignal;
}

async function restore(request: RdsRequest, { name, network, context, signal }: Scene): Promise<Resource> {
  const { place, clock } = context;
  const call = restoreCall(request, { network, place, requestedAt: clock.now() });
  try {
    const id = (await send(call, context, signal))?.DBInstanceArn;
    if (id === undefined) throw new Error(`RDS began to restore '${name}' and told nothing of it`);
    return resourceOf(id, request);
  } catch (error) {
    // Maybe ours: the SDK tries a call again whose answer was lost, and then meets what it made itself.
    if ((error as Error).name !== 'DBInstanceAlreadyExistsFault') throw error;
    const existing = await describeInstance(name, context, signal);
    if (existing === undefined) throw error;
    return adopted(existing, request, context);
  }
}

function resourceOf(id: string, { spec, token }: RdsRequest): Resource {
  return { provider: 'aws', type: INSTANCE_TYPE, id, name: spec.name, token };
}

async function send(call: RestoreCall, context: AwsContext, signal: AbortSignal): Promise<DBInstance | undefined> {
  const { RestoreDBInstanceFromDBSnapshotCommand, RestoreDBInstanceToPointInTimeCommand } =
    await import('@aws-sdk/client-rds');
  const rds = await context.clients.rds();
  const options = { abortSignal: signal };
  if (call.kind === 'snapshot') {
    return (await rds.send(new RestoreDBInstanceFromDBSnapshotCommand(call.input), options)).DBInstance;
  }
  return (await rds.send(new RestoreDBInstanceToPointInTimeCommand(call.input), options)).DBInstance;
}

/** The resource that an instance is, when this request made it: same drill and token, same recovery point, own proof. */
function adopted(instance: DBInstance, request: RdsRequest, { place }: AwsContext): Resource {
  const { drill, token, point } = request;
  const { DBInstanceIdentifier: name = '', DBInstanceArn: id, TagList } = instance;
  const mark = ownMark(TagList, name, place);
  const isOurs = mark?.drillId === drill.drillId && mark.token === token;
  if (isOurs && id !== undefined && readNotes(TagList)?.recoveryPoint === point.id) return resourceOf(id, request);
  throw new ProblemError({
    code: 'aws/name-taken',
    message: `an RDS instance '${name}' exists that this drill did not restore from '${point.id}'`,
    hint: 'Look at it by hand; remove or rename it if it is not needed, then run the drill again.',
    blames: 'environment',
  });
}

async function managePassword(name: string, context: AwsContext, signal: AbortSignal): Promise<void> {
  const { ModifyDBInstanceCommand } = await import('@aws-sdk/client-rds');
  const rds = await context.clients.rds();
  const input = { DBInstanceIdentifier: name, ManageMasterUserPassword: true, ApplyImmediately: true };
  await rds.send(new ModifyDBInstanceCommand(input), { abortSignal: signal });
}
