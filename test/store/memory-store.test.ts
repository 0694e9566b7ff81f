import { expect, test } from 'vitest';
import { memoryStore } from '../../src/store/memory-store.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { storeConformance } from './store-conformance.ts';

const clock = fakeClock();

storeConformance(async () => {
  const store = memoryStore({ clock });
  return Promise.resolve({ store, other: store });
});

test('a hook sees every call before and after its effect, and what it throws is thrown', async () => {
  const seen: string[] = [];
  const store = memoryStore({
    clock,
    hook: async ({ name, key, when }) => {
      seen.push(`${when} ${name} ${key}`);
      if (key === 'lost' && when === 'after') throw new Error('the answer was lost');
      await Promise.resolve();
    },
  });
  await expect(store.create('lost', '1')).rejects.toThrow('the answer was lost');
  expect(await store.list('')).toMatchObject([{ key: 'lost', modifiedAt: clock.now() }]);
  expect(seen).toEqual(['before create lost', 'after create lost', 'before list ', 'after list ']);
});
