import type { Instant } from '../support/time.ts';

/** What a listing tells of one text. */
export interface StoredEntry {
  readonly key: string;
  readonly bytes: number;
  /** By the clock of whatever keeps it. */
  readonly modifiedAt: Instant;
}

/**
 * Texts under keys, shared by everyone who reaches it: a folder, a bucket.
 *
 * Keys are segments of a-z, 0-9, '.', '_' and '-', joined by '/', none of them '.' or '..'. All calls throw what the
 * system below throws; none of them leaves half a text for a reader to see.
 */
export interface Store {
  /** Writes a text under a key that holds none, durably; false, and nothing changed, where it already holds one. */
  create(key: string, text: string): Promise<boolean>;
  /** Writes a text whether or not the key holds one. */
  write(key: string, text: string): Promise<void>;
  read(key: string): Promise<string | undefined>;
  /** All entries whose key begins with `prefix`, which ends with '/' or is empty, by key. */
  list(prefix: string): Promise<readonly StoredEntry[]>;
  /** No error where there is none. */
  remove(key: string): Promise<void>;
}
