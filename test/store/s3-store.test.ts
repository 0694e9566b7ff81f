import { CreateBucketCommand, HeadObjectCommand, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { s3Store } from '../../src/store/s3-store.ts';
import { systemClock } from '../../src/support/clock.ts';
import { addMillis } from '../../src/support/time.ts';
import { type AwsWorld, startAwsWorld } from '../support/aws/aws-world.ts';
import { storeConformance } from './store-conformance.ts';

const found = await startAwsWorld();

describe.skipIf(found === undefined)('a store in a bucket', () => {
  const world = found as AwsWorld;
  const clients: S3Client[] = [];
  let buckets = 0;
  afterEach(() => world.faults.clear());
  afterAll(async () => {
    for (const client of clients) client.destroy();
    await world.stop();
  });

  function client(): S3Client {
    const made = new S3Client({
      endpoint: world.url,
      region: world.region,
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
      maxAttempts: 4,
    });
    clients.push(made);
    return made;
  }

  async function bucket(options: { locked?: boolean } = {}) {
    const name = `evidence-${(buckets += 1)}`;
    await client().send(new CreateBucketCommand({ Bucket: name, ObjectLockEnabledForBucket: options.locked ?? false }));
    return { bucket: name, prefix: 'team/drills/', clock: systemClock };
  }

  async function opened() {
    const place = await bucket();
    const [one, two] = [client(), client()];
    return {
      store: s3Store({ ...place, client: async () => Promise.resolve(one) }),
      other: s3Store({ ...place, client: async () => Promise.resolve(two) }),
    };
  }

  storeConformance(opened);

  test('a text whose creation was never answered was created by the one who asked, and by nobody else', async () => {
    const { store, other } = await opened();
    world.faults.add({ service: 's3', action: 'PutObject', kind: 'lost-answer', times: 1 });
    expect(await store.create('a', 'mine')).toBe(true);
    expect(await other.create('a', 'mine')).toBe(false);
    expect(world.log.of('s3', 'PutObject').length).toBeGreaterThan(2);
  });

  test('a write that met another one is tried again, and in the end told', async () => {
    const { store } = await opened();
    const conflict = { service: 's3', action: 'PutObject', kind: 'error', status: 409 } as const;
    world.faults.add({ ...conflict, code: 'ConditionalRequestConflict', times: 1 });
    expect(await store.create('a', 'mine')).toBe(true);
    world.faults.add({ ...conflict, code: 'ConditionalRequestConflict', times: 'always' });
    await expect(store.create('b', 'mine')).rejects.toThrow();
  });

  test('what is put with a retention stays for as long as it must, what is written again as a version of its own', async () => {
    const place = await bucket({ locked: true });
    const one = client();
    const retention = { mode: 'COMPLIANCE', lasts: 86_400_000 } as const;
    const store = s3Store({ ...place, client: async () => Promise.resolve(one), retention });
    await store.create('line', 'evidence');
    for (const text of ['first', 'second']) await store.write('report', text);
    await s3Store({ ...place, client: async () => Promise.resolve(one) }).write('beat', 'alive');
    const { Versions = [] } = await one.send(new ListObjectVersionsCommand({ Bucket: place.bucket }));
    const locks = await Promise.all(
      Versions.map(async ({ Key = '', VersionId }) => {
        const found = await one.send(new HeadObjectCommand({ Bucket: place.bucket, Key, VersionId }));
        const until = found.ObjectLockRetainUntilDate?.toISOString() ?? '';
        const isLong = until > addMillis(systemClock.now(), 86_000_000);
        return [Key.slice(place.prefix.length), found.ObjectLockMode, isLong] as const;
      }),
    );
    expect(locks.sort(([a], [b]) => a.localeCompare(b))).toEqual([
      ['beat', undefined, false],
      ['line', 'COMPLIANCE', true],
      ['report', 'COMPLIANCE', true],
      ['report', 'COMPLIANCE', true],
    ]);
  });

  test('a bucket that is not there is an error, not an empty one', async () => {
    const one = client();
    const missing = { bucket: 'never-made', prefix: '', clock: systemClock };
    const store = s3Store({ ...missing, client: async () => Promise.resolve(one) });
    await expect(store.read('a')).rejects.toThrow();
    await expect(store.list('')).rejects.toThrow();
  });
});
