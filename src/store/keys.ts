const SEGMENT = /^[a-z0-9._-]+$/;

/** Throws where a text is no key: see `Store`. */
export function assertKey(key: string): void {
  if (!key.split('/').every(isSegment)) {
    throw new Error(`'${key}' is no key: segments of a-z, 0-9, '.', '_' and '-' are, joined by '/'`);
  }
}

/** Throws where a text is no prefix for a listing: empty, or a key with '/' behind it. */
export function assertPrefix(prefix: string): void {
  if (prefix === '') return;
  if (!prefix.endsWith('/')) throw new Error(`'${prefix}' is no prefix: it must end with '/'`);
  assertKey(prefix.slice(0, -1));
}

/** Whether a text may be one segment of a key. */
export function isSegment(text: string): boolean {
  return SEGMENT.test(text) && text !== '.' && text !== '..';
}

/** The order of a listing: by code unit, as buckets have it, never by a language's rules. */
export function byKey(a: { readonly key: string }, b: { readonly key: string }): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}
