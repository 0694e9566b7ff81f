import { CreateKeyCommand, DisableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { type DBInstance, DeleteDBInstanceCommand, RDSClient } from '@aws-sdk/client-rds';
import { afterAll, beforeAll, beforeEach, describe, it, vi } from 'vitest';
import type { RecoveryPointListing } from '../../../../src/catalog/recovery-point.ts';
import { awsClients } from '../../../../src/providers/aws/aws-clients.ts';
import { listRdsRecoveryPoints } from '../../../../src/providers/aws/rds/list-recovery-points.ts';
import type { RdsRestore, RecoveryTarget } from '../../../../src/runbook/restore-spec.ts';
import type { AwsPlace } from '../../../../src/runbook/runbook.ts';
import { type Instant, addMillis } from '../../../../src/support/time.ts';
import { type AwsWorld, startAwsWorld } from '../../../support/aws/aws-world.ts';
import { type Planter, planterOf } from '../../../support/aws/plant.ts';
import { fakeClock } from '../../../support/fake-clock.ts';

/** The account that sources live in, where they do not share the sandbox's. */
export const PRODUCTION = '999999999999';

/** A simulated AWS in which recovery points are listed. */
export interface ListingWorld {
  readonly aws: AwsWorld;
  readonly rds: RDSClient;
  readonly kms: KMSClient;
  readonly planter: Planter;
  readonly list: (source: string, more?: ListingChange) => Promise<RecoveryPointListing>;
  /** An instance that may be deleted. */
  readonly mortal: (id: string, tags?: Readonly<Record<string, string>>) => Promise<DBInstance>;
  /** Deletes an instance, keeps its automated backup if told so, and lets the time pass that it takes. */
  readonly deleted: (id: string, keepsBackups?: boolean) => Promise<void>;
  /** ARN of a new key. */
  readonly newKey: () => Promise<string>;
  readonly disableKey: (keyArn: string) => Promise<void>;
}

interface ListingChange {
  readonly to?: RecoveryTarget;
  readonly sourceAccount?: string;
  readonly place?: Partial<AwsPlace>;
}

/** Tests of listings; skipped where the emulator cannot be had. */
export async function describeListing(title: string, tests: (on: ListingWorld) => void): Promise<void> {
  const clock = fakeClock();
  const aws = await startAwsWorld({ clock });
  if (aws === undefined) {
    describe.skip(title, () => it.todo('needs the emulator'));
    return;
  }
  afterAll(async () => aws.stop());
  describe(title, () => {
    const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
    const config = { endpoint: aws.url, region: aws.region, credentials };
    const [rds, kms, planter] = [new RDSClient(config), new KMSClient(config), planterOf(aws)];
    beforeAll(() => {
      for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value);
    });
    beforeEach(async () => aws.reset());
    afterAll(() => {
      rds.destroy();
      kms.destroy();
      planter.close();
      vi.unstubAllEnvs();
    });
    tests({
      aws,
      rds,
      kms,
      planter,
      list: async (source, more = {}) => {
        const place = placeOf(aws, more);
        const deps = { place, clients: awsClients(place, 'test'), clock };
        return listRdsRecoveryPoints(specOf(source, more), deps, new AbortController().signal);
      },
      mortal: async (id, tags = {}) => planter.instance(id, tags, { DeletionProtection: false }),
      async deleted(id, keepsBackups = false) {
        const which = { DBInstanceIdentifier: id, SkipFinalSnapshot: true, DeleteAutomatedBackups: !keepsBackups };
        await rds.send(new DeleteDBInstanceCommand(which));
        clock.advance(10_000);
      },
      newKey: async () => (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? '',
      disableKey: async (keyArn) => void (await kms.send(new DisableKeyCommand({ KeyId: idOfKey(keyArn) }))),
    });
  });
}

function placeOf({ account, region }: AwsWorld, { place }: ListingChange): AwsPlace {
  return { provider: 'aws', account, region, sharesAccountWithSources: true, ...place };
}

function specOf(source: string, { to = { kind: 'backup-end' }, sourceAccount }: ListingChange): RdsRestore {
  return {
    kind: 'rds',
    name: 'orders',
    source,
    needs: [],
    database: 'postgres',
    recoveryPoint: { pick: { kind: 'random' }, to },
    ...(sourceAccount !== undefined && { sourceAccount }),
  };
}

/** The emulator changes keys by id alone. */
export function idOfKey(keyArn: string): string {
  return keyArn.slice(keyArn.lastIndexOf('/') + 1);
}

/** The nth hour of a month. */
export function moment(n: number): Instant {
  return addMillis('2026-11-01T00:00:00.000Z', n * 3_600_000);
}

export function ids({ points }: RecoveryPointListing): readonly string[] {
  return points.map(({ id }) => id).sort();
}

/** Codes of why points are unusable, by id. */
export function reasons({ unusable }: RecoveryPointListing): Readonly<Record<string, string>> {
  return Object.fromEntries(unusable.map(({ id, problem }) => [id, problem.code]));
}

/** The code of the problem that a listing ended with. */
export async function codeOf(listing: Promise<RecoveryPointListing>): Promise<string | undefined> {
  return listing.then(
    () => 'listed',
    (error: { problem?: { code: string } }) => error.problem?.code,
  );
}
