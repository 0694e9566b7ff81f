import { DisableKeyCommand, CreateKeyCommand, KMSClient, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms';
import { CopyDBSnapshotCommand, DeleteDBInstanceCommand, RDSClient } from '@aws-sdk/client-rds';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RecoveryPointListing } from '../../../../src/catalog/recovery-point.ts';
import { awsClients } from '../../../../src/providers/aws/aws-clients.ts';
import { listRdsRecoveryPoints } from '../../../../src/providers/aws/rds/list-recovery-points.ts';
import type { AwsPlace, RdsRestore, RecoveryTarget } from '../../../../src/runbook/runbook.ts';
import { addMillis } from '../../../../src/support/time.ts';
import { type AwsWorld, startAwsWorld } from '../../../support/aws/aws-world.ts';
import { type Planter, planterOf } from '../../../support/aws/plant.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

const clock = fakeClock();
const world: AwsWorld | undefined = await startAwsWorld({ clock });
const PRODUCTION = '999999999999';
const MINUTE = 60_000;

describe.skipIf(world === undefined)('listing the recovery points of an RDS instance', () => {
  const aws = world as AwsWorld;
  const { signal } = new AbortController();
  let rds: RDSClient;
  let kms: KMSClient;
  let planter: Planter;

  beforeAll(() => {
    for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value);
    rds = new RDSClient();
    kms = new KMSClient();
    planter = planterOf(aws);
  });
  beforeEach(async () => aws.reset());
  afterAll(async () => {
    rds.destroy();
    kms.destroy();
    planter.close();
    vi.unstubAllEnvs();
    await aws.stop();
  });

  function list(
    source: string,
    more: { to?: RecoveryTarget; sourceAccount?: string; place?: Partial<AwsPlace> } = {},
  ): Promise<RecoveryPointListing> {
    const { to = { kind: 'backup-end' }, sourceAccount } = more;
    const place: AwsPlace = {
      provider: 'aws',
      account: aws.account,
      region: aws.region,
      sharesAccountWithSources: true,
      ...more.place,
    };
    const spec: RdsRestore = {
      kind: 'rds',
      name: 'orders',
      source,
      needs: [],
      database: 'postgres',
      recoveryPoint: { pick: { kind: 'random' }, to },
      ...(sourceAccount !== undefined && { sourceAccount }),
    };
    return listRdsRecoveryPoints(spec, { place, clients: awsClients(place, 'test'), clock }, signal);
  }
  const ids = ({ points }: RecoveryPointListing) => points.map(({ id }) => id).sort();
  const reasons = ({ unusable }: RecoveryPointListing) =>
    Object.fromEntries(unusable.map(({ id, problem }) => [id, problem.code]));
  const codeOf = async (listing: Promise<RecoveryPointListing>) =>
    listing.then(
      () => 'listed',
      (error: { problem?: { code: string } }) => error.problem?.code,
    );
  const moment = (n: number) => addMillis('2026-11-01T00:00:00.000Z', n * 60 * MINUTE);

  /** Deletes an instance, keeps its automated backup if told so, and lets the time pass that it takes. */
  async function deleted(id: string, keepsBackups = false) {
    await rds.send(
      new DeleteDBInstanceCommand({
        DBInstanceIdentifier: id,
        SkipFinalSnapshot: true,
        DeleteAutomatedBackups: !keepsBackups,
      }),
    );
    clock.advance(10_000);
  }
  /** The emulator changes keys by id alone. */
  const idOf = (keyArn: string) => keyArn.slice(keyArn.lastIndexOf('/') + 1);
  const mortal = async (id: string, tags = {}) => planter.instance(id, tags, { DeletionProtection: false });

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

  it('lists automated, manual, shared and AWS-Backup-made ones, and of automated ones when they go', async () => {
    await planter.instance('orders');
    await planter.snapshots('orders', [moment(1), moment(2), moment(3)]);
    aws.rds.setSnapshot('orders-2', { SnapshotType: 'awsbackup' });
    const shared = `arn:aws:rds:eu-west-1:${PRODUCTION}:snapshot:orders-3`;
    aws.rds.setSnapshot('orders-3', { SnapshotType: 'shared', DBSnapshotArn: shared, DBSnapshotIdentifier: shared });
    const { points } = await list('orders');
    const automated = points.find(({ rds }) => rds?.type === 'automated');
    expect(automated?.id).toMatch(/^rds:orders-/);
    expect(automated?.rds?.expiresAt).toBe(addMillis(automated?.availableAt ?? '', 7 * 24 * 60 * MINUTE));
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
    const newKey = async () => (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';

    it('are usable with an enabled key and not with one that is disabled, to be deleted or unknown', async () => {
      await planter.instance('orders');
      await planter.snapshots('orders', [1, 2, 3, 4, 5].map(moment));
      const [enabled, disabled, doomed] = [await newKey(), await newKey(), await newKey()];
      await kms.send(new DisableKeyCommand({ KeyId: idOf(disabled) }));
      await kms.send(new ScheduleKeyDeletionCommand({ KeyId: idOf(doomed), PendingWindowInDays: 7 }));
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

    it('looks at the key of the instance', async () => {
      await orders();
      const key = (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
      await kms.send(new DisableKeyCommand({ KeyId: idOf(key) }));
      aws.rds.setInstance('orders', { StorageEncrypted: 'true', KmsKeyId: key });
      expect(reasons(await list('orders', { to: { kind: 'latest' } }))).toEqual({
        'orders@2026-11-20T02:54:00.000Z': 'aws/key-unusable',
      });
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
