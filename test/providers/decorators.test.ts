import { expect, test } from 'vitest';
import type { Plan } from '../../src/plan/plan.ts';
import { memoryProvider } from '../../src/providers/memory/memory-provider.ts';
import { memoryWorld } from '../../src/providers/memory/memory-world.ts';
import type { Provider } from '../../src/providers/provider.ts';
import { withRetry } from '../../src/providers/with-retry.ts';
import { withTimeout } from '../../src/providers/with-timeout.ts';
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
