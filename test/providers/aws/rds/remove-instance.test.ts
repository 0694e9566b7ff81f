import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  AddTagsToResourceCommand,
  CreateDBSnapshotCommand,
  DeleteDBInstanceCommand,
  DescribeDBSnapshotsCommand,
  ModifyDBInstanceCommand,
  RemoveTagsFromResourceCommand,
  type RDSClient,
} from '@aws-sdk/client-rds';
import { classifyAws } from '../../../../src/providers/aws/aws-errors.ts';
import { awsName, markTags } from '../../../../src/providers/aws/names.ts';
import { listMarkedInstances } from '../../../../src/providers/aws/rds/list-marked-instances.ts';
import { removeInstance } from '../../../../src/providers/aws/rds/remove-instance.ts';
import type { RemovalPermit } from '../../../../src/providers/provider.ts';
import type { Resource } from '../../../../src/providers/resource.ts';
import { addMillis } from '../../../../src/support/time.ts';
import { failingRestore } from '../../../support/aws/rds/timeline.ts';
import { freshWorld, type InstanceWorld, openAws } from './instance-world.ts';
import { drillOf, PLACE, requestOf } from './rds-request.ts';

const opened = await openAws();
const never = new AbortController().signal;
const name = awsName('drill-1', 'orders');

let world: InstanceWorld;
let rds: RDSClient;
beforeAll(() => {
  for (const [key, value] of Object.entries(opened?.aws.env ?? {})) vi.stubEnv(key, value);
});
beforeEach(async () => {
  if (opened === undefined) return;
  world = await freshWorld(opened);
  rds = await world.context.clients.rds();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await opened?.aws.stop();
});

async function remove(resource: Resource, permit: RemovalPermit = world.permit(resource)): Promise<void> {
  await removeInstance(resource, permit, world.context, never);
}

async function usable(): Promise<Resource> {
  const resource = await world.start();
  await world.until(resource, 'staged');
  return resource;
}

const deletions = () => world.aws.log.mutations().filter(({ action }) => action.startsWith('Delete'));
const refused = (because: string) => ({
  problem: { code: 'guard/refused-removal', message: expect.stringContaining(because) as unknown },
});
const expired = (): RemovalPermit => ({
  kind: 'expired',
  now: addMillis(world.clock.now(), 86_400_000),
  margin: 600_000,
});

