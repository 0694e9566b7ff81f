import { expect, test } from 'vitest';
import { patientRetry } from '../../src/store/s3-retry.ts';

const TRANSIENT = { errorType: 'TRANSIENT' } as const;

/** How long a call is tried again, each try lasting a second; the waits between them take no time here. */
async function secondsTried(retry: ReturnType<typeof patientRetry>, time: { seconds: number }): Promise<number> {
  const begunAt = time.seconds;
  let token = await retry.acquireInitialRetryToken('');
  try {
    for (;;) {
      time.seconds += 1;
      token = await retry.refreshRetryTokenForRetry(token, TRANSIENT);
    }
  } catch {
    return time.seconds - begunAt;
  }
}

function retrying() {
  const time = { seconds: 0 };
  const retry = patientRetry({ monotonic: () => time.seconds * 1_000 });
  // The waits themselves are real, and are not what is told of here.
  Object.assign(retry, { retryBackoffStrategy: { setDelayBase() {}, computeNextBackoffDelay: () => 0 } });
  return { time, retry };
}

test('a bucket that has never answered is waited for 8 s, one that has for 20, and one that was lost for 8', async () => {
  const { retry, time } = retrying();
  expect(await secondsTried(retry, time)).toBe(8);
  retry.recordSuccess(await retry.acquireInitialRetryToken(''));
  expect(await secondsTried(retry, time)).toBe(20);
  for (let times = 1; times <= 3; times += 1) expect(await secondsTried(retry, time)).toBe(8);
});

test('what a bucket refuses is not asked again', async () => {
  const { retry } = retrying();
  const token = await retry.acquireInitialRetryToken('');
  await expect(retry.refreshRetryTokenForRetry(token, { errorType: 'CLIENT_ERROR' })).rejects.toThrow();
});
