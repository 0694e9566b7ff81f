import type { Clock } from '../support/clock.ts';
import type { Instant } from '../support/time.ts';
import { assertKey, assertPrefix, byKey } from './keys.ts';
import type { Store } from './store.ts';

/** A call of a store, as a test's hook sees it: once before it has its effect, once after. */
export interface StoreCall {
  readonly name: keyof Store;
  /** The key, or the prefix of a listing. */
  readonly key: string;
  readonly when: 'before' | 'after';
}

/**
 * A store that is gone with the process, for tests and for who needs none that lasts.
 *
 * @param options.clock the one of its entries' `modifiedAt`
 * @param options.hook awaited before and after the effect of every call; may throw, or never resolve
 */
export function memoryStore({
  clock,
  hook,
}: {
  clock: Pick<Clock, 'now'>;
  hook?: (call: StoreCall) => Promise<void>;
}): Store {
  const texts = new Map<string, { text: string; modifiedAt: Instant }>();
  const call = async <T>(name: keyof Store, key: string, effect: () => T): Promise<T> => {
    (name === 'list' ? assertPrefix : assertKey)(key);
    await hook?.({ name, key, when: 'before' });
    const result = effect();
    await hook?.({ name, key, when: 'after' });
    return result;
  };
  return {
    create: async (key, text) =>
      call('create', key, () => {
        if (texts.has(key)) return false;
        texts.set(key, { text, modifiedAt: clock.now() });
        return true;
      }),
    write: async (key, text) =>
      call('write', key, () => {
        texts.set(key, { text, modifiedAt: clock.now() });
      }),
    read: async (key) => call('read', key, () => texts.get(key)?.text),
    list: async (prefix) =>
      call('list', prefix, () =>
        [...texts]
          .filter(([key]) => key.startsWith(prefix))
          .map(([key, { text, modifiedAt }]) => ({ key, bytes: Buffer.byteLength(text), modifiedAt }))
          .sort(byKey),
      ),
    remove: async (key) =>
      call('remove', key, () => {
        texts.delete(key);
      }),
  };
}
