import { describe, expect, it } from 'vitest';
import { PRODUCTION, codeOf, describeListing, ids, moment, reasons } from './listing-world.ts';

await describeListing('listing the recovery points', (on) => {
  const { aws, planter, list, mortal, deleted } = on;

  describe('of a source', () => {
    it('finds the same ones by identifier, ARN, resource id and tag', async () => {
      const { DbiResourceId = '', DBInstanceArn = '' } = await planter.instance('orders', { service: 'shop' });
      await planter.instance('others', { service: 'blog' });
      await planter.snapshots('orders', [moment(1)]);
      const byName = ids(await list('orders'));
      expect(byName).toHaveLength(2);
      for (const source of ['ORDERS', DBInstanceArn, DbiResourceId, 'tag:service=shop']) {
        expect(ids(await list(source))).toEqual(byName);
      }
    });

    it('takes the living instance of a name that was used before, and lists the others with that reason', async () => {
      const { DbiResourceId: former = '' } = await mortal('orders');
      await planter.snapshots('orders', [moment(1)]);
      await deleted('orders');
      await planter.instance('orders');
      const listing = await list('orders');
      expect(ids(listing)).toEqual([expect.stringMatching(/^rds:orders-\d/)]);
      expect(reasons(listing)).toEqual({ 'orders-1': 'aws/other-instance' });
      expect(listing.unusable[0]?.problem.hint).toContain(former);
      expect(ids(await list(former))).toEqual(['orders-1']);
    });

    it('finds the snapshots of a deleted instance', async () => {
      await mortal('orders');
      await planter.snapshots('orders', [moment(1)]);
      await deleted('orders');
      const { points } = await list('orders');
      expect(points.map(({ id }) => id)).toContain('orders-1');
      expect(points[0]?.rds?.sourceClass).toBeUndefined();
    });

    it('finds the snapshots that an instance had before it was renamed', async () => {
      const { DbiResourceId = '' } = await planter.instance('orders');
      await planter.snapshots('orders', [moment(1)]);
      aws.rds.setSnapshot('orders-1', { DBInstanceIdentifier: 'orders-old', DbiResourceId });
      expect(ids(await list('orders'))).toContain('orders-1');
    });

    it('refuses to guess between deleted instances of one name, and between living ones of one tag', async () => {
      await mortal('orders');
      await planter.snapshots('orders', [moment(1)]);
      await deleted('orders');
      await mortal('orders');
      aws.rds.setSnapshot('orders-1', {
        DBSnapshotIdentifier: 'older',
        DBSnapshotArn: 'arn:aws:rds:eu-west-1:123456789012:snapshot:older',
      });
      await deleted('orders', true);
      expect(await codeOf(list('orders'))).toBe('aws/source-ambiguous');
      await planter.instance('a', { service: 'shop' });
      await planter.instance('b', { service: 'shop' });
      expect(await codeOf(list('tag:service=shop'))).toBe('aws/source-ambiguous');
    });

    it('takes nothing that a drill restored for a source, though it carries the tags of one', async () => {
      await planter.instance('orders', { service: 'shop' });
      await planter.instance('drillbook-0123-orders', { service: 'shop', 'drillbook:drill-id': 'd-1' });
      expect(ids(await list('tag:service=shop'))).toEqual([expect.stringMatching(/^rds:orders-\d/)]);
    });

    it.each(['absent', 'tag:service=absent', 'db-AAAAAAAAAAAAAAAAAAAAAAAAAA'])("knows no '%s'", async (source) => {
      expect(await codeOf(list(source))).toBe('aws/source-not-found');
    });

    it('refuses a member of a cluster', async () => {
      await planter.instance('orders');
      aws.rds.setInstance('orders', { DBClusterIdentifier: 'shop-cluster' });
      expect(await codeOf(list('orders'))).toBe('aws/unsupported-source');
    });

    it('refuses the account of the sandbox before it asks AWS anything, unless the runbook accepts it', async () => {
      await planter.instance('orders');
      aws.log.clear();
      const place = { sharesAccountWithSources: false };
      expect(await codeOf(list('orders', { place }))).toBe('aws/same-account');
      expect(aws.log.calls).toEqual([]);
    });
  });

  describe('of another account', () => {
    const place = { sharesAccountWithSources: false };
    const shared = (id: string, more = {}) => {
      const arn = `arn:aws:rds:eu-west-1:${PRODUCTION}:snapshot:${id}`;
      aws.rds.setSnapshot(id, { SnapshotType: 'shared', DBSnapshotArn: arn, DBSnapshotIdentifier: arn, ...more });
      return arn;
    };

    it('lists what that account shares, and what was copied from it into the sandbox account', async () => {
      await planter.instance('orders');
      await planter.snapshots('orders', [1, 2, 3, 4].map(moment));
      const [first, second] = [shared('orders-1'), shared('orders-2', { Encrypted: 'true' })];
      aws.rds.setSnapshot('orders-3', { SourceDBSnapshotIdentifier: second, Encrypted: 'true' });
      const listing = await list('orders', { sourceAccount: PRODUCTION, place });
      expect(ids(listing)).toEqual([first, 'orders-3']);
      expect(reasons(listing)).toEqual({ [second]: 'aws/shared-encrypted' });
      expect(listing.points.find(({ id }) => id === first)?.rds?.snapshotArn).toBe(first);
    });

    it('does not list what a third account shares under the same name', async () => {
      await planter.instance('orders');
      await planter.snapshots('orders', [moment(1)]);
      shared('orders-1');
      const listing = list('orders', { sourceAccount: '888888888888', place });
      expect(await codeOf(listing)).toBe('aws/source-not-found');
    });

    it('says that no moment can be restored from there', async () => {
      const listing = await list('orders', { sourceAccount: PRODUCTION, place, to: { kind: 'latest' } });
      expect(reasons(listing)).toEqual({ 'orders@latest': 'aws/moment-of-other-account' });
    });
  });
});
