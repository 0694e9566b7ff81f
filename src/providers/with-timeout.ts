import type { Problem } from '../diagnostics/problem.ts';
import { ProblemError } from '../diagnostics/problem-error.ts';
import type { Plan } from '../plan/plan.ts';
import type { Clock } from '../support/clock.ts';
import type { Millis } from '../support/time.ts';
import type { DnsCutover } from './dns-cutover.ts';
import type { Provider } from './provider.ts';

/** A call that did not answer in time. It may still have taken effect, so it is tried again with the same token. */
class CallTimedOut extends ProblemError {}

/** The same provider, none of whose calls hangs for longer than `limit`; one that does fails as transient. */
export function withTimeout(provider: Provider, limit: Millis, clock: Clock): Provider {
  async function limited<T>(name: string, call: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const over = new AbortController();
    const done = new AbortController();
    const timer = clock.sleep(limit, done.signal).then((): never => {
      throw new CallTimedOut(noAnswer(name, provider.kind, limit));
    });
    try {
      return await Promise.race([call(AbortSignal.any([signal, over.signal])), timer]);
    } finally {
      done.abort();
      over.abort();
      timer.catch(() => {});
    }
  }
  const { preflight, dns, damager } = provider;
  return {
    kind: provider.kind,
    properties: provider.properties,
    listRecoveryPoints: async (spec, signal) =>
      limited('listRecoveryPoints', async (stop) => provider.listRecoveryPoints(spec, stop), signal),
    ...(preflight && {
      preflight: async (plan: Plan, signal: AbortSignal) =>
        limited('preflight', async (stop) => preflight(plan, stop), signal),
    }),
    start: async (request, signal) => limited('start', async (stop) => provider.start(request, stop), signal),
    look: async (resources, signal) => limited('look', async (stop) => provider.look(resources, stop), signal),
    proveIsolation: async (sandbox, restored, signal, zone) =>
      limited('proveIsolation', async (stop) => provider.proveIsolation(sandbox, restored, stop, zone), signal),
    ...(damager && { damager }),
    ...(dns && {
      dns: {
        switchRecords: async (request, signal) =>
          limited('switchRecords', async (stop) => dns.switchRecords(request, stop), signal),
        isInSync: async (made, signal) => limited('isInSync', async (stop) => dns.isInSync(made, stop), signal),
      } satisfies DnsCutover,
    }),
    startRemoval: async (resource, permit, signal) =>
      limited('startRemoval', async (stop) => provider.startRemoval(resource, permit, stop), signal),
    listMarked: async (scope, signal) =>
      limited('listMarked', async (stop) => provider.listMarked(scope, stop), signal),
    classify: (error) =>
      error instanceof CallTimedOut ? { class: 'transient', problem: error.problem } : provider.classify(error),
  };
}

function noAnswer(call: string, provider: string, limit: Millis): Problem {
  return {
    code: 'provider/no-answer',
    message: `'${call}' of the ${provider} provider gave no answer within ${limit} ms`,
    hint: 'Look at the load of the machine, or at the health of the service.',
    blames: 'environment',
  };
}
