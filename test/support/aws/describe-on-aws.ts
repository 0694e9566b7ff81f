import { afterAll, beforeAll, beforeEach, describe, vi } from 'vitest';
import type { DrillEvent } from '../../../src/drill/events.ts';
import type { Probe } from '../../../src/probe/probe.ts';
import type { RdsRestore } from '../../../src/runbook/restore-spec.ts';
import type { Runbook } from '../../../src/runbook/runbook.ts';
import { addMillis } from '../../../src/support/time.ts';
import { type Stage, drillStarted, healthyObservation } from '../simulated-drill.ts';
import { listAccount } from './account-listing.ts';
import { anAwsRunbook, anRdsRestore, awsStage, placeOf } from './aws-stage.ts';
import { type AwsWorld, type AwsWorldOptions, startAwsWorld } from './aws-world.ts';
import { type Planter, planterOf } from './plant.ts';
import { type QuietClock, quietClock } from './quiet-clock.ts';

/** A simulated AWS in which `orders-production` lives with two snapshots, and time passes only when nobody works. */
export interface OnAws {
  readonly aws: AwsWorld;
  readonly clock: QuietClock;
  readonly planter: Planter;
  /** A drill of which nothing but its first line is there, and what the account holds before it. */
  readonly begin: (change?: {
    readonly runbook?: Partial<Runbook>;
    readonly restore?: Partial<RdsRestore>;
    readonly probe?: Probe;
    readonly drillId?: string;
  }) => Promise<{ readonly stage: Required<Stage>; readonly before: readonly string[] }>;
}

/** Tests of drills on AWS; skipped where the emulator cannot be had (CI refuses to go on without it). */
export async function describeOnAws(
  title: string,
  tests: (on: OnAws) => void,
  options: Omit<AwsWorldOptions, 'clock'> = {},
): Promise<void> {
  const clock = quietClock();
  const world = await startAwsWorld({ ...options, clock });
  // Of the whole file, not of what is described: those hooks do not run when all its tests are filtered out.
  afterAll(async () => world?.stop());
  describe.skipIf(world === undefined)(title, () => {
    // Not reached without a world.
    const aws = world as AwsWorld;
    const planter = planterOf(aws);
    beforeAll(async () => {
      await preload();
      for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value);
    });
    afterAll(async () => {
      vi.unstubAllEnvs();
      planter.close();
    });
    beforeEach(async () => {
      await aws.reset();
      await planter.instance('orders-production', { service: 'orders' });
      const now = clock.now();
      await planter.snapshots('orders-production', [addMillis(now, -7_200_000), addMillis(now, -1_800_000)]);
      aws.log.clear();
    });
    tests({ aws, clock, planter, begin: async (change) => begin({ aws, clock }, change) });
  });
}

/** Loading a module takes real time in which nothing seems to be under way, and the clock would run off. */
async function preload(): Promise<void> {
  await Promise.all([
    import('@aws-sdk/client-cloudformation'),
    import('@aws-sdk/client-ec2'),
    import('@aws-sdk/client-kms'),
    import('@aws-sdk/client-lambda'),
    import('@aws-sdk/client-rds'),
    import('@aws-sdk/client-route-53'),
    import('../../../src/providers/aws/route53-resolver.ts'),
    import('@aws-sdk/client-sts'),
  ]);
}

async function begin(
  { aws, clock }: Pick<OnAws, 'aws' | 'clock'>,
  { runbook, restore, probe = healthyProbe, drillId }: Parameters<OnAws['begin']>[0] & object = {},
) {
  const place = placeOf(aws);
  const stage = awsStage({ place, clock, probe });
  const started = drillStarted(
    anAwsRunbook(place, [anRdsRestore('orders', restore)], runbook),
    drillId === undefined ? {} : { drillId },
  );
  stage.disk.push({ ...started, seq: 1, epoch: 1, at: clock.now(), mono: clock.monotonic(), prev: '0'.repeat(64) });
  return { stage, before: await listAccount(aws) };
}

/** What looks at nothing and finds all well: for tests of everything but the probe. */
const healthyProbe: Probe = { observe: async (_, request) => Promise.resolve(healthyObservation(request)) };

/** The codes of every problem that a drill's journal tells of. */
export function problemsOf(disk: readonly DrillEvent[]): readonly string[] {
  return disk.flatMap((event) => {
    if (event.type === 'drill-refused') return event.problems.map(({ code }) => code);
    return 'problem' in event && event.problem ? [event.problem.code] : [];
  });
}
