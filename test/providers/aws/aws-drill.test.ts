import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { DrillEvent } from '../../../src/drill/events.ts';

import { verdictOf } from '../../../src/drill/verdict.ts';
import { addMillis } from '../../../src/support/time.ts';
import { listAccount } from '../../support/aws/account-listing.ts';
import { anAwsRunbook, anRdsRestore, awsStage, placeOf } from '../../support/aws/aws-stage.ts';
import { type AwsWorld, startAwsWorld } from '../../support/aws/aws-world.ts';
import { type Planter, planterOf } from '../../support/aws/plant.ts';
import { quietClock } from '../../support/aws/quiet-clock.ts';

import { drillStarted, healthyObservation, resumeToTheEnd } from '../../support/simulated-drill.ts';

const clock = quietClock();
const world = await startAwsWorld({ clock });

describe.skipIf(world === undefined)('a drill on AWS', () => {
  // Narrowed once: within, there is a world.
  const aws = world as AwsWorld;
  let planter: Planter;

  beforeAll(() => {
    for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value);
    planter = planterOf(aws);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    planter.close();
    await aws.stop();
  });
  beforeEach(async () => {
    await aws.reset();
    await planter.instance('orders-production', { service: 'orders' });
    const now = clock.now();
    await planter.snapshots('orders-production', [addMillis(now, -7_200_000), addMillis(now, -1_800_000)]);
    aws.log.clear();
  });

  async function begin(change: Parameters<typeof anAwsRunbook>[2] = {}) {
    const place = placeOf(aws);
    const probe = {
      observe: async (_: unknown, request: Parameters<typeof healthyObservation>[0]) =>
        Promise.resolve(healthyObservation(request)),
    };
    const stage = awsStage({ place, clock, probe });
    const started = drillStarted(anAwsRunbook(place, [anRdsRestore('orders')], change));
    stage.disk.push({ ...started, seq: 1, epoch: 1, at: clock.now(), mono: clock.monotonic(), prev: '0'.repeat(64) });
    return { stage, before: await listAccount(aws) };
  }

  function problemsOf(disk: readonly DrillEvent[]): readonly string[] {
    return disk.flatMap((event) => ('problem' in event && event.problem ? [event.problem.code] : []));
  }

  test('passes, and leaves the account as it was', async () => {
    const { stage, before } = await begin();
    await resumeToTheEnd(stage);
    expect(problemsOf(stage.disk)).toEqual([]);
    expect(verdictOf(stage.disk)).toMatchObject({ verdict: 'passed', gaps: [], warnings: [] });
    expect(await listAccount(aws)).toEqual(before);
    expect(aws.log.of('rds', 'RestoreDBInstanceFromDBSnapshot')).toHaveLength(1);
  });
});
