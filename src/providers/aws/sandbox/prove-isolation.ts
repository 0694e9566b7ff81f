import { setMaxListeners } from 'node:events';
import type { IsolationEvidence, Resource } from '../../resource.ts';
import type { AwsContext } from '../aws-context.ts';
import { drillPrefix } from '../names.ts';
import { collectNetworkFacts } from './collect-network-facts.ts';
import { policyHash, resolveTemplate } from './endpoint-policy.ts';
import { type Expected, judgeIsolation } from './judge-isolation.ts';
import { type Sandbox, readSandbox } from './read-network.ts';
import { SANDBOX_PORTS } from '../ports.ts';
import { sandboxTemplate } from './template.ts';

/** More than a proof has calls under way at once, each with a listener or two. */
const MOST_LISTENERS = 64;

/** Whose isolation is to be proven. */
export interface IsolationSubject {
  /** The sandbox as the ledger has it: its stack. */
  readonly sandbox: Resource;
  /** The restored instance that must be in it, once there is one. */
  readonly restored?: Resource;
  /** The drill's own copy of a DNS zone, once there is one. */
  readonly zone?: Resource;
}

/**
 * Proves by the account's own APIs that nothing leads out of the sandbox and nothing foreign is in it, at this moment.
 * It sends no packet: what the services enforce differently from what they describe, it does not see.
 *
 * @throws ProblemError `aws/sandbox-missing` when the stack cannot tell what it has made
 */
export async function proveVpcIsolation(
  { sandbox, restored, zone }: IsolationSubject,
  context: AwsContext,
  signal: AbortSignal,
): Promise<IsolationEvidence> {
  const read = await readSandbox(sandbox.id, context, signal);
  // Each call under way listens to its signal, and Node takes more than ten listeners for a leak.
  const own = AbortSignal.any([signal]);
  setMaxListeners(MOST_LISTENERS, own);
  const facts = await collectNetworkFacts({ context, vpcId: read.network.vpcId, signal: own }, restored);
  const expected: Expected = {
    ...expectedOf(read, context),
    ...(restored && { restored }),
    ...(zone && { zoneId: zone.id }),
  };
  return { level: 'VPC', proofs: judgeIsolation(facts, expected) };
}

function expectedOf({ drillId, stackId, network }: Sandbox, { place }: AwsContext): Expected {
  const { account, region } = place;
  const template = sandboxTemplate({ prefix: drillPrefix(drillId), ports: SANDBOX_PORTS });
  const partition = stackId.split(':')[1] ?? 'aws';
  const policy = resolveTemplate(endpointPolicy(template), { account, region, partition });
  return { account, region, network, ports: SANDBOX_PORTS, endpointPolicyHash: policyHash(policy) };
}

/** The policy of the one endpoint in the template. */
function endpointPolicy(template: object): unknown {
  const { Resources } = template as { Resources: Readonly<Record<string, { Type: string; Properties: object }>> };
  const endpoint = Object.values(Resources).find(({ Type }) => Type === 'AWS::EC2::VPCEndpoint');
  if (endpoint === undefined || !('PolicyDocument' in endpoint.Properties)) {
    throw new Error("the sandbox's template has no endpoint with a policy");
  }
  return endpoint.Properties.PolicyDocument;
}
