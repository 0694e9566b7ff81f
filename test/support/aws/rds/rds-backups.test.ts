import {
  DescribeDBInstanceAutomatedBackupsCommand,
  DescribeDBSnapshotsCommand,
  ModifyDBInstanceCommand,
  RestoreDBInstanceToPointInTimeCommand,
  paginateDescribeDBSnapshots,
} from '@aws-sdk/client-rds';
import { describe, expect, it } from 'vitest';
import { addMillis } from '../../../../src/support/time.ts';
import { describeRds } from './rds-stage.ts';

await describeRds('the backups of the simulated RDS', (stage) => {
  const { aws, clock, rds, plant, restore, look, remove } = stage;

  describe('its snapshots', () => {
    const days = (count: number) =>
      Array.from({ length: count }, (_, day) => addMillis(clock.now(), -day * 86_400_000));

    it('come in pages of at least 20, and the first may be empty', async () => {
      await plant.instance('shop');
      await plant.snapshots('shop', days(45));
      aws.rds.settings.paging = { startsEmpty: true };
      const pages: number[] = [];
      const filter = { Filters: [{ Name: 'db-instance-id', Values: ['shop'] }], SnapshotType: 'manual' };
      for await (const page of paginateDescribeDBSnapshots({ client: rds, pageSize: 20 }, filter)) {
        pages.push(page.DBSnapshots?.length ?? -1);
      }
      expect(pages).toEqual([0, 20, 20, 5]);
      await expect(rds.send(new DescribeDBSnapshotsCommand({ MaxRecords: 19 }))).rejects.toMatchObject({
        name: 'InvalidParameterValue',
      });
    });

    it('show the fields that a test gives them', async () => {
      const moment = '2026-01-02T03:04:05.000Z';
      aws.rds.setSnapshot('orders-1', { SnapshotDatabaseTime: moment, Encrypted: 'true', Status: 'creating' });
      const { DBSnapshots } = await rds.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: 'orders-1' }));
      expect(DBSnapshots).toMatchObject([
        { SnapshotDatabaseTime: new Date(moment), Encrypted: true, Status: 'creating', SnapshotType: 'manual' },
      ]);
      await expect(restore()).rejects.toMatchObject({ name: 'InvalidDBSnapshotStateFault' });
    });

    it('that are automated are found by id only with their type, and shared ones only when asked for', async () => {
      const { DBSnapshots: all } = await rds.send(new DescribeDBSnapshotsCommand({}));
      const automated = all?.find(({ SnapshotType }) => SnapshotType === 'automated')?.DBSnapshotIdentifier ?? '';
      const byId = { DBSnapshotIdentifier: automated };
      await expect(rds.send(new DescribeDBSnapshotsCommand(byId))).rejects.toMatchObject({
        name: 'DBSnapshotNotFoundFault',
      });
      const typed = await rds.send(new DescribeDBSnapshotsCommand({ ...byId, SnapshotType: 'automated' }));
      expect(typed.DBSnapshots).toHaveLength(1);
      const arn = 'arn:aws:rds:eu-west-1:999999999999:snapshot:theirs';
      aws.rds.setSnapshot('orders-1', { SnapshotType: 'shared', DBSnapshotArn: arn, DBSnapshotIdentifier: arn });
      expect((await rds.send(new DescribeDBSnapshotsCommand({}))).DBSnapshots).toHaveLength(1);
      const shared = await rds.send(new DescribeDBSnapshotsCommand({ SnapshotType: 'shared' }));
      expect(shared.DBSnapshots).toMatchObject([{ DBSnapshotArn: arn }]);
      await restore({ DBSnapshotIdentifier: arn });
      expect(await look()).toMatchObject({ Engine: 'postgres' });
    });

    it('name their instance by resource id, also after another took its name', async () => {
      const first = (await look('orders'))?.DbiResourceId ?? '';
      await rds.send(new ModifyDBInstanceCommand({ DBInstanceIdentifier: 'orders', DeletionProtection: false }));
      await remove('orders');
      clock.advance(2_000);
      await plant.instance('orders');
      const { DBSnapshots } = await rds.send(
        new DescribeDBSnapshotsCommand({ DbiResourceId: first, SnapshotType: 'manual' }),
      );
      expect(DBSnapshots?.map(({ DBSnapshotIdentifier }) => DBSnapshotIdentifier)).toEqual(['orders-1']);
    });
  });

  describe('points in time', () => {
    const pointInTime = (more: object) =>
      new RestoreDBInstanceToPointInTimeCommand({ TargetDBInstanceIdentifier: 'drill', ...more });

    it('have a window that ends five minutes ago, by the clock', async () => {
      const begin = clock.now();
      clock.advance(3_600_000);
      const { DBInstanceAutomatedBackups: backups } = await rds.send(new DescribeDBInstanceAutomatedBackupsCommand({}));
      const end = new Date(addMillis(clock.now(), -300_000));
      expect(backups).toMatchObject([
        { DBInstanceIdentifier: 'orders', RestoreWindow: { EarliestTime: new Date(begin), LatestTime: end } },
      ]);
      expect((await look('orders'))?.LatestRestorableTime).toEqual(end);
    });

    it('are refused after the window, twice named, or not named', async () => {
      const source = { SourceDBInstanceIdentifier: 'orders' };
      const wrong = [source, { ...source, RestoreTime: new Date(clock.now()), UseLatestRestorableTime: true }];
      for (const each of wrong) {
        await expect(rds.send(pointInTime(each))).rejects.toMatchObject({ name: 'InvalidParameterCombination' });
      }
      const future = { ...source, RestoreTime: new Date(addMillis(clock.now(), 60_000)) };
      await expect(rds.send(pointInTime(future))).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    });

    it('are restored by resource id too, with the tags of the source where a test wants them', async () => {
      aws.rds.settings.addsSourceTagsToPointInTime = true;
      const { DbiResourceId: SourceDbiResourceId } = (await look('orders')) ?? {};
      const Tags = [{ Key: 'mine', Value: 'x' }];
      await rds.send(pointInTime({ SourceDbiResourceId, UseLatestRestorableTime: true, Tags }));
      expect((await look())?.TagList).toEqual([...Tags, { Key: 'team', Value: 'shop' }]);
      expect(await look()).toMatchObject({ DBInstanceStatus: 'creating', MultiAZ: false, DeletionProtection: false });
    });
  });
});
