import { ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms';
import { CopyDBSnapshotCommand } from '@aws-sdk/client-rds';
import { describe, expect, it } from 'vitest';
import { addMillis } from '../../../../src/support/time.ts';
import { PRODUCTION, describeListing, idOfKey, ids, moment, reasons } from './listing-world.ts';

await describeListing('listing the recovery points of an RDS instance', (on) => {
  const { aws, rds, kms, planter, list, newKey, disableKey } = on;

  it('describes a manual snapshot with all that a restore needs', async () => {
    const { DbiResourceId } = await planter.instance('orders', { service: 'shop' });
    await planter.snapshots('orders', [moment(1)], {
      SnapshotDatabaseTime: moment(0),
      FullSnapshotSizeInBytes: '123456789',
      TagList: { Tag: [{ Key: 'service', Value: 'shop' }] },
      OptionGroupName: 'orders-options',
    });
    const point = (await list('orders')).points.find(({ id }) => id === 'orders-1');
    expect(point).toEqual({
      id: 'orders-1',
      provider: 'aws',
      kind: 'rds',
      location: 'arn:aws:rds:eu-west-1:123456789012:snapshot:orders-1',
      capturedAt: moment(0),
      capturedAtSource: 'SnapshotDatabaseTime (last transaction in the snapshot)',
      availableAt: moment(1),
      consistency: 'crash',
      format: 'RDS manual snapshot',
      engine: { name: 'postgres', version: '16.4' },
      bytes: 123_456_789,
      tags: ['service=shop'],
      rds: {
        type: 'manual',
        sourceResourceId: DbiResourceId,
        sourceIdentifier: 'orders',
        snapshotArn: 'arn:aws:rds:eu-west-1:123456789012:snapshot:orders-1',
        engine: 'postgres',
        engineVersion: '16.4',
        allocatedGib: 20,
        storageType: 'gp3',
        encrypted: false,
        sourceClass: 'db.t4g.micro',
        optionGroup: 'orders-options',
      },
    });
  });

  it('tells the IOPS of storage that must be asked for them, and of no other', async () => {
    await planter.instance('orders');
    await planter.snapshots('orders', [1, 2, 3].map(moment));
    ['io1', 'io2', 'gp3'].forEach((StorageType, index) =>
      aws.rds.setSnapshot(`orders-${index + 1}`, { StorageType, Iops: '3000' }),
    );
    const { points } = await list('orders');
    const iopsOf = (id: string) => points.find((point) => point.id === id)?.rds?.iops;
    expect([iopsOf('orders-1'), iopsOf('orders-2'), iopsOf('orders-3')]).toEqual([3_000, 3_000, undefined]);
  });

  it('lists automated, manual, shared and AWS-Backup-made ones, and of automated ones when they go', async () => {
    await planter.instance('orders');
    await planter.snapshots('orders', [moment(1), moment(2), moment(3)]);
    aws.rds.setSnapshot('orders-2', { SnapshotType: 'awsbackup' });
    const shared = `arn:aws:rds:eu-west-1:${PRODUCTION}:snapshot:orders-3`;
    aws.rds.setSnapshot('orders-3', { SnapshotType: 'shared', DBSnapshotArn: shared, DBSnapshotIdentifier: shared });
    const { points } = await list('orders');
    const automated = points.find(({ rds }) => rds?.type === 'automated');
    expect(automated?.id).toMatch(/^rds:orders-/);
    expect(automated?.rds?.expiresAt).toBe(addMillis(automated?.availableAt ?? '', 7 * 24 * 3_600_000));
    expect(Object.fromEntries(points.map(({ id, rds, format }) => [id, [rds?.type, format]]))).toEqual({
      [automated?.id ?? '']: ['automated', 'RDS automated snapshot'],
      'orders-1': ['manual', 'RDS manual snapshot'],
      'orders-2': ['backup-service', 'RDS snapshot by AWS Backup'],
      [shared]: ['shared', 'RDS shared snapshot'],
    });
  });

  it('reads every page, an empty one that is not the last too', async () => {
    await planter.instance('orders');
    await planter.snapshots(
      'orders',
      Array.from({ length: 103 }, (_, index) => moment(index)),
    );
    expect(ids(await list('orders'))).toHaveLength(104);
    const pages = aws.log.of('rds', 'DescribeDBSnapshots').filter(({ params }) => params['Marker'] !== undefined);
    expect(pages.length).toBeGreaterThan(0);
    aws.rds.settings.paging = { startsEmpty: true, atMost: 40 };
    expect(ids(await list('orders'))).toHaveLength(104);
  });

  it('never lists the snapshots of another instance', async () => {
    await planter.instance('orders');
    await planter.instance('orders-archive');
    await planter.snapshots('orders-archive', [moment(1)]);
    expect(ids(await list('orders'))).toEqual([expect.stringMatching(/^rds:orders-\d/)]);
  });

  it('doubts the moment of a copy of which RDS tells only when it was copied, and keeps the data moment of others', async () => {
    await planter.instance('orders');
    await planter.snapshots('orders', [moment(1)]);
    const copy = async (id: string) =>
      rds.send(new CopyDBSnapshotCommand({ SourceDBSnapshotIdentifier: 'orders-1', TargetDBSnapshotIdentifier: id }));
    await copy('copied');
    const origin = { SourceDBSnapshotIdentifier: 'arn:aws:rds:eu-west-1:123456789012:snapshot:orders-1' };
    aws.rds.setSnapshot('copied', { ...origin, SnapshotCreateTime: moment(9) });
    await copy('poor');
    aws.rds.setSnapshot('poor', { ...origin, OriginalSnapshotCreateTime: [], SnapshotDatabaseTime: [] });
    const { points } = await list('orders');
    expect(points.find(({ id }) => id === 'copied')).toMatchObject({
      capturedAt: moment(1),
      availableAt: moment(9),
      format: 'RDS manual snapshot (a copy)',
    });
    expect(points.find(({ id }) => id === 'poor')?.capturedAtSource).toMatch(/doubtful/);
  });

  it('gives each snapshot that cannot be restored with its reason', async () => {
    await planter.instance('orders');
    await planter.snapshots('orders', [1, 2, 3, 4].map(moment));
    aws.rds.setSnapshot('orders-1', { Status: 'creating', PercentProgress: '10' });
    aws.rds.setSnapshot('orders-2', { Status: 'failed' });
    const shared = `arn:aws:rds:eu-west-1:${PRODUCTION}:snapshot:orders-3`;
    aws.rds.setSnapshot('orders-3', { SnapshotType: 'shared', Encrypted: 'true', DBSnapshotArn: shared });
    aws.rds.setSnapshot('orders-4', { Engine: 'oracle-ee' });
    const listing = await list('orders');
    expect(reasons(listing)).toEqual({
      [shared]: 'aws/shared-encrypted',
      'orders-1': 'aws/snapshot-not-available',
      'orders-2': 'aws/snapshot-failed',
      'orders-4': 'aws/unsupported-engine',
    });
    expect(listing.unusable.find(({ id }) => id === shared)?.problem.hint).toContain('Copy it in the sandbox account');
  });

  describe('encrypted', () => {
    const encryptedWith = async (id: string, key: string) =>
      aws.rds.setSnapshot(id, { Encrypted: 'true', KmsKeyId: key });

    it('are usable with an enabled key and not with one that is disabled, to be deleted or unknown', async () => {
      await planter.instance('orders');
      await planter.snapshots('orders', [1, 2, 3, 4, 5].map(moment));
      const [enabled, disabled, doomed] = [await newKey(), await newKey(), await newKey()];
      await disableKey(disabled);
      await kms.send(new ScheduleKeyDeletionCommand({ KeyId: idOfKey(doomed), PendingWindowInDays: 7 }));
      await encryptedWith('orders-1', enabled);
      await encryptedWith('orders-2', enabled);
      await encryptedWith('orders-3', disabled);
      await encryptedWith('orders-4', doomed);
      await encryptedWith('orders-5', enabled.replace(/[^/]*$/, '00000000-0000-0000-0000-000000000000'));
      aws.log.clear();
      const listing = await list('orders');
      expect(ids(listing).slice(0, 2)).toEqual(['orders-1', 'orders-2']);
      expect(listing.unusable.map(({ id, problem }) => [id, problem.code, problem.message])).toEqual([
        ['orders-3', 'aws/key-unusable', expect.stringContaining("'Disabled'")],
        ['orders-4', 'aws/key-unusable', expect.stringContaining("'PendingDeletion', to be deleted at")],
        ['orders-5', 'aws/key-unusable', expect.stringContaining('does not exist')],
      ]);
      expect(aws.log.of('kms', 'DescribeKey')).toHaveLength(4);
    });

    it('are usable where these credentials may not look at the key: nothing speaks against them', async () => {
      await planter.instance('orders');
      await planter.snapshots('orders', [moment(1)]);
      await encryptedWith('orders-1', await newKey());
      aws.faults.add({ service: 'kms', kind: 'error', status: 400, code: 'AccessDeniedException', times: 'always' });
      expect(ids(await list('orders'))).toContain('orders-1');
    });
  });

  it('changes nothing', async () => {
    await planter.instance('orders', { service: 'shop' });
    await planter.snapshots('orders', [moment(1)]);
    aws.log.clear();
    await list('orders');
    await list('tag:service=shop');
    await list('orders', { to: { kind: 'latest' } });
    expect(aws.log.mutations()).toEqual([]);
  });
});
