import type { S3Client } from '@aws-sdk/client-s3';
import type { Clock } from '../support/clock.ts';
import { type BucketPlace, type Retention, s3Store } from './s3-store.ts';
import type { Store } from './store.ts';

/** Longer than a TCP handshake takes anywhere, two lost packets included. */
const CONNECTION_TIMEOUT = 5_000;
/** Longer than S3 takes to answer about a text as small as these. By itself, the SDK waits without end. */
const REQUEST_TIMEOUT = 8_000;

/** A part of a bucket, twice: as what people share and change, and as what is kept as evidence. */
export interface Bucket {
  readonly store: Store;
  /** The same texts; what is put there cannot be changed or removed before its retention ends, where there is one. */
  readonly evidence: Store;
}

/**
 * The texts in a part of a bucket, with the credentials that drillbook runs with. The SDK is loaded by the first call.
 *
 * A bucket that does not answer is told in less than 20 s, one that did so before in less than 30.
 *
 * @param place.region by default the one that AWS clients find by themselves
 */
export function openBucket(
  { region, retention, ...place }: BucketPlace & { readonly region?: string; readonly retention?: Retention },
  clock: Clock,
): Bucket {
  let connected: Promise<S3Client> | undefined;
  const client = async () => (connected ??= connect(region, clock));
  const store = s3Store({ ...place, clock, client });
  return { store, evidence: retention === undefined ? store : s3Store({ ...place, clock, client, retention }) };
}

async function connect(region: string | undefined, clock: Clock): Promise<S3Client> {
  const { S3Client } = await import('@aws-sdk/client-s3');
  const { patientRetry } = await import('./s3-retry.ts');
  return new S3Client({
    retryStrategy: patientRetry(clock),
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT,
      requestTimeout: REQUEST_TIMEOUT,
      throwOnRequestTimeout: true,
    },
    ...(region !== undefined && { region }),
  });
}
