import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { awsName } from '../../../../src/providers/aws/names.ts';
import { freshWorld, type InstanceWorld, openAws } from './instance-world.ts';
import { drillOf, requestOf } from './rds-request.ts';

const opened = await openAws();
const name = awsName('drill-1', 'orders');

describe.skipIf(opened === undefined)('starting the restore of an RDS instance', () => {
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

  const restores = () => world.aws.log.of('rds').filter(({ action }) => action.startsWith('RestoreDBInstance'));
  const modifications = () => world.aws.log.of('rds', 'ModifyDBInstance');

  test('makes one instance, in the sandbox, marked, and closed to everybody else', async () => {
    const resource = await world.start();
    expect(resource).toEqual({
      provider: 'aws',
      type: 'db-instance',
      id: `arn:aws:rds:eu-west-1:123456789012:db:${name}`,
      name: 'orders',
      token: 'drill-1/restore:orders',
    });
    expect(await world.describe(name)).toMatchObject({
      DBInstanceStatus: 'creating',
      DBSubnetGroup: { VpcId: world.network.vpcId },
      VpcSecurityGroups: [{ VpcSecurityGroupId: world.network.dataSecurityGroupId }],
      PubliclyAccessible: false,
      BackupRetentionPeriod: 0,
      DeletionProtection: false,
      TagList: expect.arrayContaining([{ Key: 'drillbook:drill-id', Value: 'drill-1' }]) as unknown,
    });
    expect(world.aws.log.mutations().map(({ action }) => action)).toEqual(['RestoreDBInstanceFromDBSnapshot']);
  });

  test('sends what is false and what is zero over the wire', async () => {
    await world.start();
    expect(restores()[0]?.params).toMatchObject({
      PubliclyAccessible: 'false',
      MultiAZ: 'false',
      DeletionProtection: 'false',
      BackupRetentionPeriod: '0',
      CopyTagsToSnapshot: 'false',
      AutoMinorVersionUpgrade: 'false',
      EnableIAMDatabaseAuthentication: 'false',
    });
  });

  test('adopts what the same request made before', async () => {
    const first = await world.start();
    expect(await world.start()).toEqual(first);
    expect(restores()).toHaveLength(1);
  });

  test('adopts what was made by a call whose answer was lost', async () => {
    world.aws.faults.add({ service: 'rds', action: 'RestoreDBInstanceFromDBSnapshot', kind: 'lost-answer' });
    const resource = await world.start();
    expect(resource.id).toContain(name);
    expect(restores().map(({ error }) => error)).toEqual(['ConnectionLost', 'DBInstanceAlreadyExists']);
    expect(await world.describe(name)).toBeDefined();
  });

  test.each<[string, () => Promise<unknown>]>([
    ['nobody has marked', async () => world.planter.instance(name)],
    ['carries the tags of a restored one', async () => restoreAndCopy()],
    [
      'the drill restored from another recovery point',
      async () => world.start(requestOf(world.drill, { id: 'production-2', rds: { snapshotArn: snapshot(2) } })),
    ],
    ['the drill restored with another token', async () => world.start({ ...world.request, token: 'drill-1/else' })],
  ])('refuses an instance of its name that %s', async (_, plant) => {
    await plant();
    const before = world.aws.log.mutations().length;
    await expect(world.start()).rejects.toMatchObject({ problem: { code: 'aws/name-taken', blames: 'environment' } });
    expect(world.aws.log.mutations()).toHaveLength(before);
  });

  const snapshot = (n: number) => `arn:aws:rds:eu-west-1:123456789012:snapshot:production-${String(n)}`;
  const restoreAndCopy = async () => {
    const other = await world.start(requestOf(drillOf('drill-1', world.clock.now()), { spec: { name: 'other' } }));
    await world.planter.lookAlike(name, other.id.split(':').at(-1) ?? '');
  };

  test('restores to a moment from the source by its own id', async () => {
    const restoreTime = '2026-11-20T03:30:00.000Z';
    const { snapshotArn: _, ...rds } = world.request.point.rds;
    const point = { ...world.request.point, rds: { ...rds, type: 'point-in-time' as const, restoreTime } };
    await world.start({ ...world.request, point });
    expect(restores()[0]).toMatchObject({
      action: 'RestoreDBInstanceToPointInTime',
      params: { SourceDbiResourceId: world.sourceId, TargetDBInstanceIdentifier: name },
    });
    expect(restores()[0]?.params).not.toHaveProperty('UseLatestRestorableTime');
    expect(await world.describe(name)).toMatchObject({ BackupRetentionPeriod: 0 });
  });

  test('asks RDS to manage the password when the instance is usable, and then only once', async () => {
    const resource = await world.start();
    await world.start();
    expect(modifications()).toEqual([]);
    await world.until(resource, 'ready');
    await world.start();
    expect(modifications().map(({ params }) => params)).toEqual([
      expect.objectContaining({ ManageMasterUserPassword: 'true', ApplyImmediately: 'true' }) as unknown,
    ]);
    expect(modifications()[0]?.params).not.toHaveProperty('MasterUserPassword');
  });

  test('modifies nothing that stands in another network', async () => {
    const resource = await world.start();
    await world.until(resource, 'staged');
    world.aws.rds.setInstance(name, { PubliclyAccessible: 'true' });
    await world.start();
    expect(modifications()).toEqual([]);
  });

  test('makes nothing when the signal has aborted', async () => {
    const { startInstance } = await import('../../../../src/providers/aws/rds/start-instance.ts');
    const starting = startInstance(world.request, world.network, world.context, AbortSignal.abort());
    await expect(starting).rejects.toMatchObject({ name: 'AbortError' });
    expect(restores()).toEqual([]);
  });

  test('leaves the source as it was', async () => {
    const before = await world.describe('production');
    await world.until(await world.start(), 'ready');
    expect({ ...(await world.describe('production')), LatestRestorableTime: 0 }).toEqual({
      ...before,
      LatestRestorableTime: 0,
    });
  });
});
