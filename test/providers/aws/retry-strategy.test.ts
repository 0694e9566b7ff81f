import { expect, test } from 'vitest';
import { retryStrategy } from '../../../src/providers/aws/retry-strategy.ts';

type Failed = Error & { readonly cause: Error };

/** How often a call that ends with this error is made again before the SDK gives it up; at most twice here. */
async function retriesAfter(error: Failed): Promise<number> {
  const strategy = retryStrategy();
  let token = await strategy.acquireInitialRetryToken('');
  for (let retries = 0; retries < 2; retries += 1) {
    const next = await strategy.refreshRetryTokenForRetry(token, { error, errorType: 'TRANSIENT' }).catch(() => 'none');
    if (typeof next === 'string') return retries;
    token = next;
  }
  return 2;
}

const error = (name: string, code?: string): Failed =>
  Object.assign(new Error('no'), { name, cause: new Error('why') }, code && { code });

test.each([
  ['a connection that was not made in time', error('TimeoutError'), 0],
  ['an answer that did not come in time', error('TimeoutError', 'ETIMEDOUT'), 0],
  ['a connection that was reset, which the SDK calls a timeout too', error('TimeoutError', 'ECONNRESET'), 2],
  ['a connection that was refused', error('Error', 'ECONNREFUSED'), 2],
  ['an answer that asks to come again', error('ServiceUnavailable'), 2],
])('after %s the SDK tries again only when that came at once', async (_, failed, retries) => {
  expect(await retriesAfter(failed)).toBe(retries);
});
