import type { S3Client } from '@aws-sdk/client-s3';
import type { Clock } from '../support/clock.ts';
import { type BucketPlace, type Retention, s3Store } from './s3-store.ts';
import type { Store } from './store.ts';

/** Tries of one call: a journal that cannot be kept ends its drill, so it is worth waiting about half a minute. */
const MAX_ATTEMPTS = 8;

/**
 * The texts in a part of a bucket, with the credentials that drillbook runs with. The SDK is loaded by the first call.
 *
 * @param place.region by default the one that AWS clients find by themselves
 */
export function openBucket(
  { region, ...place }: BucketPlace & { readonly region?: string; readonly retention?: Retention },
  clock: Clock,
): Store {
  let client: Promise<S3Client> | undefined;
  return s3Store({ ...place, clock, client: async () => (client ??= connect(region)) });
}

async function connect(region: string | undefined): Promise<S3Client> {
  const { S3Client } = await import('@aws-sdk/client-s3');
  return new S3Client({ maxAttempts: MAX_ATTEMPTS, ...(region !== undefined && { region }) });
}
