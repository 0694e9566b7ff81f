import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { planCommand } from '../../src/commands/plan.ts';
import { type AwsWorld, startAwsWorld } from '../support/aws/aws-world.ts';
import { zonePlanterOf } from '../support/aws/dns/plant-zones.ts';
import { planterOf } from '../support/aws/plant.ts';
import { type Workplace, workplace } from '../support/workplace.ts';
import { writtenOnAws } from '../runbook/written.ts';

/** An id as Route 53 gives them; those of the emulator begin otherwise, and a runbook may not name them. */
const ZONE = 'Z0123456789ABCDEFGHIJ';
let planted = '';
const world = await startAwsWorld({
  layers: [async (call, next) => next({ ...call, path: call.path.replace(ZONE, planted) })],
});

describe.runIf(world)('a plan of a drill on AWS', () => {
  const aws = world as AwsWorld;
  let place: Workplace;

  beforeEach(async () => {
    for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value);
    place = await workplace();
    const planter = planterOf(aws);
    await planter.instance('orders-production');
    await planter.snapshots('orders-production', [new Date(Date.now() - 60_000).toISOString()]);
    planter.close();
    aws.log.clear();
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await place.remove();
    await aws.reset();
  });
  afterAll(async () => aws.stop());

  async function plan(restore: string[] = [], top: string[] = []): Promise<number> {
    const file = join('runbooks', 'shop.yaml');
    const sandbox = ['sharesAccountWithSources: true'];
    const text = writtenOnAws({ account: `'${aws.account}'`, sandbox, restore, top });
    await writeFile(join(place.cwd, file), text);
    return planCommand(file, { seed: '1', reports: 'reports' }, place.io);
  }

  it('names what will be created, and creates nothing', async () => {
    expect(await plan(), place.stderr()).toBe(0);
    expect(place.stdout()).toContain("CloudFormation stack 'drillbook-…-sandbox'");
    expect(place.stdout()).toContain("Lambda function 'drillbook-…-probe'");
    expect(place.stdout()).toContain("RDS instance 'drillbook-…-orders', db.t4g.micro");
    expect(place.stderr()).toBe('');
    expect(aws.log.mutations()).toEqual([]);
  });

  it('names the copy of the zone that a cutover makes', async () => {
    const zones = zonePlanterOf(aws);
    planted = await zones.zone('shop.internal', []);
    zones.close();
    const cutover = `cutover: { zone: ${ZONE}, records: [{ name: db.shop.internal, to: orders }] }`;
    expect(await plan([], [cutover]), place.stderr()).toBe(0);
    expect(place.stdout()).toContain(`private copy of the hosted zone '${ZONE}'`);
    expect(place.stderr()).toContain('[preflight/no-such-record]');
  });

  it('names the class that the runbook wishes', async () => {
    expect(await plan(['instanceClass: db.m6g.large']), place.stderr()).toBe(0);
    expect(place.stdout()).toContain("RDS instance 'drillbook-…-orders', db.m6g.large");
  });

  it('tells the warnings of the look ahead beside the plan', async () => {
    aws.rds.settings.offers = () => false;
    expect(await plan(), place.stderr()).toBe(0);
    expect(place.stderr()).toContain('[preflight/version-not-offered]');
    expect(place.stdout()).toContain('restore:orders');
  });

  it('is refused with what the look ahead found, each with what to do', async () => {
    aws.rds.settings.instanceQuota = 1;
    expect(await plan(['parameterGroup: drills'])).toBe(3);
    expect(place.stderr()).toContain('[preflight/quota]');
    expect(place.stderr()).toContain('[preflight/no-parameter-group]');
    expect(place.stderr().match(/^hint: /gm)).toHaveLength(2);
    expect(place.stdout()).toBe('');
  });
});
