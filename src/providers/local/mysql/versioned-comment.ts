import type { Flavour } from './engine.ts';

/** The beginning of a comment that some servers execute, e.g. `/*!40101` or `/*M!100401`. */
export interface VersionedComment {
  /** Characters of the beginning. */
  readonly length: number;
  readonly isMariaDbs: boolean;
  /** Lowest version that executes it; 0 for all. */
  readonly version: number;
}

/** The versioned comment that a text begins with; `undefined` for a plain comment and all else. */
export function versionedComment(text: string): VersionedComment | undefined {
  const found = /^\/\*(M?)!(\d{5,6})?/.exec(text);
  return found ? { length: found[0].length, isMariaDbs: found[1] === 'M', version: Number(found[2] ?? 0) } : undefined;
}

/**
 * Whether a server executes it. MariaDB leaves out what is meant for MySQL 5.7 and later, whose numbers lie between its
 * own old and new ones (MariaDB's manual, 'Comment Syntax').
 */
export function executes(
  { isMariaDbs, version }: VersionedComment,
  server: { readonly flavour: Flavour; readonly number: number },
): boolean {
  if (server.flavour === 'mysql') return !isMariaDbs && version <= server.number;
  return version <= server.number && (isMariaDbs || version < 50_700 || version > 99_999);
}
