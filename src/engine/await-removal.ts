import type { Problem } from '../diagnostics/problem.ts';
import type { Provider, RemovalPermit } from '../providers/provider.ts';
import type { Resource } from '../providers/resource.ts';
import type { Clock } from '../support/clock.ts';
import { type Instant, type Millis, millisBetween } from '../support/time.ts';

/** A removal is asked for again this often: what kept it from beginning, or grew in its place meanwhile, may be gone. */
const ASK_AGAIN_AFTER: Millis = 60_000;

/** What a removal needs. */
export interface Removal {
  readonly provider: Provider;
  readonly clock: Clock;
  readonly permit: RemovalPermit;
  readonly deadline: Instant;
  readonly signal: AbortSignal;
}

/**
 * Removes one resource and waits until a look no longer finds it.
 *
 * @returns why it is still there, or `undefined` when it is gone
 */
export async function awaitRemoval(resource: Resource, removal: Removal): Promise<Problem | undefined> {
  const { provider, clock, deadline, signal } = removal;
  const since = clock.now();
  let askedAt = since;
  try {
    let refusal = await ask(resource, removal);
    for (;;) {
      const [now] = await provider.look([resource], signal);
      if (now?.kind === 'gone') return undefined;
      if (clock.now() >= deadline) return refusal ?? stillThere(resource);
      await clock.sleep(provider.properties.pollInterval(millisBetween(since, clock.now())), signal);
      if (now?.kind === 'lost' || millisBetween(askedAt, clock.now()) >= ASK_AGAIN_AFTER) {
        refusal = await ask(resource, removal);
        askedAt = clock.now();
      }
    }
  } catch (error) {
    return provider.classify(error).problem;
  }
}

/** Starts the removal; gives the problem when it cannot begin now but may later. Throws what will not pass. */
async function ask(resource: Resource, { provider, permit, signal }: Removal): Promise<Problem | undefined> {
  try {
    await provider.startRemoval(resource, permit, signal);
    return undefined;
  } catch (error) {
    const failure = provider.classify(error);
    if (failure.class === 'transient') return failure.problem;
    throw error;
  }
}

function stillThere(resource: Resource): Problem {
  return {
    code: 'teardown/still-there',
    message: `'${resource.id}' is still there after the time for teardown`,
    hint: "Run 'drillbook teardown' again, or look at what holds it.",
    blames: 'environment',
  };
}
