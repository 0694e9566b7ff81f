import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { planCommand } from '../../src/commands/plan.ts';
import { type AwsWorld, startAwsWorld } from '../support/aws/aws-world.ts';
import { planterOf } from '../support/aws/plant.ts';
import { type Workplace, workplace } from '../support/workplace.ts';
import { writtenOnAws } from '../runbook/written.ts';

const world = await startAwsWorld();

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

  async function plan(restore: string[] = []): Promise<number> {
    const file = join('runbooks', 'shop.yaml');
    const sandbox = ['sharesAccountWithSources: true'];
    const text = writtenOnAws({ account: `'${aws.account}'`, sandbox, restore });
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
