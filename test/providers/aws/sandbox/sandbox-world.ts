import { DescribeStacksCommand, type Stack } from '@aws-sdk/client-cloudformation';
import { vi } from 'vitest';
import type { DrillIdentity, RemovalPermit } from '../../../../src/providers/provider.ts';
import type { Resource } from '../../../../src/providers/resource.ts';
import { awsClients } from '../../../../src/providers/aws/aws-clients.ts';
import type { AwsContext } from '../../../../src/providers/aws/aws-context.ts';
import { lookStack, startStack } from '../../../../src/providers/aws/sandbox/stack.ts';
import type { AwsPlace } from '../../../../src/runbook/runbook.ts';
import { addMillis } from '../../../../src/support/time.ts';
import { type AwsWorld, startAwsWorld } from '../../../support/aws/aws-world.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

/** How long a resource of a stack takes in this world. */
export const RESOURCE_MILLIS = 1_000;
const HOUR = 3_600_000;

/** A simulated AWS with stacks in simulated time, and what a drill there works with. */
export interface SandboxWorld {
  readonly aws: AwsWorld;
  readonly clock: ReturnType<typeof fakeClock>;
  readonly context: AwsContext;
  readonly signal: AbortSignal;
  drill(drillId?: string): DrillIdentity;
  /** A finished sandbox. */
  sandbox(drillId?: string): Promise<Resource>;
  /** Begun, and not finished. */
  begun(drillId?: string): Promise<Resource>;
  permit(drill: DrillIdentity, ledger: readonly Resource[]): RemovalPermit;
  stack(nameOrArn: string): Promise<Stack>;
  stop(): Promise<void>;
}

/** Starts a world; `undefined` where no moto can be had. */
export async function startSandboxWorld(): Promise<SandboxWorld | undefined> {
  const clock = fakeClock();
  const aws = await startAwsWorld({ clock, cloudFormation: { resourceMillis: RESOURCE_MILLIS } });
  if (aws === undefined) return undefined;
  for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value);
  const { account, region } = aws;
  const place: AwsPlace = { provider: 'aws', account, region, sharesAccountWithSources: true };
  const context: AwsContext = { place, clock, clients: awsClients({ region }, 'test') };
  const { signal } = new AbortController();
  const startedAt = clock.now();
  const drill = (drillId = 'drill-1'): DrillIdentity => ({
    drillId,
    startedAt,
    sandbox: { ...place, expiresAt: addMillis(startedAt, HOUR), minimumIsolation: 'VPC' },
    sources: ['db-PRODUCTION'],
  });
  const begun = async (drillId?: string): Promise<Resource> =>
    startStack({ drill: drill(drillId), token: `token-of-${drill(drillId).drillId}` }, context, signal);
  return {
    aws,
    clock,
    context,
    signal,
    drill,
    begun,
    async sandbox(drillId) {
      const resource = await begun(drillId);
      clock.advance(RESOURCE_MILLIS * 60);
      const state = await lookStack(resource, context, signal);
      if (state.kind !== 'ready') throw new Error(`the sandbox is not ready: ${JSON.stringify(state)}`);
      return resource;
    },
    permit: (drill, ledger) => ({ kind: 'own-drill', drill, ledger }),
    async stack(nameOrArn) {
      const client = await context.clients.cloudFormation();
      const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: nameOrArn }));
      const [stack] = Stacks ?? [];
      if (stack === undefined) throw new Error(`no stack '${nameOrArn}'`);
      return stack;
    },
    async stop() {
      vi.unstubAllEnvs();
      await aws.stop();
    },
  };
}
