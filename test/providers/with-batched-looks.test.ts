import { expect, test } from 'vitest';
import { memoryProvider } from '../../src/providers/memory/memory-provider.ts';
import { memoryWorld } from '../../src/providers/memory/memory-world.ts';
import type { Provider } from '../../src/providers/provider.ts';
import type { Resource } from '../../src/providers/resource.ts';
import { withBatchedLooks } from '../../src/providers/with-batched-looks.ts';
import { fakeClock } from '../support/fake-clock.ts';

const never = new AbortController().signal;

function resource(id: string): Resource {
  return { provider: 'memory', type: 'restore', id, name: id, token: id };
}

/** A provider that tells of each resource that it is pending under its own id, and what it was asked. */
function watched(look?: Provider['look']) {
  const calls: string[][] = [];
  const inner = memoryProvider(memoryWorld(), fakeClock());
  const provider: Provider = {
    ...inner,
    look:
      look ??
      (async (resources) => {
        calls.push(resources.map(({ id }) => id));
        return Promise.resolve(resources.map(({ id }) => ({ kind: 'pending', detail: id })));
      }),
  };
  return { calls, provider: withBatchedLooks(provider, fakeClock()) };
}

test('looks of one instant become one call, and each gets its own answer', async () => {
  const { calls, provider } = watched();
  const states = await Promise.all(['a', 'b', 'c'].map(async (id) => provider.look([resource(id)], never)));
  expect(states.flat()).toEqual(['a', 'b', 'c'].map((detail) => ({ kind: 'pending', detail })));
  expect(calls).toEqual([['a', 'b', 'c']]);
});

test('a later look is another call', async () => {
  const { calls, provider } = watched();
  await provider.look([resource('a')], never);
  await provider.look([resource('a')], never);
  expect(calls).toEqual([['a'], ['a']]);
});

test('an error reaches everybody who waits, and none of them waits for ever', async () => {
  const { provider } = watched(async () => Promise.reject(new Error('throttled')));
  const looks = ['a', 'b'].map(async (id) => provider.look([resource(id)], never));
  const settled = await Promise.allSettled(looks);
  expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});

test('an answer for fewer resources than were asked after is an error, never taken for a state', async () => {
  const { provider } = watched(async () => Promise.resolve([]));
  await expect(provider.look([resource('a')], never)).rejects.toThrow('a look without an answer');
});

test('whoever gives up in between gets no state', async () => {
  const { provider } = watched();
  const giveUp = new AbortController();
  const looking = provider.look([resource('a')], giveUp.signal);
  giveUp.abort();
  await expect(looking).rejects.toThrow();
});