describe.skipIf(opened === undefined)('removing a restored RDS instance', () => {
  test('leaves nothing: no final snapshot, no automated backup', async () => {
    const resource = await usable();
    await remove(resource);
    expect(await world.look(resource)).toEqual([{ kind: 'pending', detail: 'being deleted' }]);
    await world.until(resource, 'gone');
    expect(deletions().map(({ params }) => params)).toMatchObject([
      { DBInstanceIdentifier: name, SkipFinalSnapshot: 'true', DeleteAutomatedBackups: 'true' },
    ]);
    expect(deletions()[0]?.params).not.toHaveProperty('FinalDBSnapshotIdentifier');
    expect(await world.describe('production')).toBeDefined();
  });

  test('asks for no second deletion while it is being deleted, nor when it is gone', async () => {
    const resource = await usable();
    await remove(resource);
    await remove(resource);
    await world.until(resource, 'gone');
    await remove(resource);
    expect(deletions()).toHaveLength(1);
  });

  test('takes a deletion that somebody else began for its own', async () => {
    const resource = await usable();
    world.aws.faults.add({ action: 'DeleteDBInstance', kind: 'lost-answer' });
    await remove(resource);
    expect(deletions().map(({ error }) => error)).toEqual(['ConnectionLost', 'InvalidDBInstanceState']);
  });

  test('turns deletion protection off first', async () => {
    const resource = await usable();
    await rds.send(new ModifyDBInstanceCommand({ DBInstanceIdentifier: name, DeletionProtection: true }));
    await remove(resource);
    await world.until(resource, 'gone');
  });

  test('is put off by an error that means later, while RDS is busy', async () => {
    const resource = await world.start();
    world.aws.rds.settings.refusesDeletionIn.add('creating');
    await expect(remove(resource)).rejects.toSatisfy((error) => classifyAws(error).class === 'transient');
    await world.until(resource, 'staged');
    await remove(resource);
    await world.until(resource, 'gone');
  });

  test('works on what is still being made, which RDS does not date yet', async () => {
    const resource = await world.start();
    expect((await world.describe(name))?.InstanceCreateTime).toBeUndefined();
    await remove(resource);
    await remove(resource);
    await world.until(resource, 'gone');
    expect(deletions()).toHaveLength(1);
  });

  test('works on a restore that has failed', async () => {
    world.aws.rds.setTimeline({ instance: name }, failingRestore('incompatible-restore', 0));
    const resource = await world.start();
    await remove(resource);
    await world.until(resource, 'gone');
  });

  test('removes the snapshots that somebody made of it', async () => {
    const resource = await usable();
    await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: name, DBSnapshotIdentifier: 'kept' }));
    await remove(resource);
    await world.until(resource, 'gone');
    expect(
      deletions()
        .map(({ params }) => params['DBSnapshotIdentifier'])
        .filter(Boolean),
    ).toEqual(['kept']);
    const left = await rds.send(new DescribeDBSnapshotsCommand({ SnapshotType: 'manual' }));
    expect(left.DBSnapshots?.map(({ DBSnapshotIdentifier: id }) => id).sort()).toEqual([
      'production-1',
      'production-2',
    ]);
  });

  test('removes the snapshots and backups that outlived it', async () => {
    const resource = await usable();
    await rds.send(new ModifyDBInstanceCommand({ DBInstanceIdentifier: name, BackupRetentionPeriod: 1 }));
    await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: name, DBSnapshotIdentifier: 'kept' }));
    const keepBackups = { DBInstanceIdentifier: name, SkipFinalSnapshot: true, DeleteAutomatedBackups: false };
    await rds.send(new DeleteDBInstanceCommand(keepBackups));
    world.clock.advance(60_000);
    expect(await world.look(resource)).toMatchObject([
      { kind: 'pending', detail: expect.stringContaining('backups 1') as unknown },
    ]);
    await remove(resource);
    expect(deletions().map(({ action }) => action)).toContain('DeleteDBInstanceAutomatedBackup');
    expect(deletions().map(({ params }) => params['DBSnapshotIdentifier'])).toContain('kept');
  });

  test('removes only what has expired, with all that was made of it, when no journal is there', async () => {
    const resource = await usable();
    await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: name, DBSnapshotIdentifier: 'kept' }));
    const live: RemovalPermit = { kind: 'expired', now: world.clock.now(), margin: 600_000 };
    await expect(remove(resource, live)).rejects.toMatchObject(refused('it expires at'));
    await remove(resource, expired());
    await world.until(resource, 'gone');
  });
});

