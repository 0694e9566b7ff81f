import type { Plan } from '../plan/plan.ts';
import type { Clock } from '../support/clock.ts';
import type { Millis } from '../support/time.ts';
import type { DnsCutover } from './dns-cutover.ts';
import type { Provider } from './provider.ts';

export interface RetryPolicy {
  /** Tries in all, the first included. */
  readonly tries: number;
  /** Wait before the second try; it doubles with each further one. */
  readonly firstWait: Millis;
  /**
   * How long somewhere that is not reached is tried as long as nothing is made: nothing hangs on it yet, and somebody
   * waits to hear of it. What is reached and refuses gets all tries.
   */
  readonly unreachableFor?: Millis;
}

/** The same provider, which tries a call again when its error is transient, and only then. */
export function withRetry(provider: Provider, policy: RetryPolicy, clock: Clock): Provider {
  async function retried<T>(call: () => Promise<T>, signal: AbortSignal, unreachableFor = Infinity): Promise<T> {
    let reachedAt = clock.monotonic();
    for (let n = 1; ; n += 1) {
      try {
        return await call();
      } catch (error) {
        const failure = provider.classify(error);
        if (n >= policy.tries || signal.aborted || failure.class !== 'transient') throw error;
        const wait = policy.firstWait * 2 ** (n - 1);
        if (failure.isUnreachable !== true) reachedAt = clock.monotonic();
        else if (clock.monotonic() - reachedAt + wait > unreachableFor) throw error;
        await clock.sleep(wait, signal);
        signal.throwIfAborted();
      }
    }
  }
  /** The same while nothing is made. */
  async function retriedAhead<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return retried(call, signal, policy.unreachableFor);
  }
  const { preflight, dns, damager } = provider;
  return {
    kind: provider.kind,
    properties: provider.properties,
    listRecoveryPoints: async (spec, signal) =>
      retriedAhead(async () => provider.listRecoveryPoints(spec, signal), signal),
    ...(preflight && {
      preflight: async (plan: Plan, signal: AbortSignal) => retriedAhead(async () => preflight(plan, signal), signal),
    }),
    start: async (request, signal) => retried(async () => provider.start(request, signal), signal),
    look: async (resources, signal) => retried(async () => provider.look(resources, signal), signal),
    proveIsolation: async (sandbox, restored, signal, zone) =>
      retried(async () => provider.proveIsolation(sandbox, restored, signal, zone), signal),
    // Copies take as long as their size asks for; a deadline of the step is over them.
    ...(damager && { damager }),
    ...(dns && {
      dns: {
        switchRecords: async (request, signal) => retried(async () => dns.switchRecords(request, signal), signal),
        isInSync: async (made, signal) => retried(async () => dns.isInSync(made, signal), signal),
      } satisfies DnsCutover,
    }),
    startRemoval: async (resource, permit, signal) =>
      retried(async () => provider.startRemoval(resource, permit, signal), signal),
    listMarked: async (scope, signal) => retried(async () => provider.listMarked(scope, signal), signal),
    classify: (error) => provider.classify(error),
  };
}
