import type { AwsReply } from '../call.ts';
import { queryReply } from '../xml.ts';
import { allInstances } from './instances.ts';
import { pageReply } from './pages.ts';
import type { RdsContext } from './rds-state.ts';
import { allSnapshots } from './snapshots.ts';
import { textOf } from '../xml.ts';

const USUAL_CLASSES = ['db.t4g.micro', 'db.t3.micro', 'db.t3.medium', 'db.m6g.large', 'db.r6g.large'];

/** DescribeAccountAttributes (moto has none). */
export async function describeAccountAttributes(context: RdsContext): Promise<AwsReply> {
  const instances = await allInstances(context);
  const manual = (await allSnapshots(context)).filter(({ node }) => textOf(node, 'SnapshotType') === 'manual');
  const storage = instances.reduce((sum, { node }) => sum + Number(textOf(node, 'AllocatedStorage') || '0'), 0);
  const quota = (name: string, used: number, max: number) => ({
    AccountQuotaName: name,
    Used: String(used),
    Max: String(max),
  });
  return queryReply(context.call.action, {
    AccountQuotas: {
      AccountQuota: [
        quota('DBInstances', instances.length, context.state.settings.instanceQuota),
        quota('ManualSnapshots', manual.length, 100),
        quota('AllocatedStorage', storage, 100_000),
        quota('DBSubnetGroups', 0, 50),
      ],
    },
  });
}

const STORAGE_TYPES = ['gp3', 'gp2', 'io1', 'io2', 'standard'];

/** DescribeOrderableDBInstanceOptions (moto knows none): a row for each class that the settings offer and each storage. */
export function describeOrderableOptions(context: RdsContext): AwsReply {
  const { call, state } = context;
  const { Engine: engine = '', EngineVersion: version = '', DBInstanceClass: asked } = call.params;
  const items = (asked === undefined ? USUAL_CLASSES : [asked])
    .filter((one) => state.settings.offers(engine, one))
    .flatMap((one) => STORAGE_TYPES.map((storage) => [one, storage] as const))
    .map(([one, storage]) => ({
      Engine: engine,
      EngineVersion: version,
      DBInstanceClass: one,
      LicenseModel: 'postgresql-license',
      AvailabilityZones: { AvailabilityZone: ['a', 'b', 'c'].map((zone) => ({ Name: `${call.region}${zone}` })) },
      MultiAZCapable: 'true',
      Vpc: 'true',
      SupportsStorageEncryption: 'true',
      StorageType: storage,
      SupportsIAMDatabaseAuthentication: 'true',
    }));
  return pageReply(
    call,
    { list: 'OrderableDBInstanceOptions', member: 'OrderableDBInstanceOption', items },
    state.settings.paging,
  );
}
