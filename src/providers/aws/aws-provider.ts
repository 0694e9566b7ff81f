import type { Clock } from '../../support/clock.ts';
import type { Millis } from '../../support/time.ts';
import type { AwsPlace } from '../../runbook/runbook.ts';
import type { DnsCutover } from '../dns-cutover.ts';
import type { Provider, RemovalPermit, ResourceState, StartRequest } from '../provider.ts';
import type { Resource } from '../resource.ts';
import { type AwsClients, awsClients } from './aws-clients.ts';
import type { AwsContext } from './aws-context.ts';
import { classifyAws } from './aws-errors.ts';
import { listMarkedZones, removeZone } from './dns/remove-zone.ts';
import { lookZone, startZone } from './dns/start-zone.ts';
import { isInSync, switchRecords } from './dns/switch-records.ts';
import { ZONE_KIND } from './dns/zone-mark.ts';
import { confirmAccount } from './identity.ts';
import { preflightOnAws } from './preflight/preflight.ts';
import { lookProbe } from './probe-function/look-probe.ts';
import { listMarkedProbes, removeProbe } from './probe-function/remove-probe.ts';
import { type ProbeCode, startProbe } from './probe-function/start-probe.ts';
import { listMarkedInstances } from './rds/list-marked-instances.ts';
import { listRdsRecoveryPoints } from './rds/list-recovery-points.ts';
import { lookInstances } from './rds/look-instances.ts';
import { removeInstance } from './rds/remove-instance.ts';
import { type RdsRequest, startInstance } from './rds/start-instance.ts';
import { proveVpcIsolation } from './sandbox/prove-isolation.ts';
import { listMarkedStacks, lookStack, readNetwork, removeStack, startStack } from './sandbox/stack.ts';

/** What the provider is given, since it reads no environment. */
export interface AwsProviderDeps {
  readonly place: AwsPlace;
  readonly clock: Clock;
  readonly probeCode: ProbeCode;
  readonly clients?: AwsClients;
}

/** AWS lists what was just made with a delay; two minutes is the longest that is reported of RDS and EC2. */
const ABSENCE_GRACE: Millis = 120_000;

const SHORTEST_INTERVAL: Millis = 500;
const LONGEST_INTERVAL: Millis = 32_000;

/**
 * What polling adds to a stage stays below 1 % of it or half a second: a drill waits for a handful of stages in a row,
 * and all of them together shall add less than 1 % or 2 s. Always a power of two times the shortest interval, so that
 * looks at several resources fall together.
 */
function pollInterval(elapsed: Millis): Millis {
  const steps = Math.max(1, elapsed / 100 / SHORTEST_INTERVAL);
  return Math.min(LONGEST_INTERVAL, SHORTEST_INTERVAL * 2 ** Math.floor(Math.log2(steps)));
}

/** Restores on AWS: a stack a sandbox, in it the probe's function and the restored instances. */
export function awsProvider({ place, clock, probeCode, clients }: AwsProviderDeps): Provider {
  const context: AwsContext = { place, clock, clients: clients ?? awsClients(place, 'drillbook') };
  const confirmed = confirmOnce(context);
  return {
    kind: 'aws',
    properties: { absenceGrace: ABSENCE_GRACE, pollInterval },
    async listRecoveryPoints(spec, signal) {
      if (spec.kind !== 'rds') throw new Error(`nothing of kind '${spec.kind}' is restored on AWS`);
      await confirmed(signal);
      return listRdsRecoveryPoints(spec, context, signal);
    },
    async preflight(plan, signal) {
      await confirmed(signal);
      return preflightOnAws(plan, context, signal);
    },
    async start(request, signal) {
      await confirmed(signal);
      return start(request, { context, probeCode, signal });
    },
    async look(resources, signal) {
      await confirmed(signal);
      return look(resources, context, signal);
    },
    async proveIsolation(sandbox, restored, signal, zone) {
      await confirmed(signal);
      return proveVpcIsolation({ sandbox, ...(restored && { restored }), ...(zone && { zone }) }, context, signal);
    },
    dns: dnsCutover(context, confirmed),
    async startRemoval(resource, permit, signal) {
      await confirmed(signal);
      await remove(resource, permit, { context, signal });
    },
    async listMarked({ drillId, withoutZones }, signal) {
      await confirmed(signal);
      const lists = await Promise.all([
        listMarkedInstances(context, signal, drillId),
        listMarkedProbes({ context, signal }, drillId),
        listMarkedStacks(context, signal, drillId),
        withoutZones === true ? [] : listMarkedZones({ context, signal }, drillId),
      ]);
      return lists.flat();
    },
    classify: classifyAws,
  };
}