describe.skipIf(opened === undefined)('a removal is refused, and deletes nothing, of an instance', () => {
  test.each<[string, () => Promise<void>, string]>([
    [
      'without a mark',
      async () => {
        const TagKeys = ['drillbook:proof'];
        await rds.send(
          new RemoveTagsFromResourceCommand({ ResourceName: `arn:aws:rds:eu-west-1:123456789012:db:${name}`, TagKeys }),
        );
      },
      'does not carry the mark',
    ],
    [
      "with another instance's proof",
      async () => {
        const marking = { drillId: 'drill-1', expiresAt: world.drill.sandbox.expiresAt, token: world.request.token };
        const Tags = [...markTags({ ...marking, kind: 'db-instance', name: 'other', place: PLACE })];
        await rds.send(
          new AddTagsToResourceCommand({ ResourceName: `arn:aws:rds:eu-west-1:123456789012:db:${name}`, Tags }),
        );
      },
      'is not its own',
    ],
    [
      'that is older than the drill',
      async () => {
        world.aws.rds.setInstance(name, { InstanceCreateTime: addMillis(world.drill.startedAt, -60_000) });
        await Promise.resolve();
      },
      'before the drill began',
    ],
    [
      'that is a source',
      async () => {
        world.aws.rds.setInstance(name, { DbiResourceId: world.sourceId });
        await Promise.resolve();
      },
      'source of recovery points',
    ],
  ])('%s', async (_, change, because) => {
    const resource = await usable();
    await change();
    await expect(remove(resource)).rejects.toMatchObject(refused(because));
    expect(deletions()).toEqual([]);
  });

  test('that RDS does not date although it is usable', async () => {
    const resource = await world.start();
    world.aws.rds.setInstance(name, { DBInstanceStatus: 'available' });
    expect((await world.describe(name))?.InstanceCreateTime).toBeUndefined();
    await expect(remove(resource)).rejects.toMatchObject(refused('nothing says when it was made'));
    expect(deletions()).toEqual([]);
  });

  test('of another drill, of another token, or that the journal does not know', async () => {
    const resource = await usable();
    const other = drillOf('drill-2', world.drill.startedAt);
    await expect(remove(resource, { kind: 'own-drill', drill: other, ledger: [resource] })).rejects.toMatchObject(
      refused("it belongs to drill 'drill-1'"),
    );
    const inLedger = { ...resource, token: 'drill-1/else' };
    await expect(remove(inLedger)).rejects.toMatchObject(refused("not in this drill's journal"));
    await expect(remove(resource, world.permit())).rejects.toMatchObject(refused("not in this drill's journal"));
    expect(deletions()).toEqual([]);
  });

  test('that is production', async () => {
    const id = 'arn:aws:rds:eu-west-1:123456789012:db:production';
    const production = { provider: 'aws', type: 'db-instance', id, name: 'orders', token: 'drill-1/restore:orders' };
    await expect(remove(production)).rejects.toMatchObject(refused('source of recovery points'));
    await expect(remove(production, expired())).rejects.toMatchObject(refused('does not carry the mark'));
    expect(deletions()).toEqual([]);
  });

  test('that is gone, of the snapshots of production', async () => {
    await rds.send(new ModifyDBInstanceCommand({ DBInstanceIdentifier: 'production', DeletionProtection: false }));
    await rds.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier: 'production', SkipFinalSnapshot: true }));
    world.clock.advance(60_000);
    world.aws.log.clear();
    const id = 'arn:aws:rds:eu-west-1:123456789012:db:production';
    const production = { provider: 'aws', type: 'db-instance', id, name: 'orders', token: 'drill-1/restore:orders' };
    const drill = { ...world.drill, sources: [] };
    const permits: RemovalPermit[] = [{ kind: 'own-drill', drill, ledger: [production] }, expired()];
    for (const shown of [{}, { SnapshotCreateTime: world.clock.now() }]) {
      world.aws.rds.setSnapshot('production-1', shown);
      for (const permit of permits) await expect(remove(production, permit)).rejects.toMatchObject(refused(''));
    }
    expect(deletions()).toEqual([]);
  });
});

describe.skipIf(opened === undefined)('the listing of what drills restored on RDS', () => {
  const list = async (drillId?: string) => listMarkedInstances(world.context, never, drillId);

  test('has every instance with a whole mark, as it was started, and is empty of all others', async () => {
    const other = drillOf('drill-10', world.clock.now());
    const mine = await world.start();
    const theirs = await world.start(requestOf(other));
    await world.planter.lookAlike(`${name}-copy`, name);
    await world.planter.instance('drillbook-by-hand');
    const { expiresAt } = world.drill.sandbox;
    expect(await list('drill-1')).toEqual([{ resource: mine, drillId: 'drill-1', expiresAt }]);
    expect((await list()).map(({ resource }) => resource.id).sort()).toEqual([mine.id, theirs.id].sort());
    expect(await list('drill-11')).toEqual([]);
  });

  test('reads every page', async () => {
    const mine = await world.start();
    world.aws.rds.settings.paging = { atMost: 1, startsEmpty: true };
    expect((await list()).map(({ resource }) => resource)).toEqual([mine]);
  });

  test('has an instance that is gone as long as a snapshot of it carries its mark, and its removal removes that', async () => {
    const resource = await usable();
    const { TagList: Tags } = (await world.describe(name)) ?? {};
    await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: name, DBSnapshotIdentifier: 'kept', Tags }));
    await rds.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier: name, SkipFinalSnapshot: true }));
    world.clock.advance(60_000);
    expect((await list()).map((one) => one.resource)).toEqual([resource]);
    await remove(resource, expired());
    expect(await list()).toEqual([]);
    expect(await world.look(resource)).toEqual([{ kind: 'gone' }]);
  });
});
