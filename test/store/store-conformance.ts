import { expect, test } from 'vitest';
import type { Store } from '../../src/store/store.ts';

/**
 * What every store promises, as tests.
 *
 * @param opened a store that holds nothing yet; and another one on the same texts, as another process would open it
 */
export function storeConformance(opened: () => Promise<{ store: Store; other: Store }>): void {
  test('what was created is read again, by everybody', async () => {
    const { store, other } = await opened();
    expect(await store.create('a/b.json', 'text, and ü')).toBe(true);
    expect(await store.read('a/b.json')).toBe('text, and ü');
    expect(await other.read('a/b.json')).toBe('text, and ü');
    expect(await store.read('a/c.json')).toBeUndefined();
    expect(await store.read('a')).toBeUndefined();
  });

  test('of fifty who create a text at once, one does, and all read its text', async () => {
    const { store, other } = await opened();
    const long = 'x'.repeat(50_000);
    const made = await Promise.all(
      Array.from({ length: 50 }, async (_, n) => {
        const mine = await (n % 2 === 0 ? store : other).create('one/key', `${n} ${long}`);
        const text = await store.read('one/key');
        return { n, mine, text };
      }),
    );
    const winners = made.filter(({ mine }) => mine);
    expect(winners).toHaveLength(1);
    expect(new Set(made.map(({ text }) => text))).toEqual(new Set([`${winners[0]?.n} ${long}`]));
  });

  test('creating a text that is there changes nothing', async () => {
    const { store, other } = await opened();
    await store.create('a', 'first');
    expect(await store.create('a', 'second')).toBe(false);
    expect(await other.create('a', 'third')).toBe(false);
    expect(await store.read('a')).toBe('first');
  });

  test('writing makes a text or replaces it', async () => {
    const { store } = await opened();
    await store.write('a/b', 'first');
    await store.write('a/b', '');
    expect(await store.read('a/b')).toBe('');
    expect(await store.create('a/b', 'no')).toBe(false);
  });

  test('who reads while a text is replaced reads the old one or the new one, whole', async () => {
    const { store, other } = await opened();
    const texts = ['a', 'b'].map((letter) => letter.repeat(200_000));
    await store.write('k', texts[0]!);
    const seen = new Set<string | undefined>();
    const writer = { isDone: false };
    const writing = (async () => {
      for (let n = 1; n <= 10; n += 1) await store.write('k', texts[n % 2]!);
      writer.isDone = true;
    })();
    while (!writer.isDone) seen.add(await other.read('k'));
    await writing;
    seen.add(await other.read('k'));
    expect([...seen].filter((text) => !texts.includes(text ?? ''))).toEqual([]);
  });

  test('a listing has what lies below its prefix and no more, by key, with its bytes', async () => {
    const { store } = await opened();
    const keys = ['b/1', 'b/10', 'b/2', 'b/c/d/e', 'b-2/x', 'b.x', 'a/1', 'bb/1'];
    for (const key of keys) await store.create(key, 'ü');
    const listed = await store.list('b/');
    expect(listed.map(({ key }) => key)).toEqual(['b/1', 'b/10', 'b/2', 'b/c/d/e']);
    expect(listed.map(({ bytes }) => bytes)).toEqual([2, 2, 2, 2]);
    expect((await store.list('')).map(({ key }) => key)).toEqual([...keys].sort());
    expect(await store.list('none/')).toEqual([]);
  });

  test('a listing tells when a text was last written', async () => {
    const { store } = await opened();
    await store.create('a', '1');
    const [before] = await store.list('');
    await store.create('b', '1');
    await store.write('a', '2');
    const [a, b] = await store.list('');
    expect(Number.isNaN(Date.parse(before!.modifiedAt))).toBe(false);
    expect(a!.modifiedAt >= b!.modifiedAt).toBe(true);
    expect(b!.modifiedAt >= before!.modifiedAt).toBe(true);
  });

  test('a text that was removed is gone, and removing it again is no error', async () => {
    const { store } = await opened();
    await store.create('a/b', '1');
    await store.remove('a/b');
    await store.remove('a/b');
    await store.remove('never/there');
    expect(await store.read('a/b')).toBeUndefined();
    expect(await store.list('')).toEqual([]);
    expect(await store.create('a/b', '2')).toBe(true);
  });

  test.each(['', '/', '/a', 'a/', 'a//b', '.', '..', 'a/../b', 'a/./b', 'A', 'a b', 'ä', 'a\\b', 'a\n', '~a', 'a\0'])(
    'a key %j is refused by every call',
    async (key) => {
      const { store } = await opened();
      await expect(store.create(key, '')).rejects.toThrow('is no key');
      await expect(store.write(key, '')).rejects.toThrow('is no key');
      await expect(store.read(key)).rejects.toThrow('is no key');
      await expect(store.remove(key)).rejects.toThrow('is no key');
      expect(await store.list('')).toEqual([]);
    },
  );

  test.each(['a', '/', 'a//', '../', 'A/'])('a prefix %j is refused', async (prefix) => {
    const { store } = await opened();
    await expect(store.list(prefix)).rejects.toThrow(/is no (key|prefix)/);
  });
}
