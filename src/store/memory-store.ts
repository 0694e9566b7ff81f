import type { Clock } from '../support/clock.ts';
import { assertKey, assertPrefix } from './keys.ts';
import type { Store, StoredEntry } from './store.ts';

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
  const texts = new Map<string, { text: string; entry: StoredEntry }>();
  const sorted: string[] = [];
  const set = (key: string, text: string) => {
    if (!texts.has(key)) sorted.splice(placeOf(sorted, key), 0, key);
    texts.set(key, { text, entry: { key, bytes: Buffer.byteLength(text), modifiedAt: clock.now() } });
  };
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
        set(key, text);
        return true;
      }),
    write: async (key, text) =>
      call('write', key, () => {
        set(key, text);
      }),
    read: async (key) => call('read', key, () => texts.get(key)?.text),
    list: async (prefix) => call('list', prefix, () => keysBelow(sorted, prefix).map((key) => texts.get(key)!.entry)),
    remove: async (key) =>
      call('remove', key, () => {
        if (texts.delete(key)) sorted.splice(placeOf(sorted, key), 1);
      }),
  };
}

/** In an order, a listing costs what it yields: a test's ten years make many. */
function keysBelow(sorted: readonly string[], prefix: string): string[] {
  const from = placeOf(sorted, prefix);
  let to = from;
  while (to < sorted.length && sorted[to]!.startsWith(prefix)) to += 1;
  return sorted.slice(from, to);
}

function placeOf(sorted: readonly string[], key: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
