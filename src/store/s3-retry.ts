import { StandardRetryStrategy } from '@smithy/core/retry';
import type { Clock } from '../support/clock.ts';
import type { Millis } from '../support/time.ts';

/** How long a call is tried again to a bucket that has not answered yet, or not any more: somebody waits to be told. */
const PATIENCE_AT_FIRST: Millis = 8_000;
/** How long to one that has answered: a journal that cannot be kept ends its drill, so it is worth waiting. */
const PATIENCE: Millis = 20_000;
/** The SDK's own waits grow to 20 s, as long as all that is waited here. */
const LONGEST_WAIT: Millis = 2_000;
/** More than fit into any patience: it is time that ends the tries. */
const MAX_ATTEMPTS = 1_000;

type Token = Awaited<ReturnType<StandardRetryStrategy['acquireInitialRetryToken']>>;

/** The SDK's standard strategy with an end by time: unlike there, a call that has timed out is tried again. */
class PatientRetryStrategy extends StandardRetryStrategy {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #begunAt = new WeakMap<Token, Millis>();
  #patience = PATIENCE_AT_FIRST;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    super({ maxAttempts: MAX_ATTEMPTS, backoff: cappedBackoff() });
    this.#clock = clock;
  }

  override async acquireInitialRetryToken(scope: string): Promise<Token> {
    const token = await super.acquireInitialRetryToken(scope);
    this.#begunAt.set(token, this.#clock.monotonic());
    return token;
  }

  override async refreshRetryTokenForRetry(
    ...[token, failed]: Parameters<StandardRetryStrategy['refreshRetryTokenForRetry']>
  ): Promise<Token> {
    const begunAt = this.#begunAt.get(token) ?? this.#clock.monotonic();
    if (this.#clock.monotonic() - begunAt >= this.#patience) {
      this.#patience = PATIENCE_AT_FIRST;
      throw new Error('the bucket has been waited for long enough');
    }
    const next = await super.refreshRetryTokenForRetry(token, failed);
    this.#begunAt.set(next, begunAt);
    // Gives back what the try has cost of the SDK's own budget, which a bucket that is gone for a while would use up.
    super.recordSuccess(next);
    return next;
  }

  override recordSuccess(token: Token): void {
    this.#patience = PATIENCE;
    super.recordSuccess(token);
  }
}

/** How one client tries again: soon told of a bucket that never answers, and patient with one that did. */
export function patientRetry(clock: Pick<Clock, 'monotonic'>): StandardRetryStrategy {
  return new PatientRetryStrategy(clock);
}

function cappedBackoff() {
  let base = 0;
  return {
    setDelayBase(delay: Millis) {
      base = delay;
    },
    computeNextBackoffDelay: (tries: number) => Math.random() * Math.min(base * 2 ** tries, LONGEST_WAIT),
  };
}
