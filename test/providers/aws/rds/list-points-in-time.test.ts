import { describe, expect, it } from 'vitest';
import { describeListing, ids, moment, reasons } from './listing-world.ts';

await describeListing('listing the recovery points', (on) => {
  const { aws, planter, list, mortal, deleted, newKey, disableKey } = on;

  describe('at a moment', () => {
    const WINDOW = { EarliestTime: '2026-11-13T03:00:00.000Z', LatestTime: '2026-11-20T02:55:00.000Z' };
    async function orders() {
      const made = await mortal('orders', { service: 'shop' });
      aws.rds.setInstance('orders', { LatestRestorableTime: WINDOW.LatestTime });
      aws.rds.setAutomatedBackup('orders', { RestoreWindow: WINDOW });
      return made;
    }

    it('gives the latest one as a fixed time, the same when asked again', async () => {
      const { DbiResourceId } = await orders();
      const listing = await list('orders', { to: { kind: 'latest' } });
      expect(listing).toEqual(await list('orders', { to: { kind: 'latest' } }));
      expect(listing.unusable).toEqual([]);
      expect(listing.points).toMatchObject([
        {
          id: 'orders@2026-11-20T02:54:00.000Z',
          location: 'arn:aws:rds:eu-west-1:123456789012:db:orders',
          capturedAt: '2026-11-20T02:54:00.000Z',
          format: 'RDS point in time',
          tags: ['service=shop'],
          rds: {
            type: 'point-in-time',
            restoreTime: '2026-11-20T02:54:00.000Z',
            sourceResourceId: DbiResourceId,
            sourceIdentifier: 'orders',
            sourceClass: 'db.t4g.micro',
            engine: 'postgres',
          },
        },
      ]);
      expect(listing.points[0]?.rds?.snapshotArn).toBeUndefined();
    });

    it('gives the one that the runbook names, and refuses one outside the window with both ends', async () => {
      await orders();
      const inside = await list('orders', { to: { kind: 'time', time: '2026-11-15T00:00:00.000Z' } });
      expect(ids(inside)).toEqual(['orders@2026-11-15T00:00:00.000Z']);
      const outside = await list('orders', { to: { kind: 'time', time: '2026-11-01T00:00:00.000Z' } });
      expect(reasons(outside)).toEqual({ 'orders@2026-11-01T00:00:00.000Z': 'aws/outside-restore-window' });
      expect(outside.unusable[0]?.problem.message).toContain(WINDOW.EarliestTime);
      expect(outside.unusable[0]?.problem.message).toContain(WINDOW.LatestTime);
    });

    it('finds the kept automated backup of a deleted instance', async () => {
      const { DbiResourceId } = await orders();
      await deleted('orders', true);
      const { points } = await list('orders', { to: { kind: 'latest' } });
      expect(points).toMatchObject([
        {
          id: 'orders@2026-11-20T02:54:00.000Z',
          format: 'RDS point in time of a deleted instance',
          rds: { sourceResourceId: DbiResourceId, engine: 'postgres', allocatedGib: 20 },
        },
      ]);
    });

    it('refuses an instance without automated backups, a deleted one of which none was kept, and a replicated one', async () => {
      await planter.instance('orders', {}, { BackupRetentionPeriod: 0 });
      expect(reasons(await list('orders', { to: { kind: 'latest' } }))).toEqual({
        'orders@latest': 'aws/no-automated-backups',
      });
      await mortal('gone');
      await planter.snapshots('gone', [moment(1)]);
      await deleted('gone');
      expect(reasons(await list('gone', { to: { kind: 'latest' } }))).toEqual({
        'gone@latest': 'aws/no-automated-backups',
      });
      await mortal('far');
      aws.rds.setAutomatedBackup('far', { DBInstanceArn: 'arn:aws:rds:us-east-1:123456789012:db:far' });
      await deleted('far', true);
      expect((await list('far', { to: { kind: 'latest' } })).unusable[0]?.problem.code).toBe('aws/replicated-backup');
    });

    it('tells the IOPS of storage that must be asked for them', async () => {
      await orders();
      aws.rds.setInstance('orders', { StorageType: 'io1', Iops: '4000' });
      const { points } = await list('orders', { to: { kind: 'latest' } });
      expect(points[0]?.rds).toMatchObject({ storageType: 'io1', iops: 4_000 });
    });

    it('looks at the key of the instance', async () => {
      await orders();
      const key = await newKey();
      await disableKey(key);
      aws.rds.setInstance('orders', { StorageEncrypted: 'true', KmsKeyId: key });
      expect(reasons(await list('orders', { to: { kind: 'latest' } }))).toEqual({
        'orders@2026-11-20T02:54:00.000Z': 'aws/key-unusable',
      });
    });
  });
});
