import { StandardRetryStrategy } from '@smithy/core/retry';

/** Tries of one call, by the SDK's standard back-off; the SDK's own 3 are too few for a busy account. */
const MAX_ATTEMPTS = 8;

/** Codes to which the SDK gives the name of a timeout too, though they come at once (its NodeHttpHandler). */
const ENDED_AT_ONCE = new Set<unknown>(['ECONNRESET', 'EPIPE']);

/**
 * The SDK's standard strategy, but for a call that has timed out: that has waited long enough for whoever called, who
 * knows whether to wait longer. Everything else comes back at once, and is tried again here.
 */
class AnsweredRetryStrategy extends StandardRetryStrategy {
  override async refreshRetryTokenForRetry(
    ...[token, failed]: Parameters<StandardRetryStrategy['refreshRetryTokenForRetry']>
  ): ReturnType<StandardRetryStrategy['refreshRetryTokenForRetry']> {
    if (hasTimedOut(failed.error)) throw new Error('a call that has timed out is not tried again by the SDK');
    return super.refreshRetryTokenForRetry(token, failed);
  }
}

/** How one client tries again; its budget of retries is its own. */
export function retryStrategy(): StandardRetryStrategy {
  return new AnsweredRetryStrategy(MAX_ATTEMPTS);
}

function hasTimedOut(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== 'TimeoutError') return false;
  return !('code' in error && ENDED_AT_ONCE.has(error.code));
}
