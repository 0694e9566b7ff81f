import { describe, expect, test } from 'vitest';
import type { Plan } from '../../src/plan/plan.ts';
import { memoryProvider } from '../../src/providers/memory/memory-provider.ts';
import { memoryWorld } from '../../src/providers/memory/memory-world.ts';
import type { Failure, Provider, StartRequest } from '../../src/providers/provider.ts';
import { withRetry } from '../../src/providers/with-retry.ts';
import { withTimeout } from '../../src/providers/with-timeout.ts';
import type { RestoreSpec } from '../../src/runbook/restore-spec.ts';
import { fakeClock } from '../support/fake-clock.ts';

const clock = fakeClock();
const { signal } = new AbortController();
const found = { refusals: [], warnings: [{ code: 'a/b', message: 'm', hint: 'H.', blames: 'environment' }] } as const;
const aPlan = { drillId: 'd' } as Plan;

function decorated(provider: Provider): Provider {
  return withRetry(withTimeout(provider, 60_000, clock), { tries: 3, firstWait: 100 }, clock);
}

test('a look ahead goes through the decorators as it is', async () => {
  const provider = decorated(memoryProvider(memoryWorld({ preflight: found }), clock));
  expect(await provider.preflight?.(aPlan, signal)).toEqual(found);
});

test('a provider that does not look ahead has no look ahead when it is decorated', () => {
  const { preflight: _, ...without } = memoryProvider(memoryWorld(), clock);
  expect(decorated(without)).not.toHaveProperty('preflight');
});

test('a look ahead that hangs is ended and taken again', async () => {
  let calls = 0;
  const hanging: Provider = {
    ...memoryProvider(memoryWorld(), clock),
    preflight: async () => {
      calls += 1;
      return calls < 3 ? new Promise(() => {}) : Promise.resolve(found);
    },
  };
  expect(await decorated(hanging).preflight?.(aPlan, signal)).toEqual(found);
  expect(calls).toBe(3);
});

describe('of a provider that cannot be reached', () => {
  const problem = { code: 'a/b', message: 'm', hint: 'H.', blames: 'environment' } as const;
  const unreachable: Failure = { class: 'transient', isUnreachable: true, problem };
  const throttled: Failure = { class: 'transient', problem };
  const policy = { tries: 8, firstWait: 1_000, unreachableFor: 8_000 };

  /** Makes a call that ends with these failures, the last one again and again, and tells how often, after how long. */
  async function attempts(call: (provider: Provider) => Promise<unknown> | undefined, ...failures: Failure[]) {
    const time = fakeClock();
    let calls = 0;
    const fail = async () => {
      calls += 1;
      throw new Error(String(Math.min(calls, failures.length) - 1));
    };
    const failing: Provider = {
      ...memoryProvider(memoryWorld(), time),
      listRecoveryPoints: fail,
      preflight: fail,
      start: fail,
      listMarked: fail,
      classify: (error) => failures[Number((error as Error).message)] ?? throttled,
    };
    await expect(call(withRetry(failing, policy, time))).rejects.toThrow();
    return [calls, time.monotonic() - 1_000] as const;
  }
  const list = async (provider: Provider) => provider.listRecoveryPoints({} as RestoreSpec, signal);

  test('a call before anything is made is given up soon, and every later one is not', async () => {
    expect(await attempts(list, unreachable)).toEqual([4, 7_000]);
    expect(await attempts((provider) => provider.preflight?.(aPlan, signal), unreachable)).toEqual([4, 7_000]);
    expect(await attempts(async (one) => one.start({} as StartRequest, signal), unreachable)).toEqual([8, 127_000]);
    const scope = { place: { provider: 'local', folder: '/' } } as const;
    expect(await attempts(async (provider) => provider.listMarked(scope, signal), unreachable)).toEqual([8, 127_000]);
  });

  test('a call that is answered, and refused for now, keeps all its tries, and an outage after it is one from there', async () => {
    expect(await attempts(list, throttled)).toEqual([8, 127_000]);
    expect(await attempts(list, throttled, throttled, throttled, unreachable)).toEqual([4, 7_000]);
  });
});
