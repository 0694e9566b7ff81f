import {
  type DBInstance,
  DeleteDBInstanceCommand,
  type DeleteDBInstanceCommandOutput,
  DescribeDBInstancesCommand,
  RDSClient,
  RestoreDBInstanceFromDBSnapshotCommand,
  type RestoreDBInstanceFromDBSnapshotCommandInput,
  type RestoreDBInstanceFromDBSnapshotCommandOutput,
} from '@aws-sdk/client-rds';
import { afterAll, beforeAll, beforeEach, describe, it, vi } from 'vitest';
import { fakeClock } from '../../fake-clock.ts';
import { type AwsWorld, startAwsWorld } from '../aws-world.ts';
import { type Planter, planterOf } from '../plant.ts';

/** The simulated RDS with a protected instance `orders` and its snapshot `orders-1`. */
export interface RdsStage {
  readonly aws: AwsWorld;
  readonly clock: ReturnType<typeof fakeClock>;
  readonly rds: RDSClient;
  readonly plant: Planter;
  /** Restores `drill` from the snapshot. */
  readonly restore: (
    more?: Partial<RestoreDBInstanceFromDBSnapshotCommandInput>,
  ) => Promise<RestoreDBInstanceFromDBSnapshotCommandOutput>;
  readonly look: (id?: string) => Promise<DBInstance | undefined>;
  readonly remove: (id?: string) => Promise<DeleteDBInstanceCommandOutput>;
}

/** Tests of the simulated RDS; skipped where the emulator cannot be had. */
export async function describeRds(title: string, tests: (stage: RdsStage) => void): Promise<void> {
  const clock = fakeClock();
  const aws = await startAwsWorld({ clock });
  if (aws === undefined) {
    describe.skip(title, () => it.todo('needs the emulator'));
    return;
  }
  afterAll(async () => aws.stop());
  describe(title, () => {
    const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
    const rds = new RDSClient({ endpoint: aws.url, region: aws.region, credentials, maxAttempts: 1 });
    const plant = planterOf(aws);
    beforeAll(() => {
      for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value);
    });
    beforeEach(async () => {
      await aws.reset();
      await plant.instance('orders', { team: 'shop' }, { DeletionProtection: true, MultiAZ: true });
      await plant.snapshots('orders', [clock.now()]);
    });
    afterAll(() => {
      plant.close();
      rds.destroy();
      vi.unstubAllEnvs();
    });
    tests({
      aws,
      clock,
      rds,
      plant,
      restore: async (more = {}) => {
        const usual = { DBInstanceIdentifier: 'drill', DBSnapshotIdentifier: 'orders-1' };
        return rds.send(new RestoreDBInstanceFromDBSnapshotCommand({ ...usual, ...more }));
      },
      look: async (id = 'drill') => {
        const { DBInstances } = await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: id }));
        return DBInstances?.[0];
      },
      remove: async (id = 'drill') =>
        rds.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier: id, SkipFinalSnapshot: true })),
    });
  });
}
