import { randomUUID } from 'node:crypto';
import type { S3Client } from '@aws-sdk/client-s3';
import type { Clock } from '../support/clock.ts';
import { type Millis, addMillis } from '../support/time.ts';
import { assertKey, assertPrefix, byKey } from './keys.ts';
import type { Store, StoredEntry } from './store.ts';

/** Part of a bucket. */
export interface BucketPlace {
  readonly bucket: string;
  /** What all keys begin with: empty, or with '/' at its end. */
  readonly prefix: string;
}

/** How long nobody may change or remove what was put; the bucket must have Object Lock. */
export interface Retention {
  readonly mode: 'GOVERNANCE' | 'COMPLIANCE';
  readonly lasts: Millis;
}

export interface S3StoreOptions extends BucketPlace {
  readonly client: () => Promise<S3Client>;
  readonly clock: Pick<Clock, 'now'>;
  readonly retention?: Retention;
}

/** S3's own metadata of an object that says which call wrote it. */
const WRITTEN_BY = 'drillbook-write';
/** How often a write is tried that met another one under way under the same key. */
const TRIES_IN_CONFLICT = 5;

/**
 * Texts as objects of a bucket, created by conditional writes. Retention holds for every text that is put here; one that is
 * written again is a new version, and the old one stays.
 */
export function s3Store(options: S3StoreOptions): Store {
  const { bucket, prefix } = options;
  const at = (key: string) => {
    assertKey(key);
    return { Bucket: bucket, Key: prefix + key };
  };
  const put = (key: string, text: string) => ({ ...at(key), ...body(text), ...lockOf(options) });
  return {
    create: async (key, text) => create(put(key, text), options),
    async write(key, text) {
      const { PutObjectCommand } = await import('@aws-sdk/client-s3');
      await (await options.client()).send(new PutObjectCommand(put(key, text)));
    },
    async read(key) {
      const { GetObjectCommand } = await import('@aws-sdk/client-s3');
      const client = await options.client();
      const found = await client.send(new GetObjectCommand(at(key))).catch(ignoreMissing);
      return found?.Body?.transformToString('utf-8');
    },
    list: async (below) => list(below, options),
    async remove(key) {
      const { DeleteObjectCommand } = await import('@aws-sdk/client-s3');
      await (await options.client()).send(new DeleteObjectCommand(at(key)));
    },
  };
}

function body(text: string) {
  return { Body: Buffer.from(text), ContentType: 'text/plain; charset=utf-8' };
}

function lockOf({ retention, clock }: S3StoreOptions) {
  return (
    retention && {
      ObjectLockMode: retention.mode,
      ObjectLockRetainUntilDate: new Date(addMillis(clock.now(), retention.lasts)),
    }
  );
}

/**
 * A refusal may be of this very write, when the answer to its first try was lost and the client sent it again: the
 * object says whose it is. Of two at once S3 may refuse one without having kept the other (409): then it is tried again.
 */
async function create(
  put: { readonly Bucket: string; readonly Key: string; readonly Body: Buffer; readonly ContentType: string },
  { client: connect }: S3StoreOptions,
): Promise<boolean> {
  const { PutObjectCommand } = await import('@aws-sdk/client-s3');
  const client = await connect();
  const id = randomUUID();
  const command = new PutObjectCommand({ ...put, IfNoneMatch: '*', Metadata: { [WRITTEN_BY]: id } });
  for (let tries = 1; ; tries += 1) {
    try {
      await client.send(command);
      return true;
    } catch (error) {
      const status = statusOf(error);
      if (status === 412) return (await writerOf(client, put)) === id;
      if (status !== 409 || tries === TRIES_IN_CONFLICT) throw error;
    }
  }
}

async function writerOf(
  client: S3Client,
  { Bucket, Key }: { readonly Bucket: string; readonly Key: string },
): Promise<string | undefined> {
  const { HeadObjectCommand } = await import('@aws-sdk/client-s3');
  const found = await client.send(new HeadObjectCommand({ Bucket, Key })).catch(ignoreMissing);
  return found?.Metadata?.[WRITTEN_BY];
}

async function list(below: string, { client, bucket, prefix }: S3StoreOptions): Promise<readonly StoredEntry[]> {
  assertPrefix(below);
  const { paginateListObjectsV2 } = await import('@aws-sdk/client-s3');
  const entries: StoredEntry[] = [];
  const pages = paginateListObjectsV2({ client: await client() }, { Bucket: bucket, Prefix: prefix + below });
  for await (const { Contents } of pages) {
    for (const { Key = '', Size = 0, LastModified } of Contents ?? []) {
      const modifiedAt = LastModified?.toISOString() ?? '';
      entries.push({ key: Key.slice(prefix.length), bytes: Size, modifiedAt });
    }
  }
  return entries.sort(byKey);
}

function ignoreMissing(error: unknown): undefined {
  if (statusOf(error) !== 404 || (error as { name?: string }).name === 'NoSuchBucket') throw error;
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}
