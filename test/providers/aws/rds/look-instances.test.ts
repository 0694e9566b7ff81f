import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { CreateDBSnapshotCommand, DeleteDBInstanceCommand, ModifyDBInstanceCommand } from '@aws-sdk/client-rds';
import { awsName } from '../../../../src/providers/aws/names.ts';
import { failingRestore } from '../../../support/aws/rds/timeline.ts';
import { freshWorld, type InstanceWorld, openAws } from './instance-world.ts';
import { requestOf } from './rds-request.ts';

const opened = await openAws();
const name = awsName('drill-1', 'orders');

describe.skipIf(opened === undefined)('looking at restored RDS instances', () => {
  let world: InstanceWorld;
  beforeAll(() => {
    for (const [key, value] of Object.entries(opened?.aws.env ?? {})) vi.stubEnv(key, value);
  });
  beforeEach(async () => {
    if (opened) world = await freshWorld(opened);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await opened?.aws.stop();
  });

  test('goes from creating over its stage to ready, with the secret that RDS keeps', async () => {
    const resource = await world.start();
    expect(await world.look(resource)).toEqual([{ kind: 'pending', detail: 'creating' }]);
    expect(await world.until(resource, 'staged')).toEqual({ kind: 'staged', stage: 'instance' });
    await world.start();
    expect(await world.look(resource)).toMatchObject([{ kind: 'pending' }]);
    const ready = await world.until(resource, 'ready');
    expect(ready).toMatchObject({
      endpoint: {
        kind: 'rds',
        engine: 'postgres',
        secretArn: expect.stringContaining(':secret:') as unknown,
        probe: awsName('drill-1', 'probe'),
      },
      facts: {
        moment: { recoveryPointId: 'production-1', target: { kind: 'backup-end' } },
        dataMoments: [{ source: 'recovery-point', at: '2026-11-19T03:00:00.000Z' }],
        engineVersion: '16.4',
      },
    });
    expect(JSON.stringify(ready)).not.toContain('production-only');
  });

  test('describes all of them at once, whatever their number, and answers in the order asked for', async () => {
    const second = await world.start(requestOf(world.drill, { spec: { name: 'customers' } }));
    world.clock.advance(10_000);
    const first = await world.start();
    world.aws.log.clear();
    const missing = { ...first, id: `${first.id}-missing` };
    const many = Array.from({ length: 118 }, (_, n) => ({ ...first, id: `${first.id}-${String(n)}` }));
    const states = await world.look(first, missing, second, ...many);
    expect(states.map(({ kind }) => kind).slice(0, 3)).toEqual(['pending', 'gone', 'staged']);
    const describes = world.aws.log.of('rds', 'DescribeDBInstances');
    expect(describes).toHaveLength(2);
    expect(describes[0]?.params).toHaveProperty(['Filters.Filter.1.Values.Value.100']);
    expect(describes[0]?.params).not.toHaveProperty(['Filters.Filter.1.Values.Value.101']);
  });

  test('reads every page, an empty first one too', async () => {
    const resource = await world.start();
    const other = await world.start(requestOf(world.drill, { spec: { name: 'customers' } }));
    world.aws.rds.settings.paging = { atMost: 1, startsEmpty: true };
    expect((await world.look(resource, other)).map(({ kind }) => kind)).toEqual(['pending', 'pending']);
  });

  test('has failed at once in a terminal status, with the events that explain it, however old', async () => {
    world.aws.rds.setTimeline({ instance: name }, failingRestore('incompatible-restore', 3 * 3_600_000));
    const resource = await world.start();
    world.clock.advance(3 * 3_600_000 - 1);
    expect(await world.look(resource)).toMatchObject([{ kind: 'pending' }]);
    world.clock.advance(2 * 3_600_000);
    expect(await world.look(resource)).toMatchObject([
      {
        kind: 'failed',
        problem: {
          code: 'aws/restore-incompatible',
          blames: 'backup',
          message: expect.stringMatching(
            /'orders' ended in status 'incompatible-restore': .*'Restored from snapshot production-1', 'DB instance restore ended in incompatible-restore'/,
          ) as unknown,
        },
      },
    ]);
  });

  test('trims what events say, and tells the last three alone', async () => {
    world.aws.rds.setTimeline({ instance: name }, failingRestore('failed', 0));
    const resource = await world.start();
    const event = { sourceId: name, sourceType: 'db-instance', sourceArn: resource.id, categories: [] };
    const at = world.clock.now();
    for (const message of ['one', 'two', 'three', `four\n${'x'.repeat(2_000)}`]) {
      world.aws.rds.addEvent({ ...event, message, at });
    }
    world.clock.advance(60_000);
    const [state] = await world.look(resource);
    const message = state?.kind === 'failed' ? state.problem.message : '';
    expect(message).toMatch(/'four x+…'/);
    expect(message).not.toContain('one');
    expect(message.length).toBeLessThan(700);
  });

  test('has failed with its own reason also when events cannot be read', async () => {
    world.aws.rds.setTimeline({ instance: name }, failingRestore('storage-full', 0));
    const resource = await world.start();
    world.aws.faults.add({
      action: 'DescribeEvents',
      kind: 'error',
      status: 403,
      code: 'AccessDenied',
      times: 'always',
    });
    world.clock.advance(1_000);
    expect(await world.look(resource)).toMatchObject([
      {
        problem: {
          code: 'aws/storage-full',
          message: expect.stringContaining('could not be read (AccessDenied)') as unknown,
        },
      },
    ]);
  });

  test('has failed as not isolated when somebody moved it, even after it was ready', async () => {
    const resource = await world.start();
    await world.until(resource, 'ready');
    const group = await world.planter.securityGroup(world.network.vpcId);
    const rds = await world.context.clients.rds();
    await rds.send(new ModifyDBInstanceCommand({ DBInstanceIdentifier: name, VpcSecurityGroupIds: [group] }));
    expect(await world.look(resource)).toMatchObject([
      { kind: 'failed', problem: { code: 'aws/not-isolated', message: expect.stringContaining(group) as unknown } },
    ]);
  });

  test("warns of the source's tags that RDS added", async () => {
    world.aws.rds.settings.addsSourceTagsToPointInTime = true;
    const { snapshotArn: _, ...rds } = world.request.point.rds;
    const pointInTime = { ...rds, type: 'point-in-time' as const, restoreTime: '2026-11-20T03:30:00.000Z' };
    const request = { ...world.request, point: { ...world.request.point, rds: pointInTime } };
    const resource = await world.start(request);
    await world.until(resource, 'staged');
    await world.start(request);
    const ready = await world.until(resource, 'ready');
    expect(ready).toMatchObject({
      facts: {
        moment: { target: { kind: 'time', time: '2026-11-20T03:30:00.000Z' } },
        warnings: [{ code: 'aws/foreign-tags', message: expect.stringContaining("'team'") as unknown }],
      },
    });
  });

  test('is gone only when the snapshots and backups of its name are gone too', async () => {
    const resource = await world.start();
    await world.until(resource, 'staged');
    const rds = await world.context.clients.rds();
    await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: name, DBSnapshotIdentifier: 'kept' }));
    await rds.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier: name, SkipFinalSnapshot: true }));
    expect(await world.look(resource)).toEqual([{ kind: 'pending', detail: 'being deleted' }]);
    world.clock.advance(60_000);
    expect(await world.look(resource)).toEqual([
      { kind: 'pending', detail: 'by-products are left: snapshots 1, automated backups 0' },
    ]);
  });
});