function dnsCutover(context: AwsContext, confirmed: (signal: AbortSignal) => Promise<void>): DnsCutover {
  return {
    async switchRecords(request, signal) {
      await confirmed(signal);
      return switchRecords(request, { context, signal });
    },
    async isInSync(made, signal) {
      await confirmed(signal);
      return isInSync(made, { context, signal });
    },
  };
}

/** Nothing is asked of an account, let alone changed, before STS has said that it is the one on the allow-list. */
function confirmOnce(context: AwsContext): (signal: AbortSignal) => Promise<void> {
  let isConfirmed = false;
  return async (signal) => {
    if (isConfirmed) return;
    await confirmAccount(context, signal);
    isConfirmed = true;
  };
}

interface Call {
  readonly context: AwsContext;
  readonly signal: AbortSignal;
}

async function start(
  request: StartRequest,
  { context, probeCode, signal }: Call & { readonly probeCode: ProbeCode },
): Promise<Resource> {
  if (request.kind === 'sandbox') return startStack(request, context, signal);
  const network = await readNetwork(request.drill.drillId, context, signal);
  if (request.kind === 'probe') return startProbe(request, network, { context, code: probeCode, signal });
  if (request.kind === 'zone') return startZone(request, network, { context, signal });
  return startInstance(rdsRequest(request), network, context, signal);
}

function rdsRequest(request: StartRequest & { readonly kind: 'restore' }): RdsRequest {
  const { spec, point } = request;
  if (spec.kind !== 'rds' || point.rds === undefined) throw new Error(`'${spec.name}' is not restored on RDS`);
  return { ...request, spec, point: { ...point, rds: point.rds } };
}

async function look(
  resources: readonly Resource[],
  context: AwsContext,
  signal: AbortSignal,
): Promise<readonly ResourceState[]> {
  const instances = resources.filter(({ type }) => type === 'db-instance');
  const states = instances.length === 0 ? [] : await lookInstances(instances, context, signal);
  const byId = new Map(instances.map(({ id }, index) => [id, states[index]]));
  return Promise.all(
    resources.map(async (resource) => byId.get(resource.id) ?? lookAtOne(resource, { context, signal })),
  );
}

async function lookAtOne(resource: Resource, { context, signal }: Call): Promise<ResourceState> {
  if (resource.type === 'sandbox') return lookStack(resource, context, signal);
  if (resource.type === ZONE_KIND) return lookZone(resource, { context, signal });
  if (resource.type !== 'probe') throw new Error(`a look at a '${resource.type}', which no drill makes on AWS`);
  return lookProbe(resource, async () => networkOfProbe(resource, context, signal), { context, signal });
}

/** The network that a probe's interfaces lie in; none when its stack is gone, which it cannot be before they are. */
async function networkOfProbe({ token }: Resource, context: AwsContext, signal: AbortSignal) {
  const drillId = token.slice(0, token.indexOf('/'));
  return readNetwork(drillId, context, signal).catch((error: unknown) => {
    if (classifyAws(error).class === 'not-found') return undefined;
    throw error;
  });
}

async function remove(resource: Resource, permit: RemovalPermit, { context, signal }: Call): Promise<void> {
  if (resource.type === 'db-instance') return removeInstance(resource, permit, context, signal);
  if (resource.type === 'probe') return removeProbe(resource, permit, { context, signal });
  if (resource.type === ZONE_KIND) return removeZone(resource, permit, { context, signal });
  if (resource.type === 'sandbox') return removeStack(resource, permit, context, signal);
  throw new Error(`a removal of a '${resource.type}', which no drill makes on AWS`);
}
