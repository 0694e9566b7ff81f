import { readFile } from 'node:fs/promises';
import type { GetFunctionResponse } from '@aws-sdk/client-lambda';
import { ProblemError } from '../../../diagnostics/problem-error.ts';
import type { StartRequest } from '../../provider.ts';
import type { Resource } from '../../resource.ts';
import type { AwsContext } from '../aws-context.ts';
import { awsName, markTags, proofOf, readMark } from '../names.ts';
import type { SandboxNetwork } from '../sandbox/network.ts';
import { describeProbe, probeTags } from './describe-probe.ts';

/** Seconds; the longest that Lambda lets a function run. */
const LONGEST_RUN = 900;
const MEMORY_MIB = 512;

/** What the function is made of, besides its name. */
export interface ProbeCode {
  /** The zip that `npm run build` makes. */
  readonly zipFile: string;
  readonly runtime: 'nodejs22.x';
  readonly handler: string;
}

/**
 * Makes the Lambda function that probes from inside the sandbox, or adopts the one that an earlier try made.
 *
 * It may write no log, so no log group is left behind, and it is given no secret: it reads what RDS keeps.
 *
 * @throws ProblemError `aws/name-taken`, `aws/role-not-ready`
 */
export async function startProbe(
  { drill, token }: Pick<StartRequest, 'drill' | 'token'>,
  network: SandboxNetwork,
  { context, code, signal }: { context: AwsContext; code: ProbeCode; signal: AbortSignal },
): Promise<Resource> {
  const name = awsName(drill.drillId, 'probe');
  const resource = (id: string): Resource => ({ provider: 'aws', type: 'probe', id, name: 'probe', token });
  const existing = await describeProbe(name, context, signal);
  if (existing) return resource(adopted(existing, { name, token, context }));
  const { CreateFunctionCommand } = await import('@aws-sdk/client-lambda');
  const marking = { ...drill, expiresAt: drill.sandbox.expiresAt, token, kind: 'probe', name, place: context.place };
  const command = new CreateFunctionCommand({
    FunctionName: name,
    Description: `looks at what drillbook restored in drill ${drill.drillId}`,
    PackageType: 'Zip',
    Runtime: code.runtime,
    Handler: code.handler,
    Architectures: ['x86_64'],
    Code: { ZipFile: await readFile(code.zipFile) },
    Role: network.probeRoleArn,
    Timeout: LONGEST_RUN,
    MemorySize: MEMORY_MIB,
    EphemeralStorage: { Size: 512 },
    TracingConfig: { Mode: 'PassThrough' },
    Publish: false,
    VpcConfig: {
      SubnetIds: [...network.probeSubnetIds],
      SecurityGroupIds: [network.probeSecurityGroupId],
      Ipv6AllowedForDualStack: false,
    },
    Tags: Object.fromEntries(markTags(marking).map(({ Key, Value }) => [Key, Value])),
  });
  try {
    const lambda = await context.clients.lambda();
    const { FunctionArn } = await lambda.send(command, { abortSignal: signal });
    if (FunctionArn === undefined) throw new Error('Lambda made a function without an ARN');
    return resource(FunctionArn);
  } catch (error) {
    // A first try whose answer was lost has made it.
    const made = isTaken(error) ? await describeProbe(name, context, signal) : undefined;
    if (made) return resource(adopted(made, { name, token, context }));
    throw isRoleUnknownYet(error) ? new ProblemError(roleNotReady(network.probeRoleArn)) : error;
  }
}

function adopted(
  { Configuration, Tags }: GetFunctionResponse,
  { name, token, context }: { name: string; token: string; context: AwsContext },
): string {
  const mark = readMark(probeTags(Tags));
  const proof = mark && proofOf({ drillId: mark.drillId, kind: 'probe', name, place: context.place });
  const isOurs = mark !== undefined && mark.proof === proof && mark.token === token;
  if (isOurs && Configuration?.FunctionArn !== undefined) return Configuration.FunctionArn;
  throw new ProblemError({
    code: 'aws/name-taken',
    message: `a Lambda function '${name}' exists that this drill did not make`,
    hint: 'Look at it by hand; remove or rename it if it is not needed, then run the drill again.',
    blames: 'environment',
  });
}

function isTaken(error: unknown): boolean {
  return (error as Error).name === 'ResourceConflictException';
}

/** IAM tells Lambda of a new role only after some seconds; until then the call is refused as if the role were wrong. */
function isRoleUnknownYet(error: unknown): boolean {
  const { name, message } = error as Error;
  return (
    name === 'InvalidParameterValueException' &&
    /cannot be assumed by Lambda|CreateNetworkInterface on EC2/.test(message)
  );
}

function roleNotReady(role: string) {
  return {
    code: 'aws/role-not-ready',
    message: `Lambda may not assume '${role}' yet`,
    hint: 'Look whether the role of the sandbox still exists and trusts Lambda; a new one is known after some seconds.',
    blames: 'environment',
  } as const;
}
